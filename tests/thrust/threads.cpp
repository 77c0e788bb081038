// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The same bits for any number of OpenMP threads and for any Thrust system, totals over many blocks included.
#include <algorithm>
#include <vector>

#include <cases/losses.hpp>
#include <cohort/advantage/group_advantage.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/objective/policy_loss.hpp>
#include <support/numbers.hpp>
#include <support/thrust_contexts.hpp>

namespace {

using cohort::index_t;

/// Everything that one step gives, as doubles.
template <class Context>
std::vector<double> step(Context& context) {
  auto const b = cases::random_batch<float>(91, {.rows = 301, .longest = 40});
  auto const offsets = b.offsets();
  support::random random(92);
  auto const reward = random.normals<float>(b.rows());
  std::vector<std::int64_t> ids(b.rows());
  for (auto& id : ids) id = random.integer(-20, 20);
  std::vector<float> advantage(b.rows()), seed(b.tokens());
  cohort::group_sums groups;
  cohort::loss_sums loss;
  cohort::group_advantage<float>(context, reward, {.advantage = advantage, .report = &groups},
                                 {.groups = cohort::group_ids{ids}, .scale = cohort::scale::batch_std});
  cohort::policy_loss<float>(context,
                             {.layout = cohort::packed(offsets),
                              .log_prob = b.log_prob,
                              .old_log_prob = b.old_log_prob,
                              .ref_log_prob = b.ref_log_prob,
                              .advantage = cohort::per_sequence(advantage),
                              .mask = b.mask},
                             {.d_log_prob = seed, .report = &loss},
                             cohort::objective(cohort::ppo_clip{}, cohort::k3{0.04}),
                             {.normalizer = cohort::by_sequence_means()});
  auto const seen = cohort::read(context, &loss);
  std::vector<double> all{seen.loss, seen.kl, seen.ratio_mean, seen.clip_low};
  all.insert(all.end(), advantage.begin(), advantage.end());
  all.insert(all.end(), seed.begin(), seed.end());
  return all;
}

/// 1 + 1/r for row r: a sum whose bits tell its order.
struct harmonic {
  using compute_type = double;
  [[maybe_unused]] static constexpr bool rows_in_lanes = false; // Thrust has one row per thread
  template <class Team>
  COHORT_HOST_DEVICE cohort::sum_of<double> operator()(Team const&, index_t r) const {
    return {1 + 1 / static_cast<double>(r + 1)};
  }
};

template <class Context>
double total(Context& context, index_t rows) {
  cohort::sum_of<double> sum;
  context.template for_each_row<cohort::sum_of>(cohort::row_layout<cohort::host_space>{.rows = rows, .width = 1},
                                                harmonic{}, &sum);
  return context.fetch(&sum).sum;
}

} // namespace

TEST_CASE("a step has the same bits on every Thrust system and for any number of threads", "[thrust]") {
  cohort::thrust_context one{support::thrust_systems::seq};
  auto const expected = step(one);
  auto const same = [&](auto& context) { CHECK(support::same_bits(step(context), expected)); };
  support::on_thrust_contexts(same, 1 << 20);
#if defined(_OPENMP)
  support::on_openmp_contexts({1, 2, 7}, same, 1 << 20);
#endif
}

TEST_CASE("totals over any number of rows: blocks of rows, several levels", "[thrust]") {
  for (index_t const rows : {0, 1, 31, 32, 33, 1024, 1025, 122880, 122881, 300007}) {
    cohort::thrust_context one{support::thrust_systems::seq};
    double const expected = total(one, rows);
    long double exact = 0;
    for (index_t r = rows; r > 0; --r) exact += 1 + 1 / static_cast<long double>(r);
    CHECK(std::abs(static_cast<double>(exact) - expected) <= 1e-13 * static_cast<double>(exact));
    support::on_thrust_contexts(
        [&](auto& context) {
          for (int repeat = 0; repeat < 3; ++repeat) CHECK(support::same_bits(total(context, rows), expected));
        },
        0);
  }
}
