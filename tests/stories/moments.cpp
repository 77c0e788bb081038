// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/stories/host.hpp>
#include <cases/stories/moments.hpp>

TEST_CASE("stories of moments agree on all contexts", "[stories]") { stories::each_moment_story(stories::on_host{}); }
