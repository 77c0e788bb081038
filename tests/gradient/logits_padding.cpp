// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Columns of logits that are no classes, and memory between rows, in logits_policy_gradient.
#include "logits_parts.hpp"

using namespace oracle;

TEMPLATE_TEST_CASE("columns beyond the vocabulary are zeroed unread, those beyond the rows left alone",
                   "[gradient][logits_padding]", float, double, cohort::half, cohort::bfloat16) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.1});
  for (index_t const padding : {1, 5, 31, 64}) {
    auto const b = random_policy<L>(116, {.vocabulary = 41, .padding = padding}); // NaN there
    auto dense = b;
    dense.shape.padding = 0;
    dense.rows = batch<L>(b.rows.rows, 41);
    dense.rows.token = b.rows.token;
    auto spread = b;
    spread.rows = batch<L>(b.rows.rows, b.rows.vocabulary, b.rows.vocabulary + 7);
    spread.rows.token = b.rows.token;
    for (index_t t = 0; t < b.rows.rows; ++t)
      for (index_t v = 0; v < 41; ++v)
        dense.rows.at(t, v) = spread.rows.at(t, v) = b.rows.logits[static_cast<std::size_t>(t * b.rows.pitch + v)];
    for (bool const in_place : {false, true})
      support::on_every_context([&](auto& context) {
        policy_call call{.options = {.normalizer = cohort::by_tokens()}, .entropy = false};
        call.in_place = in_place;
        auto const x = run_policy(context, b, f, call), y = run_policy(context, dense, f, call),
                   z = run_policy(context, spread, f, call);
        CHECK((support::same_bits(x.log_prob, y.log_prob) && support::same_bits(x.log_prob, z.log_prob)));
        CHECK((support::same_bits(x.sums, y.sums) && support::same_bits(x.sums, z.sums)));
        bool right = true;
        auto const at = [](policy_batch<L> const& of, policy_outcome<L> const& from, index_t t, index_t v) {
          return from.d_logits[static_cast<std::size_t>(t * of.rows.pitch + v)];
        };
        for (index_t t = 0; t < b.rows.rows; ++t)
          for (index_t v = 0; v < spread.rows.pitch; ++v) {
            L const expected = v < 41 ? at(dense, y, t, v) : stored<L>(0);
            if (v < b.rows.vocabulary)
              right = right && support::same_bits(at(b, x, t, v), expected) &&
                      support::same_bits(at(spread, z, t, v), expected);
            else
              right = right && support::same_bits(at(spread, z, t, v), stored<L>(in_place ? cohort::not_a_number : 55));
          }
        CHECK(right);
      });
  }
}
