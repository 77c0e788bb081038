// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The lane type of a thread that works on N neighbouring cells at a time: N scalars in registers, and the words of
/// core/lane.hpp over them. On the device and on the host alike: each word is the scalar's word, lane by lane, and the
/// same bits, but that a product is rounded before it meets a sum and that the device's NaN of 16 bits has no payload.
#pragma once

#include <cmath>
#include <concepts>
#include <type_traits>

#include <cohort/backend/block/pack_memory.hpp>
#include <cohort/core/accumulator.hpp>
#include <cohort/core/lane.hpp>

COHORT_NAMESPACE_BEGIN

/// A namespace of its own: the words are found through the packs, and hide none of core/lane.hpp from bodies.
namespace detail::thread_packs {

using cohort::lane_abs, cohort::lane_exp, cohort::lane_fma, cohort::lane_log, cohort::lane_max, cohort::lane_min,
    cohort::lane_multiply, cohort::lane_sqrt;

/// What a comparison of packs gives.
template <int N>
struct thread_mask {
  static constexpr int size = N;
  bool x[N];
};

template <std::floating_point S, int N>
struct thread_pack {
  static_assert(N > 0 && N <= 32 && (N & (N - 1)) == 0, "cohort: a pack has 1, 2, 4, 8, 16 or 32 lanes");
  static constexpr int size = N;
  S x[N];

