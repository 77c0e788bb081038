// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Numbers and memory at the ends of what a call may state.
#include <cases/contexts.hpp>
#include <cases/losses.hpp>

namespace {

using cases::loose_matrix;
using cases::loose_vector;
using cohort::index_t;

} // namespace

TEST_CASE("policy_loss: a ratio beyond the value type is excluded on every context", "[objective][limits]") {
  support::on_every_context([](auto& context) {
    cases::token_batch<float> const b{{1}, {99}, {-1}, {-1}, {-1}, {1}};
    auto const out = cases::run_packed(context, b, cohort::objective(cohort::ppo_clip{}), {cohort::by_constant(1)});
    CHECK(out.seed[0] == 0);
    CHECK(out.sums.bad_slots == 1);
  });
}

TEST_CASE("policy_loss: a normaliser whose inverse overflows is reported", "[objective][limits]") {
  support::on_every_context([](auto& context) {
    auto const b = cases::random_batch<float>(3, {.rows = 2, .longest = 3, .empty = 0});
    for (double const count : {1e-310, 1e-39}) {
      auto const out =
          cases::run_packed(context, b, cohort::objective(cohort::ppo_clip{}), {cohort::by_constant(count)});
      CHECK((std::isfinite(out.sums.loss) || !cohort::check_data(out.sums).ok()));
    }
  });
}

TEST_CASE("policy_loss: a gradient over the mask, over the sequences' advantages or over itself is refused",
          "[objective][limits]") {
  support::on_every_context([](auto& context) {
    std::vector<float> memory(64, 0.5F);
    cohort::loss_sums report;
    auto const at = [&](index_t i) { return loose_matrix(memory.data() + i, 2, 3, 3); };
    cohort::policy_loss_inputs<float, cohort::host_space> const in{
        .layout = cohort::padded{2, 3},
        .log_prob = at(0),
        .old_log_prob = at(8),
        .advantage = cohort::per_sequence(loose_vector(memory.data() + 24, 2)),
        .mask = at(32)};
    auto const passes = [&](cohort::policy_loss_outputs<float, cohort::host_space> const& out) {
      return cohort::check_policy_loss<float>(context, in, out, cohort::objective(cohort::ppo_clip{}),
                                              {cohort::by_tokens(6)})
          .ok();
    };
    CHECK(passes({at(40), &report}));
    CHECK_FALSE(passes({at(33), &report}));
    CHECK_FALSE(passes({at(20), &report}));
    CHECK_FALSE(passes({loose_matrix(memory.data() + 40, 2, 3, 0, 0), &report}));
  });
}
