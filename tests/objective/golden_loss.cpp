// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Policy losses worked out by hand. Fixture F: two rows of 3 and 2 tokens, ratios 1.5, 1, 0.5 and 1.3, 4, advantages
/// +1 and -1, NaN in the padded cell of every input.
#include <cases/contexts.hpp>
#include <cases/losses.hpp>

namespace {

using cohort::by_constant;
using cohort::by_sequence_means;
using cohort::by_sequences;
using cohort::by_tokens;
using cohort::ratio_level;

template <class T>
cases::token_batch<T> fixture_of(std::vector<int> const& length, std::vector<double> const& old,
                                 std::vector<double> const& ratio, std::vector<double> const& ref,
                                 std::vector<double> const& advantage) {
  cases::token_batch<T> b;
  b.length = length;
  for (std::size_t i = 0; i < old.size(); ++i) b.log_prob.push_back(static_cast<T>(old[i] + std::log(ratio[i])));
  b.old_log_prob = cases::in<T>(old), b.ref_log_prob = cases::in<T>(ref), b.advantage = cases::in<T>(advantage);
  b.mask.assign(old.size(), 1);
  return b;
}
template <class T>
cases::token_batch<T> fixture() {
  return fixture_of<T>({3, 2}, {-1, -2, -0.5, -1.5, -3}, {1.5, 1, 0.5, 1.3, 4}, {-1.2, -1.9, -1, -1, -2.5},
                       {1, 1, 1, -1, -1});
}

template <class Objective>
struct golden {
  Objective f;
  cohort::policy_loss_options options;
  double loss;
  std::vector<double> seed;
};

constexpr double printed = 7e-7; // six decimals

template <class T, class Objective>
void check_golden(auto& context, cases::token_batch<T> const& b, golden<Objective> const& g) {
  for (auto const& out :
       {cases::run_packed(context, b, g.f, g.options), cases::run_padded(context, b, {.columns = 3}, g.f, g.options)}) {
    CHECK(std::fabs(out.sums.loss - g.loss) < printed);
    CHECK(cases::distance(out.seed, g.seed) < printed);
    CHECK(out.padding_is_zero);
    CHECK(out.sums.bad_slots == 0);
  }
}

} // namespace

TEST_CASE("policy_loss: worked examples at token level", "[objective][golden]") {
  auto const ppo = cohort::objective(cohort::ppo_clip{0.2, 0.2}), dapo = cohort::objective(cohort::ppo_clip{0.2, 0.28});
  std::vector<golden<decltype(ppo)>> const all{
      {ppo, {by_tokens()}, 0.52, {0, -0.2, -0.1, 0.26, 0.8}},
      {ppo, {by_tokens(5)}, 0.52, {0, -0.2, -0.1, 0.26, 0.8}},
      {ppo, {by_sequence_means()}, 0.875, {0, -0.166667, -0.083333, 0.325, 1}},
      {ppo, {by_sequences()}, 1.3, {0, -0.5, -0.25, 0.65, 2}},
      {ppo, {by_constant(6)}, 0.433333, {0, -0.166667, -0.083333, 0.216667, 0.666667}},
      {dapo, {by_tokens()}, 0.504, {0, -0.2, -0.1, 0.26, 0.8}},
      {dapo, {by_sequence_means()}, 0.861667, {0, -0.166667, -0.083333, 0.325, 1}},
  };
  cases::in_both_types([&]<class T>(auto& context, T) {
    for (auto const& g : all) check_golden(context, fixture<T>(), g);
  });
}

TEST_CASE("policy_loss: worked examples with a penalty", "[objective][golden]") {
  auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.04});
  std::vector<golden<decltype(f)>> const all{
      {f, {by_tokens()}, 0.524044, {0.003633, -0.200841, -0.101704, 0.257854, 0.804703}},
      {f, {by_sequence_means()}, 0.879467, {0.003028, -0.167368, -0.084754, 0.322318, 1.005878}},
  };
  cases::in_both_types([&]<class T>(auto& context, T) {
    for (auto const& g : all) check_golden(context, fixture<T>(), g);
  });
}

TEST_CASE("policy_loss: worked examples at sequence level", "[objective][golden]") {
  auto const f = cohort::objective(cohort::ppo_clip{0.2, 0.2}), paper = cohort::objective(cohort::ppo_clip{3e-4, 4e-4});
  std::vector<double> const seed{-0.151427, -0.151427, -0.151427, 0.570088, 0.570088};
  cases::in_both_types([&]<class T>(auto& context, T) {
    check_golden<T, decltype(f)>(context, fixture<T>(),
                                 {f, {by_sequence_means(), ratio_level::sequence}, 0.685895, seed});
    check_golden<T, decltype(f)>(context, fixture<T>(),
                                 {paper, {by_sequence_means(), ratio_level::sequence}, 0.685895, seed});
    auto const bites = fixture_of<T>({2, 2}, {-1, -2, -1, -2}, {1.5, 1.2, 0.9, 0.7}, {-1, -1, -1, -1}, {1, 1, -1, -1});
    check_golden<T, decltype(f)>(context, bites, {f, {by_sequence_means(), ratio_level::sequence}, -0.2, {0, 0, 0, 0}});
    auto const seen = cases::run_packed(context, bites, f, {by_sequence_means(), ratio_level::sequence}).sums;
    CHECK(seen.clipped_low == 2);
    CHECK(seen.clipped_high == 2);
    CHECK(seen.ratio_max == approx(1.341641).epsilon(1e-6));
    CHECK(seen.ratio_min == approx(0.793725).epsilon(1e-6));
  });
}

