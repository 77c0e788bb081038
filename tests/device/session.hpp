// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What all stories on a device share, and the parts of the program.
#pragma once

#include <string>
#include <vector>

#include <device/check.hpp>
#include <device/memory.hpp>
#include <device/oracle.hpp>

namespace device {

struct session {
  selection which{};
  /// For compute-sanitizer: buffers without guards, a workspace that nobody wrote, each story told once and captured
  /// once.
  bool tight = false;
  pinned_arena arena{};
  std::vector<std::string> not_captured{}; ///< stories that wait
};

struct family {
  std::string name, context;
  void (*run)(session&, oracle const&);
};
std::vector<family>& families();

/// A test that is no story.
struct extra_test {
  std::string name;
  void (*run)(session&);
};
std::vector<extra_test>& extra_tests();

/// Keeps a stream waiting: on one thread, or on as many as fill the device.
void launch_delay(cudaStream_t stream, int microseconds);
void launch_busy(cudaStream_t stream, int microseconds);

} // namespace device
