// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Where the scores of tokens come from, and where their sum goes.
///
///   .scores = matrix               [tokens x parameters], rows contiguous, any row stride
///   .scores = scores_from(fill)    fill(first_token, count, rows): writes d log_prob / d parameters of tokens
///                                  first_token .. first_token + count - 1 into the rows of a
///                                  view<S, 2, Space> in the context's memory: rows.data + i * rows.stride[0]
#pragma once

#include <concepts>
#include <type_traits>

#include <cohort/core/view.hpp>

COHORT_NAMESPACE_BEGIN

/// A callable that fills scores on the fly. It is referred to, not copied: it must outlive the call.
template <class Fill>
struct scores_from {
  Fill const& fill;
  constexpr explicit scores_from(Fill const& f) : fill(f) {}
};

namespace detail {

template <class X>
inline constexpr bool is_callable_source = false;
template <class Fill>
inline constexpr bool is_callable_source<scores_from<Fill>> = true;

} // namespace detail

/// Scores of storage kind S, in memory or from a callable. No default constructor.
template <class S, class Space>
struct score_source {
  using rows_view = view<S, 2, Space>;

  S const* data = nullptr;
  index_t extent[2] = {};
  index_t stride[2] = {};
  void const* callable = nullptr;
  void (*call)(void const*, index_t, index_t, rows_view const&) = nullptr;

  template <class X>
  requires(!std::same_as<std::remove_cvref_t<X>, score_source> &&
           !detail::is_callable_source<std::remove_cvref_t<X>>) constexpr score_source(X&& x) {
    if constexpr (requires { traits_of<X>::row_major; })
      static_assert(traits_of<X>::row_major, "cohort: scores are row-major, the parameters of a token contiguous");
    view<S const, 2, Space> const bound(static_cast<X&&>(x));
    data = bound.data;
    for (int i = 0; i < 2; ++i) extent[i] = bound.extent[i], stride[i] = bound.stride[i];
  }
  template <class Fill>
  constexpr score_source(scores_from<Fill> const& from) : callable(&from.fill) {
    constexpr bool fills = std::invocable<Fill const&, index_t, index_t, rows_view>;
    static_assert(fills, "cohort: scores come from a callable f(first_token, count, rows) that can be const, with rows "
                         "a cohort::view<S, 2, Space>");
    if constexpr (fills)
      call = [](void const* f, index_t first, index_t count, rows_view const& rows) {
        (*static_cast<Fill const*>(f))(first, count, rows);
      };
  }

  [[nodiscard]] constexpr bool on_the_fly() const { return call != nullptr; }
};

/// A sum over tokens, float or double whatever the call's type is. No default constructor.
template <class Space>
struct gradient_view {
  void* data = nullptr;
  index_t extent[1] = {};
  index_t stride[1] = {};
  bool is_double = false;

  template <class X>
  requires(!std::same_as<std::remove_cvref_t<X>, gradient_view>) constexpr gradient_view(X&& x) {
    static_assert(tensor<X>, "cohort: a gradient must be a tensor (docs/concepts.md)");
    if constexpr (tensor<X>) {
      using value = value_of<X>;
      static_assert(std::same_as<value, float> || std::same_as<value, double>,
                    "cohort: a gradient is accumulated in float or double");
      view<value, 1, Space> const bound(static_cast<X&&>(x));
      data = bound.data;
      extent[0] = bound.extent[0], stride[0] = bound.stride[0];
      is_double = std::same_as<value, double>;
    }
  }

  [[nodiscard]] constexpr index_t parameters() const { return extent[0]; }
  [[nodiscard]] constexpr int element_bytes() const { return is_double ? 8 : 4; }
};

COHORT_NAMESPACE_END