TEST_CASE("policy_loss: metrics of the fixture", "[objective][golden]") {
  cases::in_both_types([&]<class T>(auto& context, T) {
    auto const out = cases::run_padded(context, fixture<T>(), {.columns = 4},
                                       cohort::objective(cohort::ppo_clip{}, cohort::k3{0}), {by_tokens()});
    cohort::loss_report const seen = cohort::read(context, &out.sums);
    CHECK(seen.loss == approx(0.52).epsilon(1e-6));
    CHECK(seen.tokens == 5);
    CHECK(seen.sequences == 2);
    CHECK(seen.clip_low == 0);
    CHECK(seen.clip_high == approx(0.2));
    CHECK(seen.clip_low_min == 0);
    CHECK(seen.clip_high_max == approx(1.0 / 3));
    CHECK(seen.ratio_min == approx(0.5).epsilon(1e-6));
    CHECK(seen.ratio_max == approx(4).epsilon(1e-6));
    CHECK(seen.ratio_mean == approx(8.3 / 5).epsilon(1e-6));
    CHECK(seen.approx_kl == approx(-(std::log(1.5) + std::log(0.5) + std::log(1.3) + std::log(4)) / 5).epsilon(1e-6));
    CHECK(seen.first_bad_slot == -1);
  });
}

TEST_CASE("policy_loss: two micro-batches over the global count", "[objective][golden]") {
  auto const f = cohort::objective(cohort::ppo_clip{});
  cases::in_both_types([&]<class T>(auto& context, T) { // losses 1, 1, 1, 1 and 3: ratio 1, advantages -1 and -3
    auto const one = fixture_of<T>({4}, {-1, -2, -3, -4}, {1, 1, 1, 1}, {0, 0, 0, 0}, {-1, -1, -1, -1});
    auto const three = fixture_of<T>({1}, {-1}, {1}, {0}, {-3});
    auto const sum = cohort::merge(cases::run_packed(context, one, f, {by_tokens(5)}).sums,
                                   cases::run_packed(context, three, f, {by_tokens(5)}).sums);
    CHECK(sum.loss == approx(1.4));
    CHECK(sum.tokens == 5);
  });
}

TEST_CASE("policy_loss: the four normalisers on one batch", "[objective][golden]") {
  auto const f = cohort::objective(cohort::ppo_clip{});
  cases::in_both_types([&]<class T>(auto& context, T) { // losses 1, 1, 1, 1 and 4, and a row without a token
    auto const b =
        fixture_of<T>({4, 1, 0}, {-1, -1, -1, -1, -1}, {1, 1, 1, 1, 1}, {0, 0, 0, 0, 0}, {-1, -1, -1, -1, -4});
    auto const loss = [&](cohort::normalizer by) {
      return cases::run_padded(context, b, {.columns = 4}, f, {by}).sums.loss;
    };
    CHECK(loss(by_tokens()) == approx(1.6));
    CHECK(loss(by_sequence_means()) == approx(2.5));
    CHECK(loss(by_sequences()) == approx(4.0));
    CHECK(loss(by_constant(8)) == approx(1.0));
    CHECK(loss(by_sequence_means(3)) == approx(5.0 / 3));
  });
}

TEST_CASE("policy_loss: full gradient on an exact clip edge", "[objective][golden]") {
  cases::in_both_types([&]<class T>(auto& context, T) {
    auto b = fixture_of<T>({1}, {0}, {1}, {0}, {1});
    auto const at = [&](double log_ratio, double advantage, cohort::ppo_clip clip) {
      b.log_prob[0] = static_cast<T>(log_ratio), b.advantage[0] = static_cast<T>(advantage);
      return cases::run_packed(context, b, cohort::objective(clip), {by_tokens()});
    };
    auto const on = at(0, 1, {0.2, 0}); // ratio 1 is the upper bound
    CHECK(on.seed[0] == T(-1));
    CHECK(on.sums.clipped_high == 0);
    auto const below = at(0, -1, {0, 0.2}); // ratio 1 is the lower bound
    CHECK(below.seed[0] == T(1));
    CHECK(below.sums.clipped_low == 0);
  });
}
