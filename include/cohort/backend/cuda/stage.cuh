// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A block's slice of a row in shared memory: one copy in, one copy out, in bulk where the architecture has that.
///
/// The copy keeps the row's distance from a multiple of 16 bytes, so that all but its edges moves in units of 16.
#pragma once

#include <cstdint>

#include <cohort/backend/block/moves.hpp>
#include <cohort/backend/block/team.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

struct shared_stage {
  static constexpr int lanes = 4;

  std::byte* memory; ///< aligned to 16
  std::uint64_t* barrier;
  row_slices slices;
  int rank, ranks, threads;
  mutable std::uint32_t shift = 0; ///< of the row's slice
  mutable std::uint32_t phase = 0;

  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE line<X> in(int slot, line<X> x, index_t n) const {
    if (slot != 0) return x;
    index_t const first = slices.first(rank), count = cells(n);
    auto const* const from = reinterpret_cast<std::byte const*>(x.p + first);
    shift = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(from) % 16);
    load(from, static_cast<std::uint32_t>(count * index_t{sizeof(X)}), sizeof(X));
    return {reinterpret_cast<X*>(memory + shift) - first, 1, 0, nullptr};
  }
  template <class X>
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE line<X> out(int slot, line<X> x, index_t) const {
    if (slot != 1) return x;
    return {reinterpret_cast<X*>(memory + shift) - slices.first(rank), 1, 0, nullptr};
  }
  template <class X>
  COHORT_HOST_DEVICE COHORT_INLINE void commit(line<X>, line<X> x, index_t n) const {
    auto* const to = reinterpret_cast<std::byte*>(x.p + slices.first(rank));
    store(to, static_cast<std::uint32_t>(cells(n) * index_t{sizeof(X)}), sizeof(X));
  }

  /// Before the first row, and after the last.
  COHORT_HOST_DEVICE COHORT_INLINE void open() const {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    if (threadIdx.x == 0) {
      asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(shared_address(barrier)) : "memory");
      asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
#endif
    sync();
  }
  COHORT_HOST_DEVICE COHORT_INLINE void close() const { wait_for_stores(); }

private:
  [[nodiscard]] COHORT_HOST_DEVICE COHORT_INLINE index_t cells(index_t n) const {
    index_t const first = slices.first(rank), last = slices.last(rank, ranks, n);
    return first < last ? last - first : 0;
  }
  COHORT_HOST_DEVICE COHORT_INLINE static void sync() {
#if defined(__CUDA_ARCH__)
    __syncthreads();
#endif
  }
  COHORT_HOST_DEVICE COHORT_INLINE static void wait_for_stores() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    if (threadIdx.x == 0) asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
#endif
  }
  /// What threads wrote to shared memory is seen by bulk copies, and the other way round.
  COHORT_HOST_DEVICE COHORT_INLINE static void fence() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
  }
#if defined(__CUDA_ARCH__)
  static __device__ COHORT_INLINE std::uint32_t shared_address(void const* p) {
    return static_cast<std::uint32_t>(__cvta_generic_to_shared(p));
  }
  /// Of 2, 4 or 8 bytes.
  static __device__ COHORT_INLINE void copy_element(std::byte* to, std::byte const* from, std::uint32_t element) {
    if (element == 2)
      *reinterpret_cast<std::uint16_t*>(to) = *reinterpret_cast<std::uint16_t const*>(from);
    else if (element == 4)
      *reinterpret_cast<std::uint32_t*>(to) = *reinterpret_cast<std::uint32_t const*>(from);
    else
      *reinterpret_cast<std::uint64_t*>(to) = *reinterpret_cast<std::uint64_t const*>(from);
  }
  /// The edges, an element at a time.
  static __device__ COHORT_INLINE void edges(std::byte* to, std::byte const* from, unit_bytes const& size,
                                             std::uint32_t element) {
    if (threadIdx.x >= size.edges(element)) return;
    auto const at = size.edge(threadIdx.x, element);
    copy_element(to + at, from + at, element);
  }
  __device__ COHORT_INLINE void units(std::byte* to, std::byte const* from, std::uint32_t bytes) const {
    for (auto at = threadIdx.x * 16U; at < bytes; at += static_cast<std::uint32_t>(threads) * 16U)
      *reinterpret_cast<uint4*>(to + at) = *reinterpret_cast<uint4 const*>(from + at);
  }
#endif

  COHORT_HOST_DEVICE COHORT_INLINE void load([[maybe_unused]] std::byte const* from,
                                             [[maybe_unused]] std::uint32_t bytes,
                                             [[maybe_unused]] std::uint32_t element) const {
#if defined(__CUDA_ARCH__)
    unit_bytes const size(reinterpret_cast<std::uintptr_t>(from), bytes);
    std::byte* const to = memory + shift;
    wait_for_stores(); // of the row before; its threads may still read
    fence();
    sync();
#if __CUDA_ARCH__ >= 900
    if (threadIdx.x == 0) {
      asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(barrier)),
                   "r"(size.middle)
                   : "memory");
      if (size.middle > 0)
        asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                         shared_address(to + size.head)),
                     "l"(__cvta_generic_to_global(from + size.head)), "r"(size.middle), "r"(shared_address(barrier))
                     : "memory");
    }
    edges(to, from, size, element);
    wait_for_load();
#else
    edges(to, from, size, element);
    units(to + size.head, from + size.head, size.middle);
#endif
#endif
  }
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  __device__ COHORT_INLINE void wait_for_load() const {
    std::uint32_t done = 0;
    while (done == 0)
      asm volatile("{\n.reg .pred p;\n"
                   "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
                   "selp.u32 %0, 1, 0, p;\n}"
                   : "=r"(done)
                   : "r"(shared_address(barrier)), "r"(phase)
                   : "memory");
    phase ^= 1U;
  }
#endif

  COHORT_HOST_DEVICE COHORT_INLINE void store([[maybe_unused]] std::byte* to, [[maybe_unused]] std::uint32_t bytes,
                                              [[maybe_unused]] std::uint32_t element) const {
#if defined(__CUDA_ARCH__)
    std::byte const* const from = memory + shift;
    bool const in_step = reinterpret_cast<std::uintptr_t>(to) % 16 == shift;
    unit_bytes const size(reinterpret_cast<std::uintptr_t>(to), bytes);
    fence();
    sync();
    if (!in_step) return copy_out(to, from, bytes, element);
    edges(to, from, size, element);
#if __CUDA_ARCH__ >= 900
    if (threadIdx.x == 0 && size.middle > 0) {
      asm volatile(
          "cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(__cvta_generic_to_global(to + size.head)),
          "r"(shared_address(from + size.head)), "r"(size.middle)
          : "memory");
      asm volatile("cp.async.bulk.commit_group;" ::: "memory");
    }
#else
    units(to + size.head, from + size.head, size.middle);
#endif
#endif
  }
#if defined(__CUDA_ARCH__)
  /// Where the gradient's rows lie otherwise than those of the logits.
  __device__ COHORT_INLINE void copy_out(std::byte* to, std::byte const* from, std::uint32_t bytes,
                                         std::uint32_t element) const {
    for (auto at = threadIdx.x * element; at < bytes; at += static_cast<std::uint32_t>(threads) * element)
      copy_element(to + at, from + at, element);
  }
#endif
};

} // namespace detail

COHORT_NAMESPACE_END
