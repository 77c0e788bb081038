// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The denominator is an argument: micro-batches add up, counts may be the call's own, numbers, or in memory.
#include <cases/contexts.hpp>
#include <cases/losses.hpp>

namespace {

using cohort::normalizer;
using cohort::ratio_level;

constexpr cohort::ppo_clip clip{0.2, 0.28};

/// Sequences [first, last) of a batch.
template <class T>
cases::token_batch<T> part(cases::token_batch<T> const& b, std::size_t first, std::size_t last) {
  auto const offsets = b.offsets();
  auto const cut = [&](auto const& x) {
    return std::remove_cvref_t<decltype(x)>(x.begin() + offsets[first], x.begin() + offsets[last]);
  };
  return {{b.length.begin() + static_cast<std::ptrdiff_t>(first), b.length.begin() + static_cast<std::ptrdiff_t>(last)},
          cut(b.log_prob),
          cut(b.old_log_prob),
          cut(b.ref_log_prob),
          cut(b.advantage),
          cut(b.mask)};
}

void check_close(double a, double b, double scale) { CHECK(std::fabs(a - b) <= 1e-12 * (std::fabs(scale) + 1)); }

void check_merged(cohort::loss_sums const& parts, cohort::loss_sums const& whole, double unit) {
  CHECK(std::fabs(parts.loss - whole.loss) <= unit * (std::fabs(whole.loss) + 1));
  check_close(parts.kl, whole.kl, whole.kl);
  check_close(parts.negative_log_ratio, whole.negative_log_ratio, whole.tokens);
  check_close(parts.ratio, whole.ratio, whole.ratio);
  CHECK(parts.ratio_min == whole.ratio_min);
  CHECK(parts.ratio_max == whole.ratio_max);
  CHECK(parts.clipped_low == whole.clipped_low);
  CHECK(parts.clipped_high == whole.clipped_high);
  CHECK(parts.clip_low_min == whole.clip_low_min);
  CHECK(parts.clip_high_max == whole.clip_high_max);
  CHECK(parts.tokens == whole.tokens);
  CHECK(parts.sequences == whole.sequences);
  CHECK(parts.bad_slots == 0);
}

template <class T>
cases::loss_outcome<T> with(auto& context, cases::token_batch<T> const& b, normalizer const& by,
                            ratio_level level = ratio_level::token) {
  return cases::run_packed(context, b, cohort::objective(clip, cohort::k3{0.04}), {by, level});
}

} // namespace

TEST_CASE("policy_loss: micro-batches over global counts add up to the batch", "[objective][normalizer]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (std::uint64_t seed = 31; seed <= 34; ++seed) {
      auto const b = cases::random_batch<T>(seed, {.rows = 23, .longest = 50});
      for (auto const level : {ratio_level::token, ratio_level::sequence})
        for (normalizer const& by :
             {normalizer(cohort::by_tokens(311)), normalizer(cohort::by_sequences(17)),
              normalizer(cohort::by_sequence_means(17)), normalizer(cohort::by_constant(23 * 50))}) {
          INFO("seed " << seed << ", level " << int(level) << ", normaliser " << int(by.kind));
          auto const whole = with(context, b, by, level);
          std::vector<T> seeds;
          cohort::loss_sums sums;
          std::size_t first = 0;
          for (std::size_t const last : {1U, 2U, 9U, 9U, 23U}) {
            auto const piece = with(context, part(b, first, last), by, level);
            seeds.insert(seeds.end(), piece.seed.begin(), piece.seed.end());
            sums = cohort::merge(sums, piece.sums);
            first = last;
          }
          CHECK(support::same_bits(seeds, whole.seed));
          check_merged(sums, whole.sums, 1e-12);
        }
    }
  });
}

TEST_CASE("policy_loss: the call's own count is that number", "[objective][normalizer]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(35, {.rows = 19, .longest = 33});
    auto const own = with(context, b, cohort::by_tokens());
    auto const tokens = own.sums.tokens, sequences = own.sums.sequences;
    CHECK(sequences < 19);
    auto const check = [&](normalizer const& absent, normalizer const& given) {
      for (auto const level : {ratio_level::token, ratio_level::sequence}) {
        auto const x = with(context, b, absent, level), y = with(context, b, given, level);
        CHECK(support::same_bits(x.seed, y.seed));
        CHECK(support::same_bits(x.sums, y.sums));
      }
    };
    check(cohort::by_tokens(), cohort::by_tokens(tokens));
    check(cohort::by_sequences(), cohort::by_sequences(sequences));
    check(cohort::by_sequence_means(), cohort::by_sequence_means(static_cast<int>(sequences)));
  });
}

