// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// importance_ratio: by hand, against its definition, and against what policy_loss reports.
#include <cases/contexts.hpp>
#include <cases/losses.hpp>
#include <cohort/objective/importance_ratio.hpp>

namespace {

using cohort::ratio_level;

constexpr ratio_level levels[] = {ratio_level::token, ratio_level::sequence, ratio_level::sequence_token,
                                  ratio_level::sequence_product};

template <class T>
struct outcome {
  std::vector<T> ratio, sequence;
  cohort::ratio_sums sums;
};

template <class T, class Context>
outcome<T> run(Context& context, cases::token_batch<T> const& b, cohort::importance_ratio_options const& options) {
  outcome<T> out{std::vector<T>(b.tokens(), T(77)), std::vector<T>(b.rows(), T(77)), {}};
  auto const offsets = b.offsets();
  cohort::importance_ratio_outputs<T, cohort::host_space> to{.ratio = out.ratio, .report = &out.sums};
  if (options.ratio != ratio_level::token) to.sequence_ratio = out.sequence;
  cohort::importance_ratio<T>(
      context,
      {.layout = cohort::packed(offsets), .log_prob = b.log_prob, .old_log_prob = b.old_log_prob, .mask = b.mask}, to,
      options);
  return out;
}

/// The definition: a sequence's log ratio over its valid tokens, or 0 tokens.
template <class T>
std::vector<double> oracle(cases::token_batch<T> const& b, cohort::importance_ratio_options const& options) {
  std::vector<double> ratio;
  auto const& bounds = options.log_ratio;
  std::size_t first = 0;
  for (int const n : b.length) {
    double sum = 0, count = 0;
    auto const log_ratio = [&](std::size_t i) { return static_cast<double>(b.log_prob[i]) - b.old_log_prob[i]; };
    for (std::size_t i = first; i < first + static_cast<std::size_t>(n); ++i)
      if (b.mask[i]) sum += log_ratio(i), ++count;
    double const whole = options.ratio == ratio_level::sequence_product ? sum : sum / count;
    for (std::size_t i = first; i < first + static_cast<std::size_t>(n); ++i) {
      double const l = options.ratio == ratio_level::token ? log_ratio(i) : whole;
      ratio.push_back(b.mask[i] ? std::exp(std::fmin(std::fmax(l, bounds.low), bounds.high)) : 0);
    }
    first += static_cast<std::size_t>(n);
  }
  return ratio;
}

template <class T>
cases::token_batch<T> two_rows() {
  cases::token_batch<T> b;
  b.length = {3, 2};
  b.old_log_prob = cases::in<T>({-1, -2, -0.5, -1.5, -3});
  for (double const ratio : {1.5, 1.0, 0.5, 1.3, 4.0})
    b.log_prob.push_back(static_cast<T>(b.old_log_prob[b.log_prob.size()] + std::log(ratio)));
  b.mask = {1, 1, 1, 1, 1};
  return b;
}

} // namespace

TEST_CASE("importance_ratio: the fixture, at every level", "[objective][importance_ratio][golden]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = two_rows<T>();
    auto const token = run(context, b, {});
    CHECK(cases::distance(token.ratio, std::vector<double>{1.5, 1, 0.5, 1.3, 4}) < 1e-6);
    auto const seen = cohort::read(context, &token.sums);
    CHECK((seen.ratio_min == approx(0.5) && seen.ratio_max == approx(4) && seen.ratio_mean == approx(8.3 / 5)));
    CHECK(seen.approx_kl == approx(-std::log(1.5 * 0.5 * 1.3 * 4) / 5));
    CHECK((seen.tokens == 5 && seen.sequences == 2 && seen.bad_slots == 0 && seen.first_bad_slot == -1));
    for (auto const level : {ratio_level::sequence, ratio_level::sequence_token}) // golden L6
      CHECK(cases::distance(run(context, b, {.ratio = level}).sequence, std::vector<double>{0.908560, 2.280351}) <
            1e-6);
    CHECK(cases::distance(run(context, b, {.ratio = ratio_level::sequence_product}).sequence,
                          std::vector<double>{0.75, 5.2}) < 1e-5);
  });
}

