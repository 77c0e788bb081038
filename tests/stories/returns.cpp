// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/stories/host.hpp>
#include <cases/stories/returns.hpp>

TEST_CASE("stories of returns agree on all contexts", "[stories]") { stories::each_return_story(stories::on_host{}); }