TEST_CASE("policy_loss: a count in memory is read by the call", "[objective][normalizer]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(36, {.rows = 5, .longest = 20});
    auto const check = [&](auto zero) {
      std::vector<decltype(zero)> count{zero};
      auto const by = std::vector{normalizer(cohort::by_tokens(count)), normalizer(cohort::by_sequences(count)),
                                  normalizer(cohort::by_sequence_means(count)), normalizer(cohort::by_constant(count))};
      count[0] = 48; // after the options were made
      auto const numbers = std::vector{normalizer(cohort::by_tokens(48)), normalizer(cohort::by_sequences(48)),
                                       normalizer(cohort::by_sequence_means(48)), normalizer(cohort::by_constant(48))};
      for (std::size_t i = 0; i < by.size(); ++i) {
        auto const x = with(context, b, by[i]), y = with(context, b, numbers[i]);
        CHECK(support::same_bits(x.seed, y.seed));
        CHECK(support::same_bits(x.sums, y.sums));
      }
    };
    check(0.0), check(0.0F), check(std::int32_t{0}), check(std::int64_t{0});
  });
}

TEST_CASE("policy_loss: a zero normaliser with valid tokens", "[objective][normalizer]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(37, {.rows = 6, .longest = 20});
    std::vector<double> counts{0, -3, static_cast<double>(NAN), static_cast<double>(INFINITY)};
    std::vector<normalizer> all{cohort::by_tokens(0), cohort::by_sequences(0), cohort::by_sequence_means(0),
                                cohort::by_constant(0)};
    for (double& count : counts) all.emplace_back(cohort::by_tokens(cases::loose_vector(&count, 1)));
    for (normalizer const& by : all)
      for (auto const level : {ratio_level::token, ratio_level::sequence}) {
        auto const out = with(context, b, by, level);
        CHECK(cases::distance(out.seed, std::vector<T>(b.tokens(), T(0))) == 0);
        CHECK(out.sums.loss == 0);
        CHECK(out.sums.unweighted == out.sums.tokens);
        CHECK(static_cast<int>(cohort::check_data(out.sums).code) ==
              static_cast<int>(cohort::error_code::bad_normalizer));
        CHECK_THROWS_AS(cohort::read(context, &out.sums), cohort::data_error);
        auto const seen = cohort::read(context, &out.sums, cohort::on_data_error::accept);
        CHECK(seen.loss == 0);
        CHECK(seen.tokens == static_cast<cohort::index_t>(out.sums.tokens));
      }
  });
}

TEST_CASE("policy_loss: empty batches are results", "[objective][empty]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto masked = cases::random_batch<T>(38, {.rows = 7, .longest = 20});
    masked.mask.assign(masked.tokens(), 0);
    cases::token_batch<T> const no_rows, no_columns{{0, 0, 0}, {}, {}, {}, {}, {}};
    for (cases::token_batch<T> const& b : {no_rows, no_columns, masked})
      for (auto const level : {ratio_level::token, ratio_level::sequence})
        for (normalizer const& by : {normalizer(cohort::by_tokens()), normalizer(cohort::by_sequences()),
                                     normalizer(cohort::by_sequence_means()), normalizer(cohort::by_constant(5)),
                                     normalizer(cohort::by_tokens(0))})
          cases::for_each_objective(clip, 0.1, [&](auto const& f) {
            for (auto const& out : {cases::run_packed(context, b, f, {by, level}),
                                    cases::run_padded(context, b, {.columns = b.longest()}, f, {by, level})}) {
              CHECK(support::same_bits(out.seed, std::vector<T>(b.tokens(), T(0))));
              cohort::loss_report const seen = cohort::read(context, &out.sums);
              CHECK(support::same_bits(seen.loss, 0.0));
              CHECK(seen.kl == 0);
              CHECK(seen.approx_kl == 0);
              CHECK(seen.ratio_mean == 0);
              CHECK(seen.ratio_min == 0);
              CHECK(seen.ratio_max == 0);
              CHECK(seen.clip_low_min == 0);
              CHECK(seen.clip_high_max == 0);
              CHECK(seen.tokens == 0);
              CHECK(seen.sequences == 0);
              CHECK(seen.bad_slots == 0);
            }
          });
  });
}

TEST_CASE("policy_loss: a sequence without a token moves nothing else", "[objective][empty]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(39, {.rows = 6, .longest = 20, .empty = 0});
    auto more = b;
    more.length.push_back(3);
    for (auto* x : {&more.log_prob, &more.old_log_prob, &more.ref_log_prob, &more.advantage})
      x->insert(x->end(), 3, static_cast<T>(NAN));
    more.mask.insert(more.mask.end(), 3, std::uint8_t{0});
    for (normalizer const& by : {normalizer(cohort::by_tokens()), normalizer(cohort::by_sequences()),
                                 normalizer(cohort::by_sequence_means())}) {
      auto const x = with(context, b, by), y = with(context, more, by);
      CHECK(support::same_bits(x.sums, y.sums));
      CHECK(support::same_bits(x.seed, std::vector<T>(y.seed.begin(), y.seed.end() - 3)));
    }
  });
}
