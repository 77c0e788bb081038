// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The KL in the reward: a worked example, the definition, the mask, layouts, threads, data errors and the contract.
#include <cmath>
#include <vector>

#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/losses.hpp>
#include <cohort/formula/k1.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/reward/kl_penalty.hpp>

namespace {

template <class T, class Kl>
std::vector<T> penalized(auto& context, cases::token_batch<T> const& b, Kl const& kl, cohort::penalty_sums& sums) {
  std::vector<T> out(b.tokens(), T(77));
  auto const offsets = b.offsets();
  cohort::kl_penalty<T>(context,
                        {.layout = cohort::packed(offsets),
                         .log_prob = b.log_prob,
                         .ref_log_prob = b.ref_log_prob,
                         .reward = b.advantage,
                         .mask = b.mask},
                        {.reward = out, .report = &sums}, kl);
  return out;
}

/// The same as a rectangle: its tokens, packed.
template <class T, class Kl>
std::vector<T> penalized_rectangle(auto& context, cases::token_batch<T> const& b, cases::rectangle const& shape,
                                   Kl const& kl, cohort::penalty_sums& sums) {
  auto const rows = static_cast<cohort::index_t>(b.rows());
  cases::rectangle_cells const cells(rows, shape);
  auto log_prob = cells.poisoned(b, b.log_prob, shape.poison), ref = cells.poisoned(b, b.ref_log_prob, shape.poison),
       reward = cells.poisoned(b, b.advantage, shape.poison);
  auto mask = cells.spread(b, b.mask, std::uint8_t{0});
  std::vector<T> out(cells.size(), T(77)), packed;
  cohort::kl_penalty<T>(context,
                        {.layout = cohort::padded{rows, shape.columns},
                         .log_prob = cells.over(log_prob),
                         .ref_log_prob = cells.over(ref),
                         .reward = cells.over(reward),
                         .mask = cells.over(mask)},
                        {.reward = cells.over(out), .report = &sums}, kl);
  CHECK(cells.collect(b, out, packed));
  return packed;
}

} // namespace

TEST_CASE("golden K6: k1 in the reward, beta 0.05, and a terminal reward of 1", "[reward][golden]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    std::vector<T> const log_prob{-1, -2}, ref{T(-1.1), T(-1.8)};
    std::vector<T> reward{0, 1};
    cohort::kl_penalty<T>(context,
                          {.layout = cohort::padded{1, 2}, .log_prob = log_prob, .ref_log_prob = ref, .reward = reward},
                          {.reward = reward}, cohort::k1{0.05});
    CHECK(reward[0] == approx(-0.005).epsilon(1e-5));
    CHECK(reward[1] == approx(1.01).epsilon(1e-6));
  });
}

TEST_CASE("kl_penalty: random batches against the definition, nothing under the mask", "[reward][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(3, {.rows = 12, .longest = 50});
    cohort::k3 const kl{0.3};
    cohort::penalty_sums sums, poisoned_sums;
    auto const out = penalized<T>(context, b, kl, sums);
    long double total = 0, tokens = 0;
    for (std::size_t i = 0; i < b.tokens(); ++i) {
      if (!b.mask[i]) {
        CHECK(out[i] == 0);
        continue;
      }
      long double const delta = static_cast<long double>(b.ref_log_prob[i]) - static_cast<long double>(b.log_prob[i]);
      long double const k = std::expm1(delta) - delta;
      total += k, tokens += 1;
      CHECK(
          static_cast<double>(out[i]) ==
          approx(static_cast<double>(static_cast<long double>(b.advantage[i]) - 0.3L * k)).epsilon(1e-5).margin(1e-6));
    }
    auto const seen = cohort::read(context, &sums);
    CHECK(seen.kl == approx(static_cast<double>(total / tokens)).epsilon(1e-5));
    CHECK(seen.tokens == static_cast<cohort::index_t>(tokens));
    auto poisoned = b;
    for (std::size_t i = 0; i < b.tokens(); ++i)
      if (!b.mask[i]) poisoned.log_prob[i] = poisoned.ref_log_prob[i] = poisoned.advantage[i] = T(NAN);
    CHECK(support::same_bits(penalized<T>(context, poisoned, kl, poisoned_sums), out));
    CHECK(support::same_bits(poisoned_sums, sums));
  });
}

