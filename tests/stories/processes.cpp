// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/stories/host.hpp>
#include <cases/stories/processes.hpp>

TEST_CASE("stories of processes agree on all contexts", "[stories]") {
  stories::each_process_story(stories::on_host{});
}