TEST_CASE("importance_ratio: the definition on random batches", "[objective][importance_ratio]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(51, {.rows = 19, .longest = 45});
    double const near = sizeof(T) == 4 ? 2e-4 : 1e-12; // the product of up to 45 ratios
    for (auto const level : levels)
      for (auto const& bounds : {cohort::log_ratio_bounds{}, cohort::log_ratio_bounds{-0.1, 0.2}}) {
        cohort::importance_ratio_options const options{level, bounds};
        auto const x = run(context, b, options);
        CHECK(cases::distance(x.ratio, oracle(b, options)) < near);
        if (level == ratio_level::token) continue;
        std::size_t i = 0;
        for (std::size_t r = 0; r < b.rows(); ++r) {
          T highest = 0;
          for (int t = 0; t < b.length[r]; ++t) highest = std::max(highest, x.ratio[i++]);
          CHECK(support::same_bits(x.sequence[r], highest)); // 0 where no token is valid
        }
      }
  });
}

TEST_CASE("importance_ratio: the report says what policy_loss says", "[objective][importance_ratio]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto b = cases::random_batch<T>(52, {.rows = 19, .longest = 45, .per_sequence = true});
    b.log_prob[7] = -static_cast<T>(cohort::infinity);        // ratio 0
    b.old_log_prob[9] = static_cast<T>(cohort::not_a_number); // undefined
    b.mask[7] = b.mask[9] = 1;
    for (auto const level : levels) {
      auto const x = run(context, b, {.ratio = level}).sums;
      auto const y = cases::run_packed(context, b, cohort::objective(cohort::ppo_clip{}), {cohort::by_tokens(), level});
      CHECK((x.tokens == y.sums.tokens && x.sequences == y.sums.sequences && x.bad_slots == 1));
      CHECK((x.bad_slots == y.sums.bad_slots && x.first_bad_slot == y.sums.first_bad_slot));
      CHECK((x.ratio == y.sums.ratio && x.ratio_min == y.sums.ratio_min && x.ratio_max == y.sums.ratio_max));
      CHECK(x.negative_log_ratio == y.sums.negative_log_ratio);
    }
  });
}

TEST_CASE("importance_ratio: the smallest and the largest ratio are those of valid tokens", //
          "[objective][importance_ratio]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto b = two_rows<T>();
    b.advantage = b.ref_log_prob = b.old_log_prob;
    struct extremes {
      std::vector<std::uint8_t> mask;
      double low, high;
    };
    for (auto const& x : {extremes{{1, 0, 0, 1, 1}, 1.3, 4}, extremes{{0, 0, 1, 0, 0}, 0.5, 0.5}}) {
      b.mask = x.mask;
      auto const ratios = run(context, b, {}).sums;
      auto const loss =
          cases::run_packed(context, b, cohort::objective(cohort::ppo_clip{}), {cohort::by_constant(1)}).sums;
      CHECK((ratios.ratio_min == approx(x.low) && ratios.ratio_max == approx(x.high)));
      CHECK((loss.ratio_min == approx(x.low) && loss.ratio_max == approx(x.high)));
    }
  });
}

TEST_CASE("importance_ratio: overflow and undefined ratios are 0 and counted", "[objective][importance_ratio]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto b = two_rows<T>();
    b.log_prob[1] = 800; // beyond either type
    b.log_prob[3] = static_cast<T>(cohort::not_a_number);
    auto const x = run(context, b, {});
    CHECK((x.ratio[1] == 0 && x.ratio[3] == 0 && x.ratio[0] > 1));
    CHECK((x.sums.bad_slots == 2 && x.sums.first_bad_slot == 1));
    CHECK_THROWS_AS(cohort::read(context, &x.sums), cohort::data_error);
    CHECK(run(context, b, {.log_ratio = {.high = 20}}).ratio[1] == approx(std::exp(20.0)).epsilon(1e-5));
    auto const product = run(context, b, {.ratio = ratio_level::sequence_product});
    CHECK((product.sequence[0] == 0 && product.sequence[1] == approx(4) && product.sums.bad_slots == 4));
    b.mask = {0, 0, 0, 0, 0};
    auto const masked = run(context, b, {});
    auto const none = cohort::read(context, &masked.sums);
    CHECK((none.tokens == 0 && none.ratio_mean == 0 && none.ratio_min == 0));
  });
}