TEST_CASE("kl_penalty: padded, wider, column-major, strided and packed agree bit for bit", "[reward][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const check = [&](auto const& b, auto const& kl, cohort::index_t longest) {
      cohort::penalty_sums sums, others;
      auto const packed = penalized<T>(context, b, kl, sums);
      for (cases::rectangle const& shape : {cases::rectangle{longest}, cases::rectangle{2 * longest + 5},
                                            cases::rectangle{.columns = longest, .column_major = true, .gap = 2},
                                            cases::rectangle{.columns = longest + 3, .gap = 1, .poison = INFINITY}}) {
        INFO("columns " << shape.columns << ", column-major " << shape.column_major << ", gap " << shape.gap);
        CHECK(support::same_bits(penalized_rectangle<T>(context, b, shape, kl, others), packed));
        CHECK(support::same_bits(others, sums));
      }
    };
    for (cases::batch_shape const& batch : {cases::batch_shape{19, 37}, {5, 700}}) {
      auto const b = cases::random_batch<T>(5, batch);
      check(b, cohort::k1{0.05}, batch.longest);
      check(b, cohort::k3{0.3}, batch.longest);
    }
  });
}

TEST_CASE("kl_penalty: any number of threads gives the same bits", "[reward][layout]") {
  auto const b = cases::random_batch<float>(6, {.rows = 600, .longest = 90});
  struct outcome {
    std::vector<float> reward;
    cohort::penalty_sums sums;
  };
  auto const all = cases::outcomes([&](auto& context) {
    outcome out;
    out.reward = penalized<float>(context, b, cohort::k3{0.3}, out.sums);
    return out;
  });
  outcome const& one = all[cases::first_eigen];
  for (std::size_t i = cases::first_eigen; i < all.size(); ++i) {
    CHECK(support::same_bits(all[i].reward, one.reward));
    CHECK(support::same_bits(all[i].sums, one.sums));
  }
  CHECK(cases::distance(all[0].reward, one.reward) < 1e-6);
  CHECK(cases::distance(all[1].reward, one.reward) < 1e-6);
  CHECK(all[0].sums.tokens == one.sums.tokens);
}

TEST_CASE("kl_penalty: a value that is not finite gives reward 0 and is counted", "[reward][data]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto b = cases::random_batch<T>(4, {.rows = 6, .longest = 40, .hole = 0, .empty = 0});
    b.ref_log_prob[7] = T(NAN), b.advantage[30] = T(INFINITY);
    cohort::penalty_sums sums;
    auto const out = penalized<T>(context, b, cohort::k1{0.1}, sums);
    CHECK((out[7] == 0 && out[30] == 0));
    CHECK_THROWS_AS(cohort::read(context, &sums), cohort::data_error);
    auto const seen = cohort::read(context, &sums, cohort::on_data_error::accept);
    CHECK((seen.bad_slots == 2 && seen.first_bad_slot == 7));
  });
}

TEST_CASE("kl_penalty: every broken rule is named and nothing is written", "[reward][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    std::vector<T> const x(6, T(-1)), longer(7, T(-1));
    std::vector<T> out(6, T(7)), other(7, T(7));
    cohort::padded const layout{2, 3};
    auto const fails = [&](cohort::kl_penalty_inputs<T, cohort::host_space> const& in, auto const& to, double beta,
                           char const* argument) {
      cohort::kl_penalty_outputs<T, cohort::host_space> const outputs{.reward = to};
      CHECK_FALSE(cohort::check_kl_penalty<T>(context, in, outputs, cohort::k1{beta}).ok());
      CHECK_THROWS_WITH(cohort::kl_penalty<T>(context, in, outputs, cohort::k1{beta}),
                        ContainsSubstring("kl_penalty") && ContainsSubstring(argument));
      CHECK(out == std::vector<T>(6, T(7)));
    };
    std::span<T> const fits(out), wrong(other);
    fails({.layout = layout, .log_prob = longer, .ref_log_prob = x}, fits, 0.1, "log_prob");
    fails({.layout = layout, .log_prob = x, .ref_log_prob = longer}, fits, 0.1, "ref_log_prob");
    fails({.layout = layout, .log_prob = x, .ref_log_prob = x, .reward = longer}, fits, 0.1, "reward");
    fails({.layout = layout, .log_prob = x, .ref_log_prob = x}, wrong, 0.1, "reward");
    fails({.layout = layout, .log_prob = x, .ref_log_prob = x}, fits, -1, "beta");
    fails({.layout = {cohort::padded{2, -3}}, .log_prob = x, .ref_log_prob = x}, fits, 0.1, "layout");
    std::span<T const> const shifted(out.data() + 1, 5);
    fails({.layout = cohort::padded{1, 5}, .log_prob = shifted, .ref_log_prob = shifted}, fits.first(5), 0.1, "reward");
    fails({.layout = layout, .log_prob = x, .ref_log_prob = x, .mask = fits}, fits, 0.1, "reward");
    cases::over_integers<T>({0, 3, 6}, [&](auto const& offsets, T* values) {
      fails({.layout = cohort::packed(offsets), .log_prob = x, .ref_log_prob = x}, cases::loose_vector(values, 6), 0.1,
            "reward: shares memory");
    });
  });
}
