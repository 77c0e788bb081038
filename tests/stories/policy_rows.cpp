// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/stories/host.hpp>
#include <cases/stories/policy_rows.hpp>

TEST_CASE("stories of logits_policy_gradient agree on all contexts", "[stories]") {
  stories::each_policy_row_story<float>(stories::on_host{});
  stories::each_policy_row_story<double>(stories::on_host{});
  stories::each_penalised_row_story<float>(stories::on_host{});
}
TEST_CASE("stories of logits_policy_gradient in 16 bits agree on all contexts", "[stories]") {
  stories::each_policy_row_story<cohort::bfloat16>(stories::on_host{});
  stories::each_policy_row_story<cohort::half>(stories::on_host{});
}
