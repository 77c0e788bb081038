// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// policy_loss by its definition in long double: loops over tokens, no lanes, no trees.
#pragma once

#include <cases/losses.hpp>

namespace cases {

enum class penalty : int { none, k1, k2, k3 };

template <class Kl>
inline constexpr penalty penalty_of = penalty::none;
template <>
inline constexpr penalty penalty_of<cohort::k1> = penalty::k1;
template <>
inline constexpr penalty penalty_of<cohort::k2> = penalty::k2;
template <>
inline constexpr penalty penalty_of<cohort::k3> = penalty::k3;

struct oracle_term {
  long double value, slope;
  bool low, high;
};

/// -min(ratio A, clamp(ratio) A), its derivative by log ratio, and which bound bit.
inline oracle_term clipped_surrogate(long double ratio, long double advantage, cohort::ppo_clip const& clip) {
  long double const low = 1 - static_cast<long double>(clip.low), high = 1 + static_cast<long double>(clip.high);
  long double const held = std::min(std::max(ratio, low), high);
  bool const clipped = held * advantage < ratio * advantage;
  if (!clipped) return {-ratio * advantage, -ratio * advantage, false, false};
  return {-held * advantage, 0, advantage<0, advantage> 0};
}

/// delta = reference - now.
inline oracle_term estimator(penalty kind, long double delta) {
  if (kind == penalty::k1) return {-delta, 1, false, false};
  if (kind == penalty::k2) return {delta * delta / 2, -delta, false, false};
  if (kind == penalty::k3) return {std::expm1(delta) - delta, -std::expm1(delta), false, false};
  return {0, 0, false, false};
}

struct loss_expectation {
  std::vector<long double> seed, seed_scale;
  long double loss = 0, loss_scale = 0, kl = 0, kl_scale = 0, approx_kl = 0, ratio = 0, ratio_min = INFINITY,
              ratio_max = -INFINITY;
  long double low = 0, high = 0, low_min = INFINITY, high_max = -INFINITY, tokens = 0, sequences = 0;
};

/// What divides a token of a sequence with that many tokens.
inline long double divisor(cohort::normalizer const& by, long double tokens, long double sequences,
                           long double row_tokens) {
  bool const own = by.count.kind == cohort::detail::count_kind::own;
  bool const means = by.kind == cohort::normalizer_kind::sequence_means;
  long double const counted = by.kind == cohort::normalizer_kind::tokens ? tokens : sequences;
  return (own ? counted : static_cast<long double>(by.count.value())) * (means ? row_tokens : 1);
}

template <class T, class Kl>
loss_expectation loss_oracle(token_batch<T> const& b, cohort::policy_objective<cohort::ppo_clip, Kl> const& f,
                             cohort::policy_loss_options const& options) {
  loss_expectation e;
  auto const first = b.offsets();
  auto const wide = [](T x) { return static_cast<long double>(x); };
  auto const count = [&](std::size_t r) {
    long double n = 0;
    for (auto i = first[r]; i < first[r + 1]; ++i) n += b.mask[static_cast<std::size_t>(i)] != 0;
    return n;
  };
  for (std::size_t r = 0; r < b.rows(); ++r) e.tokens += count(r), e.sequences += count(r) > 0;
  for (std::size_t r = 0; r < b.rows(); ++r) {
    long double const n = count(r), weight = n > 0 ? 1 / divisor(options.normalizer, e.tokens, e.sequences, n) : 0;
    long double mean = 0, mean_slope = 0, mean_scale = 0, low = 0, high = 0;
    auto const each = [&](auto visit) {
      for (auto i = static_cast<std::size_t>(first[r]); i < static_cast<std::size_t>(first[r + 1]); ++i)
        if (b.mask[i]) visit(i);
    };
    bool const sequence = options.ratio == cohort::ratio_level::sequence;
    each([&](std::size_t i) { mean += (wide(b.log_prob[i]) - wide(b.old_log_prob[i])) / n; });
    each([&](std::size_t i) {
      auto const slope = clipped_surrogate(std::exp(mean), wide(b.advantage[i]), f.surrogate).slope;
      mean_slope += slope / n, mean_scale += std::fabs(slope) / n;
    });
    for (auto i = first[r]; i < first[r + 1]; ++i) e.seed.push_back(0), e.seed_scale.push_back(0);
    each([&](std::size_t i) {
      long double const log_ratio = sequence ? mean : wide(b.log_prob[i]) - wide(b.old_log_prob[i]),
                        ratio = std::exp(log_ratio);
      auto const s = clipped_surrogate(ratio, wide(b.advantage[i]), f.surrogate);
      auto const k = estimator(penalty_of<Kl>, wide(b.ref_log_prob[i]) - wide(b.log_prob[i]));
      auto const beta = static_cast<long double>(f.kl.beta);
      e.loss += weight * (s.value + beta * k.value),
          e.loss_scale += weight * (std::fabs(s.value) + beta * std::fabs(k.value));
      e.seed[i] = weight * ((sequence ? mean_slope : s.slope) + beta * k.slope);
      // a plain sum over the row may lose a unit per term
      e.seed_scale[i] =
          weight * ((sequence ? mean_scale * (1 + n / 32) : std::fabs(s.slope)) + beta * std::fabs(k.slope));
      e.kl += k.value, e.kl_scale += std::fabs(k.value), e.approx_kl -= log_ratio, e.ratio += ratio;
      e.ratio_min = std::min(e.ratio_min, ratio), e.ratio_max = std::max(e.ratio_max, ratio);
      low += s.low, high += s.high;
    });
    e.low += low, e.high += high;
    if (n > 0) e.low_min = std::min(e.low_min, low / n), e.high_max = std::max(e.high_max, high / n);
  }
  return e;
}

} // namespace cases
