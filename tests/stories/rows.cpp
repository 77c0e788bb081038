// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/stories/host.hpp>
#include <cases/stories/rows.hpp>

TEST_CASE("stories of rows of logits agree on all contexts", "[stories]") {
  stories::each_row_story<float>(stories::on_host{});
  stories::each_row_story<cohort::bfloat16>(stories::on_host{});
  stories::each_row_story<cohort::half>(stories::on_host{});
  stories::each_row_story<double>(stories::on_host{});
}
