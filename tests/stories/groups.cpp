// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/stories/groups.hpp>
#include <cases/stories/host.hpp>

TEST_CASE("stories of groups agree on all contexts", "[stories]") { stories::each_group_story(stories::on_host{}); }
