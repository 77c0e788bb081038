// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Every story on every context of the host against reference_context, twice, and with memory off its alignment.
#pragma once

#include <string>

#include <cases/stories/recording.hpp>
#include <engines/calls.hpp>
#include <support/contexts.hpp>

namespace stories {

/// check(name, story): what a visitor of a family's stories does on the host.
struct on_host {
  cohort::index_t workspace_bytes = 4 << 20;

  template <class Story>
  void operator()(std::string const& name, Story const& story) const {
    INFO(name);
    engines::any_context reference{{engines::place::reference}, workspace_bytes};
    host_memory memory;
    outcome const oracle = told(reference, memory, story);
    REQUIRE(oracle.guards_untouched);
    REQUIRE(oracle.inputs_untouched);
    support::on_every_context(
        [&](auto& context) {
          outcome const found = told(context, memory, story);
          CHECK(disagreement(found, oracle) == "");
          CHECK(other_bits(told(context, memory, story), found) == "");
          host_memory off;
          off.elements_off = 1;
          CHECK(disagreement(told(context, off, story), oracle) == "");
        },
        workspace_bytes);
  }
};

} // namespace stories