  thread_pack() = default;
  COHORT_HOST_DEVICE COHORT_INLINE thread_pack(double value) {
    COHORT_UNROLL
    for (int i = 0; i < N; ++i) x[i] = static_cast<S>(value);
  }
};

/// Lane i is f(i).
template <class To, class F>
COHORT_HOST_DEVICE COHORT_INLINE To lanes_of(F f) {
  To result;
  COHORT_UNROLL
  for (int i = 0; i < To::size; ++i) result.x[i] = f(i);
  return result;
}
/// Lane i is f of lane i of each operand.
template <class To, class F, class... Operands>
COHORT_HOST_DEVICE COHORT_INLINE To map(F f, Operands const&... operands) {
  return lanes_of<To>([&](int i) COHORT_FLAT { return f(operands.x[i]...); });
}

template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> operator+(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_pack<S, N>>([](S x, S y) COHORT_FLAT { return x + y; }, a, b);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> operator-(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_pack<S, N>>([](S x, S y) COHORT_FLAT { return x - y; }, a, b);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> operator-(thread_pack<S, N> a) {
  return map<thread_pack<S, N>>([](S x) COHORT_FLAT { return -x; }, a);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> operator*(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_pack<S, N>>([](S x, S y) COHORT_FLAT { return lane_multiply(x, y); }, a, b);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> operator/(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_pack<S, N>>([](S x, S y) COHORT_FLAT { return x / y; }, a, b);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_multiply(thread_pack<S, N> a, thread_pack<S, N> b) {
  return a * b;
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_fma(thread_pack<S, N> a, thread_pack<S, N> b,
                                                            thread_pack<S, N> c) {
  return map<thread_pack<S, N>>([](S x, S y, S z) COHORT_FLAT { return lane_fma(x, y, z); }, a, b, c);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_min(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_pack<S, N>>([](S x, S y) COHORT_FLAT { return lane_min(x, y); }, a, b);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_max(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_pack<S, N>>([](S x, S y) COHORT_FLAT { return lane_max(x, y); }, a, b);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_abs(thread_pack<S, N> a) {
  return map<thread_pack<S, N>>([](S x) COHORT_FLAT { return lane_abs(x); }, a);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_sqrt(thread_pack<S, N> a) {
  return map<thread_pack<S, N>>([](S x) COHORT_FLAT { return lane_sqrt(x); }, a);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_exp(thread_pack<S, N> a) {
  return map<thread_pack<S, N>>([](S x) COHORT_FLAT { return lane_exp(x); }, a);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_log(thread_pack<S, N> a) {
  return map<thread_pack<S, N>>([](S x) COHORT_FLAT { return lane_log(x); }, a);
}

template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_mask<N> operator<(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_mask<N>>([](S x, S y) COHORT_FLAT { return x < y; }, a, b);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_mask<N> operator<=(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_mask<N>>([](S x, S y) COHORT_FLAT { return x <= y; }, a, b);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_mask<N> operator>(thread_pack<S, N> a, thread_pack<S, N> b) {
  return b < a;
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_mask<N> operator>=(thread_pack<S, N> a, thread_pack<S, N> b) {
  return b <= a;
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_mask<N> operator==(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_mask<N>>([](S x, S y) COHORT_FLAT { return x == y; }, a, b);
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_mask<N> operator!=(thread_pack<S, N> a, thread_pack<S, N> b) {
  return map<thread_mask<N>>([](S x, S y) COHORT_FLAT { return x != y; }, a, b);
}

template <int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_mask<N> lane_and(thread_mask<N> a, thread_mask<N> b) {
  return map<thread_mask<N>>([](bool x, bool y) COHORT_FLAT { return x && y; }, a, b);
}
template <int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_mask<N> lane_or(thread_mask<N> a, thread_mask<N> b) {
  return map<thread_mask<N>>([](bool x, bool y) COHORT_FLAT { return x || y; }, a, b);
}
template <int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_mask<N> lane_not(thread_mask<N> a) {
  return map<thread_mask<N>>([](bool x) COHORT_FLAT { return !x; }, a);
}
template <int N>
COHORT_HOST_DEVICE COHORT_INLINE bool lane_any(thread_mask<N> a) {
  bool any = false;
  COHORT_UNROLL
  for (int i = 0; i < N; ++i) any = any || a.x[i];
  return any;
}
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_select(thread_mask<N> mask, thread_pack<S, N> a,
                                                               thread_pack<S, N> b) {
  return map<thread_pack<S, N>>([](bool m, S x, S y) COHORT_FLAT { return m ? x : y; }, mask, a, b);
}

/// The same lanes in another type.
template <class To, class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE To lane_cast(thread_pack<S, N> a) {
  using target = typename lane_traits<To>::scalar;
  return map<To>([](S x) COHORT_FLAT { return static_cast<target>(x); }, a);
}
/// The first `count` lanes of a, and the others of `rest`.
template <class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE thread_pack<S, N> lane_head(int count, thread_pack<S, N> a, thread_pack<S, N> rest) {
  return lanes_of<thread_pack<S, N>>([&](int i) COHORT_FLAT { return i < count ? a.x[i] : rest.x[i]; });
}
/// Lane i with lane i + N / 2, and so on; sums in double.
template <class Rule, class S, int N>
COHORT_HOST_DEVICE COHORT_INLINE double lane_fold(Rule rule, thread_pack<S, N> a) {
  if constexpr (N == 1) {
    return static_cast<double>(a.x[0]);
  } else if constexpr (std::same_as<Rule, sum_rule> && std::same_as<S, float>) {
    return lane_fold(rule, lane_cast<thread_pack<double, N>>(a));
  } else {
    using half_pack = thread_pack<S, N / 2>;
    return lane_fold(rule, lanes_of<half_pack>([&](int i) COHORT_FLAT { return rule(a.x[i], a.x[i + N / 2]); }));
  }
}

/// exp(x * factor) for one factor > 0 and x <= 0, or a little more: exactly 0 for -inf and 1 for 0, NaN for NaN. The
/// relative error is that of the product, |x * factor| 2^-23, beside 2^-21.
template <int N>
struct scaled_exponential {
  float factor;
  COHORT_HOST_DEVICE COHORT_INLINE thread_pack<float, N> operator()(thread_pack<float, N> a) const {
    return map<thread_pack<float, N>>(
        [factor = factor](float x) COHORT_FLAT { return ::exp2f(lane_multiply(x, factor)); }, a);
  }
};

} // namespace detail::thread_packs

namespace detail {
using thread_packs::thread_mask;
using thread_packs::thread_pack;
} // namespace detail

/// Whole runs at addresses that allow it go through words of up to 16 bytes; anything else lane by lane.
template <class S, int N>
struct lane_traits<detail::thread_pack<S, N>> {
  using scalar = S;
  using pack = detail::thread_pack<S, N>;
  using mask = detail::thread_mask<N>;
  static constexpr int size = N;
  template <class T>
  using of = detail::thread_pack<T, N>;

  COHORT_HOST_DEVICE static COHORT_INLINE mask all() {
    return detail::thread_packs::lanes_of<mask>([](int) COHORT_FLAT { return true; });
  }
  COHORT_HOST_DEVICE static COHORT_INLINE pack iota() {
    return detail::thread_packs::lanes_of<pack>([](int i) COHORT_FLAT { return static_cast<S>(i); });
  }
  /// Which of the lowest bits are set, one per lane.
  COHORT_HOST_DEVICE static COHORT_INLINE mask bits(std::uint32_t word) {
    return detail::thread_packs::lanes_of<mask>([=](int i) COHORT_FLAT { return (word >> i & 1U) != 0; });
  }
  /// Which of N bytes are not 0.
  COHORT_HOST_DEVICE static COHORT_INLINE mask non_zero(void const* p) {
    using namespace detail::thread_packs;
    auto const* const bytes = static_cast<std::uint8_t const*>(p);
    return map<mask>([](std::uint8_t x) COHORT_FLAT { return x != 0; },
                     in_words<N>(bytes) ? read_words<N>(bytes) : read_elements<N>(bytes));
  }
  /// The function exp(x * factor) for x <= 0.
  template <int Degree>
  requires std::same_as<S, float> COHORT_HOST_DEVICE static COHORT_INLINE auto scaled_exponential(double factor) {
    return detail::thread_packs::scaled_exponential<N>{static_cast<float>(factor * 1.4426950408889634)};
  }

  /// Lanes that are absent are 0.
  template <class T>
  COHORT_HOST_DEVICE static COHORT_INLINE pack load(T const* p, index_t step, int count) {
    using namespace detail::thread_packs;
    if (step == 1 && count == N && in_words<N>(p))
      return map<pack>([](T const& x) COHORT_FLAT { return widened<S>(&x); }, read_words<N>(p));
    if (step == 0) return lanes_of<pack>([x = detail::widen<S>(p)](int) COHORT_FLAT { return x; });
    return lanes_of<pack>([=](int i) COHORT_FLAT { return i < count ? widened<S>(p + i * step) : S(0); });
  }
  template <class T>
  COHORT_HOST_DEVICE static COHORT_INLINE void store(T* p, index_t step, int count, pack const& value) {
    using namespace detail::thread_packs;
    auto const run = rounded<T>(value.x);
    if (step == 1 && count == N && in_words<N>(p)) return write_words(p, run);
    COHORT_UNROLL
    for (int i = 0; i < N; ++i)
      if (i < count) detail::copy_element(p + i * step, &run.x[i]);
  }
  template <class T>
  COHORT_HOST_DEVICE static COHORT_INLINE void store_normal(T* p, int count, pack const& value) {
    store(p, 1, count, value);
  }
  template <class T>
  COHORT_HOST_DEVICE static COHORT_INLINE pack gather(T const* p, index_t step, index_t const* order, int count) {
    using namespace detail::thread_packs;
    return lanes_of<pack>([=](int i) COHORT_FLAT { return i < count ? widened<S>(p + order[i] * step) : S(0); });
  }
  template <class T>
  COHORT_HOST_DEVICE static COHORT_INLINE void scatter(T* p, index_t step, index_t const* order, int count,
                                                       pack const& value) {
    auto const run = detail::thread_packs::rounded<T>(value.x);
    COHORT_UNROLL
    for (int i = 0; i < N; ++i)
      if (i < count) detail::copy_element(p + order[i] * step, &run.x[i]);
  }
};

COHORT_NAMESPACE_END
