// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What the program asks of the CUDA runtime, counted by the linker's --wrap: calls.cpp stands between.
#pragma once

#include <cuda_runtime.h>

namespace device {

struct runtime_calls {
  bool counting = false;
  long allocations = 0, waits = 0, launches = 0;
  long clears = 0;         ///< of the last error, or of the device
  long elsewhere = 0;      ///< launches and copies on another stream than `stream`
  long until_failure = -1; ///< how many launches succeed before one fails; negative: all
  cudaStream_t stream = nullptr;
};
runtime_calls& calls();

/// Counts while it lives.
class counting_calls {
public:
  explicit counting_calls(cudaStream_t stream) {
    calls() = {};
    calls().counting = true;
    calls().stream = stream;
  }
  ~counting_calls() { calls().counting = false; }
  counting_calls(counting_calls const&) = delete;
  counting_calls& operator=(counting_calls const&) = delete;
};

} // namespace device
