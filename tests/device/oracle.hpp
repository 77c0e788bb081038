// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What reference_context says to every story, and the families of stories that are linked in. The oracles are told in
/// objects of the host's compiler, the same stories on a device in those of nvcc.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <cases/stories/recording.hpp>

namespace device {

/// Which stories take place.
struct selection {
  std::string filter{};                     ///< part of a family's or a story's name
  std::size_t most_bytes = ~std::size_t{0}; ///< of a story's buffers
  int one_in = 1;                           ///< every so many, of a family's
};

struct told_story {
  std::string name;
  bool told = false; ///< selected
  stories::outcome outcome{};
};
using oracle = std::vector<told_story>;

struct oracle_family {
  std::string name;
  std::function<oracle(selection const&)> tell;
};
std::vector<oracle_family>& oracle_families();

/// A visitor of stories that tells them on the reference.
class telling {
public:
  telling(oracle& all, selection const& which, std::string family)
      : all_(all), which_(which), family_(std::move(family)) {}

  template <class Story>
  void operator()(std::string const& name, Story const& story) {
    told_story x{name, false, {}};
    bool const named = (family_ + " " + name).find(which_.filter) != std::string::npos;
    if (named && at_++ % which_.one_in == 0) {
      stories::host_memory memory;
      cohort::reference_context context{{.workspace_bytes = 64 << 20}};
      stories::stage<cohort::reference_context> on(context, memory,
                                                   [&](stories::recording& record, std::function<void()> const& call) {
                                                     if (record.bytes() > which_.most_bytes) return;
                                                     record.prepare();
                                                     call();
                                                     x.outcome = record.collect(), x.told = true;
                                                   });
      story(on);
    }
    all_.push_back(std::move(x));
  }

private:
  oracle& all_;
  selection const& which_;
  std::string family_;
  int at_ = 0;
};

} // namespace device
