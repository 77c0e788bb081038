// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Two packs of a row side by side, as one lane type: every word is two independent instructions that follow one another.
///
/// A row of exponentials is a long chain per pack, and compilers emit one pack's chain after the other's: the processor
/// then finds fewer of them at a time than it could run. Bodies that are such chains ask for this by interleaved().
#pragma once

#include <cohort/backend/eigen/pack_memory.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes" // packet types as template arguments
#endif

COHORT_NAMESPACE_BEGIN

namespace detail::packs {

template <class P>
struct twin {
  P first, second;
  twin() = default;
  COHORT_INLINE twin(double x) : first(x), second(first) {}
  COHORT_INLINE twin(P a, P b) : first(a), second(b) {}
};
template <class Mask>
struct twin_mask {
  Mask first, second;
};
template <class Mask>
COHORT_INLINE twin_mask<Mask> both(Mask a, Mask b) {
  return {a, b};
}

template <class P>
COHORT_INLINE twin<P> operator+(twin<P> a, twin<P> b) {
  return {a.first + b.first, a.second + b.second};
}
template <class P>
COHORT_INLINE twin<P> operator-(twin<P> a, twin<P> b) {
  return {a.first - b.first, a.second - b.second};
}
template <class P>
COHORT_INLINE twin<P> operator*(twin<P> a, twin<P> b) {
  return {a.first * b.first, a.second * b.second};
}
template <class P>
COHORT_INLINE twin<P> lane_multiply(twin<P> a, twin<P> b) {
  return a * b;
}
template <class P>
COHORT_INLINE twin<P> lane_min(twin<P> a, twin<P> b) {
  return {lane_min(a.first, b.first), lane_min(a.second, b.second)};
}
template <class P>
COHORT_INLINE twin<P> lane_max(twin<P> a, twin<P> b) {
  return {lane_max(a.first, b.first), lane_max(a.second, b.second)};
}
template <class P>
COHORT_INLINE twin<P> lane_exp(twin<P> a) {
  return {lane_exp(a.first), lane_exp(a.second)};
}
template <class P>
COHORT_INLINE auto operator<(twin<P> a, twin<P> b) {
  return both(a.first < b.first, a.second < b.second);
}
template <class P, class Mask>
COHORT_INLINE twin<P> lane_select(twin_mask<Mask> mask, twin<P> a, twin<P> b) {
  return {lane_select(mask.first, a.first, b.first), lane_select(mask.second, a.second, b.second)};
}
/// As two accumulators of a reduction fold: one with the other, then over the lanes.
template <class Rule, class P>
COHORT_INLINE double lane_fold(Rule rule, twin<P> x) {
  return lane_fold(rule, rule(x.first, x.second));
}

} // namespace detail::packs

template <class P>
struct lane_traits<detail::packs::twin<P>> {
  using one = lane_traits<P>;
  using scalar = typename one::scalar;
  using twin = detail::packs::twin<P>;
  static constexpr int size = 2 * one::size;
  template <class S>
  using of = detail::packs::twin<typename one::template of<S>>;

  static COHORT_INLINE auto bits(std::uint32_t word) {
    return detail::packs::both(one::bits(word), one::bits(word >> one::size));
  }
  template <class S>
  static COHORT_INLINE twin load(S const* p, index_t step, int) {
    return {one::load(p, step, one::size), one::load(p + one::size * step, step, one::size)};
  }
  template <class S>
  static COHORT_INLINE void store(S* p, index_t step, int, twin value) {
    one::store(p, step, one::size, value.first);
    one::store(p + one::size * step, step, one::size, value.second);
  }
  template <class S>
  static COHORT_INLINE void store_normal(S* p, int, twin value) {
    one::store_normal(p, one::size, value.first);
    one::store_normal(p + one::size, one::size, value.second);
  }
  template <int Degree>
  requires requires(double factor) { one::template scaled_exponential<Degree>(factor); }
  static COHORT_INLINE auto scaled_exponential(double factor) {
    detail::packs::scaled_exponential<Degree> const packets(factor);
    return [packets](twin x) COHORT_FLAT {
      decltype(x.first.low) both[] = {x.first.low, x.second.low};
      packets.each(both);
      x.first.low = both[0];
      x.second.low = both[1];
      return x;
    };
  }
};

namespace detail {
using packs::twin;
}

COHORT_NAMESPACE_END

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
