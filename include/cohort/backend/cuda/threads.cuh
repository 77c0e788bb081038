// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The device's own threads in the words of block/threads.hpp: a variable of every thread is one variable, `run` is a call.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <cuda_runtime.h>

#include <cohort/backend/block/threads.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

template <class X>
struct of_this_thread {
  X x;
  COHORT_HOST_DEVICE COHORT_INLINE X& operator[](int) { return x; }
  COHORT_HOST_DEVICE COHORT_INLINE X const& operator[](int) const { return x; }
};

/// f over the 32-bit words of x.
template <class X, class F>
COHORT_HOST_DEVICE COHORT_INLINE X by_words(X const& x, F f) {
  static_assert(std::is_trivially_copyable_v<X>);
  constexpr int count = (sizeof(X) + 3) / 4;
  std::uint32_t words[count] = {};
  std::memcpy(words, &x, sizeof x);
  COHORT_UNROLL
  for (int i = 0; i < count; ++i) words[i] = f(words[i]);
  X y;
  std::memcpy(&y, words, sizeof y);
  return y;
}

/// x of the thread k lanes on; its own where there is none.
template <class X>
COHORT_HOST_DEVICE COHORT_INLINE of_this_thread<X> lanes_ahead(of_this_thread<X> const& x, [[maybe_unused]] int k) {
#if defined(__CUDA_ARCH__)
  return {by_words(x.x, [k](std::uint32_t word) { return __shfl_down_sync(~0U, word, static_cast<unsigned>(k)); })};
#else
  return x;
#endif
}

struct device_warp {
  static constexpr int block_threads = warp_threads;
  static constexpr bool clustered = false;
  template <class X>
  using each = of_this_thread<X>;

  template <class F>
  COHORT_HOST_DEVICE COHORT_INLINE void run(F f) const {
#if defined(__CUDA_ARCH__)
    f(static_cast<int>(threadIdx.x) % warp_threads);
#else
    f(0);
#endif
  }
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE each<X> ahead(each<X> const& x, int k) const {
    return lanes_ahead(x, k);
  }
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE auto heads(each<X> const& x) const {
#if defined(__CUDA_ARCH__)
    X const first = by_words(x.x, [](std::uint32_t word) { return __shfl_sync(~0U, word, 0); });
#else
    X const first = x.x;
#endif
    return [first](int, int) { return first; };
  }
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE X value(each<X> const& x) const {
    return x.x;
  }
  COHORT_HOST_DEVICE static constexpr int ranks() { return 1; }
  COHORT_HOST_DEVICE static constexpr int rank(int) { return 0; }
  COHORT_HOST_DEVICE COHORT_INLINE static void sync() {
#if defined(__CUDA_ARCH__)
    __syncwarp();
#endif
  }
};

/// What the blocks of a row exchange, in shared memory.
template <int Threads>
struct block_exchange {
  static constexpr int sum_bytes = 256;
  alignas(16) std::byte heads[Threads / warp_threads][sum_bytes];
  alignas(16) std::byte front[sum_bytes];
};

/// Clustered: several blocks have a slice of the row each (compute capability 9.0; alone on others).
template <int Threads, bool Clustered = false>
struct device_block {
  static constexpr int block_threads = Threads;
  static constexpr bool clustered = Clustered;
  template <class X>
  using each = of_this_thread<X>;

  block_exchange<Threads>* exchange;
  int ranks_of_row = 1;
  int own_rank = 0;

  template <class F>
  COHORT_HOST_DEVICE COHORT_INLINE void run(F f) const {
    f(own_rank * Threads + thread());
  }
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE each<X> ahead(each<X> const& x, int k) const {
    return lanes_ahead(x, k);
  }
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE auto heads(each<X> const& x) const {
    static_assert(sizeof(X) <= block_exchange<Threads>::sum_bytes);
    auto* const shared = exchange;
    sync(); // those before have been read
    if (thread() % warp_threads == 0) std::memcpy(shared->heads[thread() / warp_threads], &x.x, sizeof(X));
    sync();
    return [shared](int, int warp) { return from_bytes<X>(shared->heads[warp]); };
  }
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE auto fronts(each<X> const& x) const {
    auto* const shared = exchange;
    cluster_wait();
    if (thread() == 0) std::memcpy(shared->front, &x.x, sizeof(X));
    cluster_arrive();
    cluster_wait();
    return [shared](int rank) { return from_bytes<X>(of_rank(shared->front, rank)); };
  }
  /// Every wait has its arrival: the first is the kernel's, before any row.
  COHORT_HOST_DEVICE COHORT_INLINE static void fronts_read() { cluster_arrive(); }
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE X value(each<X> const& x) const {
    return x.x;
  }
  COHORT_HOST_DEVICE COHORT_INLINE int ranks() const { return Clustered ? ranks_of_row : 1; }
  COHORT_HOST_DEVICE COHORT_INLINE int rank(int) const { return Clustered ? own_rank : 0; }
  COHORT_HOST_DEVICE COHORT_INLINE static void sync() {
#if defined(__CUDA_ARCH__)
    __syncthreads();
#endif
  }
  COHORT_HOST_DEVICE COHORT_INLINE static bool any([[maybe_unused]] each<bool> const& x) {
#if defined(__CUDA_ARCH__)
    return __syncthreads_or(x.x ? 1 : 0) != 0;
#else
    return false;
#endif
  }
  template <class F>
  COHORT_HOST_DEVICE COHORT_INLINE void each_set_of_warp([[maybe_unused]] each<bool> const& x,
                                                         [[maybe_unused]] F f) const {
#if defined(__CUDA_ARCH__)
    for (unsigned set = __ballot_sync(~0U, x.x); set != 0; set &= set - 1)
      f(device_warp{}, thread() / warp_threads * warp_threads + __ffs(static_cast<int>(set)) - 1);
#endif
  }

  COHORT_HOST_DEVICE COHORT_INLINE static int thread() {
#if defined(__CUDA_ARCH__)
    return static_cast<int>(threadIdx.x);
#else
    return 0;
#endif
  }
  /// In two halves: other work fits between.
  COHORT_HOST_DEVICE COHORT_INLINE static void cluster_arrive() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.arrive.release.aligned;" ::: "memory");
#else
    sync();
#endif
  }
  COHORT_HOST_DEVICE COHORT_INLINE static void cluster_wait() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
  }

private:
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE static X from_bytes(std::byte const* bytes) {
    X x;
    std::memcpy(&x, __builtin_assume_aligned(bytes, 16), sizeof x);
    return x;
  }
  /// The same place in another block's shared memory.
  COHORT_HOST_DEVICE COHORT_INLINE static std::byte const* of_rank(std::byte const* p, [[maybe_unused]] int rank) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    std::uint64_t there;
    asm("mapa.u64 %0, %1, %2;" : "=l"(there) : "l"(p), "r"(rank));
    return reinterpret_cast<std::byte const*>(there);
#else
    return p;
#endif
  }
};

} // namespace detail

COHORT_NAMESPACE_END
