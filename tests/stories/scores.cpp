// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/stories/host.hpp>
#include <cases/stories/scores.hpp>

TEST_CASE("stories of scores agree on all contexts", "[stories]") { stories::each_score_story(stories::on_host{}); }
