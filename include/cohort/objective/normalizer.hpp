// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The denominator of a loss, as an argument: any split into micro-batches, ranks or contexts that names the same
/// global count sums to the same gradient.
///
///   by_tokens(n)          sum over tokens / n                          DAPO, token-mean
///   by_sequences(n)       sum over tokens / n                          seq-mean-token-sum
///   by_sequence_means(n)  sum over sequences of (mean over tokens) / n GRPO as published, seq-mean-token-mean
///   by_constant(c)        sum over tokens / c                          Dr. GRPO: c = sequences * longest length
///
/// Each has `.times(x)`, which multiplies the count, known or not: by_tokens().times(micro_batches).
///
/// A count is a number, a one-element tensor in the context's memory (a CUDA graph must not freeze it), or absent: then
/// it is that of the call: tokens or sequences that the mask makes valid, whether their values are usable or not.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include <cohort/core/view.hpp>

COHORT_NAMESPACE_BEGIN

enum class normalizer_kind : int { tokens, sequences, sequence_means, constant };

namespace detail {

enum class count_kind : int { own, number, float32, float64, int32, int64 };

/// A count whose value is here, in the context's memory, or still to be counted by the call.
struct count_source {
  count_kind kind = count_kind::own;
  double number = 0;
  void const* data = nullptr;
  double factor = 1;

  [[nodiscard]] COHORT_HOST_DEVICE double value() const { return factor * counted(); }

private:
  [[nodiscard]] COHORT_HOST_DEVICE double counted() const {
    switch (kind) {
    case count_kind::float32:
      return static_cast<double>(*static_cast<float const*>(data));
    case count_kind::float64:
      return *static_cast<double const*>(data);
    case count_kind::int32:
      return static_cast<double>(*static_cast<std::int32_t const*>(data));
    case count_kind::int64:
      return static_cast<double>(*static_cast<std::int64_t const*>(data));
    default:
      return number;
    }
  }
};

template <class X>
constexpr count_source count_of(X const& x) {
  if constexpr (std::is_arithmetic_v<X>) {
    return {count_kind::number, static_cast<double>(x)};
  } else {
    static_assert(tensor<X>, "cohort: a count is a number or a one-element tensor in the context's memory");
    using value = typename traits_of<X>::value_type;
    constexpr auto kind = std::same_as<value, double>         ? count_kind::float64
                          : std::same_as<value, float>        ? count_kind::float32
                          : std::same_as<value, std::int32_t> ? count_kind::int32
                                                              : count_kind::int64;
    static_assert(std::same_as<value, double> || std::same_as<value, float> || std::same_as<value, std::int32_t> ||
                      std::same_as<value, std::int64_t>,
                  "cohort: a count in memory is float, double, int32 or int64");
    return {kind, 0, traits_of<X>::data(x)};
  }
}

/// `times(x)` multiplies whatever the count turns out to be: micro-batches of a step, a padded width.
template <class By>
struct normalizer_count {
  count_source count{};
  [[nodiscard]] constexpr By times(double factor) const {
    By by = static_cast<By const&>(*this);
    by.count.factor *= factor;
    return by;
  }
};

template <normalizer_kind Kind>
struct normalizer_by : normalizer_count<normalizer_by<Kind>> {
  constexpr normalizer_by() = default;
  template <class X>
  constexpr explicit normalizer_by(X const& x) : normalizer_count<normalizer_by<Kind>>{count_of(x)} {}
};

} // namespace detail

using by_tokens = detail::normalizer_by<normalizer_kind::tokens>;
using by_sequences = detail::normalizer_by<normalizer_kind::sequences>;
using by_sequence_means = detail::normalizer_by<normalizer_kind::sequence_means>;

struct by_constant : detail::normalizer_count<by_constant> {
  template <class X>
  constexpr explicit by_constant(X const& x) : detail::normalizer_count<by_constant>{detail::count_of(x)} {}
};

/// Any of the four. No default: the denominator is always said.
struct normalizer {
  normalizer_kind kind;
  detail::count_source count;

  template <normalizer_kind Kind>
  constexpr normalizer(detail::normalizer_by<Kind> by) : kind(Kind), count(by.count) {}
  constexpr normalizer(by_constant by) : kind(normalizer_kind::constant), count(by.count) {}

  /// The weight of each token of a sequence with that many valid tokens; 0 where the count is not positive.
  [[nodiscard]] COHORT_HOST_DEVICE double weight(double row_tokens) const {
    double const divisor = count.value() * (kind == normalizer_kind::sequence_means ? row_tokens : 1.0);
    return divisor > 0 && divisor < infinity ? 1.0 / divisor : 0.0;
  }
};

COHORT_NAMESPACE_END
