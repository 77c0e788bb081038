// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/stories/host.hpp>
#include <cases/stories/token_losses.hpp>

TEST_CASE("stories of losses agree on all contexts", "[stories]") { stories::each_loss_story(stories::on_host{}); }
TEST_CASE("stories of other objectives agree on all contexts", "[stories]") {
  stories::each_objective_story(stories::on_host{});
}
TEST_CASE("stories over tokens agree on all contexts", "[stories]") { stories::each_token_story(stories::on_host{}); }
