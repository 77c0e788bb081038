// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/stories/heads.hpp>
#include <cases/stories/host.hpp>

TEST_CASE("stories of heads agree on all contexts", "[stories]") { stories::each_head_story(stories::on_host{}); }
