// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// logits_policy_gradient beside the three calls that it stands for, for every surrogate and every penalty.
#include <cohort/formula/absolute_kl.hpp>
#include <cohort/formula/cispo.hpp>
#include <cohort/formula/clamped_kl.hpp>
#include <cohort/formula/dual_clip.hpp>
#include <cohort/formula/k1.hpp>
#include <cohort/formula/k2.hpp>
#include <cohort/formula/ratio_corrected.hpp>
#include <cohort/formula/sapo.hpp>
#include <cohort/formula/straight_through.hpp>
#include <cohort/formula/two_sided_clip.hpp>
#include <cohort/formula/vespo.hpp>

#include "logits_parts.hpp"

using namespace oracle;

namespace {

template <class Objective>
void check_objective(Objective const& f) {
  auto const padded = random_policy<float>(96, {.sequences = 6, .longest = 7, .vocabulary = 33});
  auto const packed = random_policy<float>(97, {.sequences = 9, .longest = 7, .vocabulary = 33, .packed = true});
  auto const check = [&](auto& context) {
    for (auto const level : every_level)
      for (auto const* b : {&padded, &packed}) {
        CAPTURE(static_cast<int>(level), b->shape.packed);
        check_parts(context, *b, f,
                    {.options = {.normalizer = cohort::by_tokens(), .ratio = level, .score = cohort::score_rows::all},
                     .entropy = false});
      }
  };
  support::on_emulated_block_context(check);
  engines::any_context eigen{{engines::place::eigen, 2}, support::default_workspace};
  check(eigen);
}

} // namespace

TEST_CASE("one call is three: clipped surrogates", "[gradient][logits_objectives]") {
  check_objective(cohort::objective(cohort::ppo_clip{}));
  check_objective(engines::run_time_objective(cohort::dual_clip{}, cohort::k1{0.1}));
  check_objective(engines::run_time_objective(cohort::two_sided_clip{}, cohort::k2{0.1}));
}
TEST_CASE("one call is three: other surrogates", "[gradient][logits_objectives]") {
  check_objective(engines::run_time_objective(cohort::sapo{}, cohort::absolute_kl{0.1}));
  check_objective(
      engines::run_time_objective(cohort::cispo{.low = 0.8, .high = 1.2}, cohort::straight_through<cohort::k1>{0.1}));
}
TEST_CASE("one call is three: penalties with a ratio or a limit", "[gradient][logits_objectives]") {
  check_objective(engines::run_time_objective(cohort::vespo{}, cohort::ratio_corrected<cohort::k3>{0.1}));
  check_objective(engines::run_time_objective(cohort::ppo_clip{}, cohort::clamped_kl<cohort::k3>{0.1, 0.25}));
}
