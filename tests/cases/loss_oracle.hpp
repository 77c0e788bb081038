// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// policy_loss by its definition in long double: loops over tokens, no lanes, no trees.
#pragma once

#include <cases/losses.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

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
  long double low = 0, high = 0, low_min = INFINITY, high_max = -INFINITY, tokens = 0, sequences = 0, low_shares = 0,
              high_shares = 0;
};

/// What divides a token of a sequence with that many tokens.
inline long double divisor(cohort::normalizer const& by, long double tokens, long double sequences,
                           long double row_tokens) {
  bool const own = by.count.kind == cohort::detail::count_kind::own;
  bool const means = by.kind == cohort::normalizer_kind::sequence_means;
  auto const counted =
      static_cast<long double>(by.count.factor) * (by.kind == cohort::normalizer_kind::tokens ? tokens : sequences);
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
    long double mean = 0, whole_slope = 0, whole_scale = 0, low = 0, high = 0;
    auto const each = [&](auto visit) {
      for (auto i = static_cast<std::size_t>(first[r]); i < static_cast<std::size_t>(first[r + 1]); ++i)
        if (b.mask[i]) visit(i);
    };
    auto const level = options.ratio;
    bool const product = level == cohort::ratio_level::sequence_product;
    bool const through_sequence = level == cohort::ratio_level::sequence || product;
    long double const share = product ? 1 : n;
    auto const weight_of = [&](std::size_t i) { return b.correction.empty() ? 1.0L : wide(b.correction[i]); };
    auto const held = [&](long double l) {
      return std::min(std::max(l, static_cast<long double>(options.log_ratio.low)),
                      static_cast<long double>(options.log_ratio.high));
    };
    auto const surrogate = [&](long double l, std::size_t i) {
      auto term = clipped_surrogate(std::exp(held(l)), wide(b.advantage[i]), f.surrogate);
      bool const free = !(held(l) < l || l < held(l));
      return term.value *= weight_of(i), term.slope *= free ? weight_of(i) : 0, term;
    };
    each([&](std::size_t i) { mean += (wide(b.log_prob[i]) - wide(b.old_log_prob[i])) / share; });
    each([&](std::size_t i) {
      auto const slope = surrogate(mean, i).slope;
      whole_slope += slope / share, whole_scale += std::fabs(slope) / share;
    });
    for (auto i = first[r]; i < first[r + 1]; ++i) e.seed.push_back(0), e.seed_scale.push_back(0);
    each([&](std::size_t i) {
      long double const raw =
          level == cohort::ratio_level::token ? wide(b.log_prob[i]) - wide(b.old_log_prob[i]) : mean;
      long double const log_ratio = held(raw), ratio = std::exp(log_ratio);
      auto const s = surrogate(raw, i);
      auto const k = estimator(penalty_of<Kl>, wide(b.ref_log_prob[i]) - wide(b.log_prob[i]));
      auto const beta = static_cast<long double>(f.kl.beta);
      e.loss += weight * (s.value + beta * k.value),
          e.loss_scale += weight * (std::fabs(s.value) + beta * std::fabs(k.value));
      e.seed[i] = weight * ((through_sequence ? whole_slope : s.slope) + beta * k.slope);
      // a plain sum over the row may lose a unit per term
      e.seed_scale[i] =
          weight * ((through_sequence ? whole_scale * (1 + n / 32) : std::fabs(s.slope)) + beta * std::fabs(k.slope));
      e.kl += k.value, e.kl_scale += std::fabs(k.value), e.approx_kl -= log_ratio, e.ratio += ratio;
      e.ratio_min = std::min(e.ratio_min, ratio), e.ratio_max = std::max(e.ratio_max, ratio);
      low += s.low, high += s.high;
    });
    e.low += low, e.high += high;
    if (n > 0) e.low_min = std::min(e.low_min, low / n), e.high_max = std::max(e.high_max, high / n);
    if (n > 0) e.low_shares += low / n, e.high_shares += high / n;
  }
  return e;
}

template <class T>
void check_report(auto& context, cohort::loss_sums const& sums, loss_expectation const& e) {
  cohort::loss_report const seen = cohort::read(context, &sums);
  auto const n = e.tokens > 0 ? e.tokens : 1;
  long double const u = 64 * static_cast<long double>(support::unit_roundoff<T>);
  auto const near_to = [](double found, long double expected, long double allowed) {
    CHECK(std::fabs(static_cast<long double>(found) - expected) <= allowed);
  };
  near_to(seen.loss, e.loss, u * e.loss_scale);
  near_to(seen.kl, e.kl / n, u * e.kl_scale / n);
  near_to(seen.approx_kl, e.approx_kl / n, u);
  near_to(seen.ratio_mean, e.ratio / n, u * e.ratio / n);
  near_to(seen.ratio_min, e.tokens > 0 ? e.ratio_min : 0, u * 4);
  near_to(seen.ratio_max, e.tokens > 0 ? e.ratio_max : 0, u * 4 * (4 + (e.tokens > 0 ? e.ratio_max : 0)));
  CHECK(sums.clipped_low == static_cast<double>(e.low));
  CHECK(sums.clipped_high == static_cast<double>(e.high));
  near_to(seen.clip_low, e.low / n, 1e-15L);
  near_to(seen.clip_high, e.high / n, 1e-15L);
  near_to(seen.clip_low_by_sequence, e.tokens > 0 ? e.low_shares / e.sequences : 0, 1e-14L);
  near_to(seen.clip_high_by_sequence, e.tokens > 0 ? e.high_shares / e.sequences : 0, 1e-14L);
  near_to(seen.clip_low_min, e.tokens > 0 ? e.low_min : 0, 1e-15L);
  near_to(seen.clip_high_max, e.tokens > 0 ? e.high_max : 0, 1e-15L);
  CHECK(seen.tokens == static_cast<cohort::index_t>(e.tokens));
  CHECK(seen.sequences == static_cast<cohort::index_t>(e.sequences));
  CHECK(seen.bad_slots == 0);
}

template <class T>
void check_seed(std::vector<T> const& found, loss_expectation const& e) {
  REQUIRE(found.size() == e.seed.size());
  long double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto const allowed = 32 * static_cast<long double>(support::unit_roundoff<T>) * e.seed_scale[i];
    auto const error = std::fabs(static_cast<long double>(found[i]) - e.seed[i]);
    if (!(error <= allowed)) worst = std::max(worst, error / (allowed + 1e-300L));
  }
  CHECK(static_cast<double>(worst) == 0);
}

} // namespace cases
