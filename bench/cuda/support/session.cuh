// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One run of the program: its options, its stream, the limits it found, the time it has left.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "device.cuh"
#include "json_line.hpp"

namespace bench {

struct settings {
  bool quick = false;
  int process = 1;      ///< of how many that take turns with the peers
  double seconds = 600; ///< no workload is begun after that
  std::vector<std::string> filter;
};

class session {
  std::chrono::steady_clock::time_point const started_ = std::chrono::steady_clock::now();
  cudaStream_t stream_ = nullptr;

public:
  settings options;
  std::map<std::string, double> limits; ///< bytes or operations per second, by name

  explicit session(settings given) : options(std::move(given)) {
    require(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  session(session const&) = delete;
  session& operator=(session const&) = delete;
  ~session() { cudaStreamDestroy(stream_); }

  [[nodiscard]] cudaStream_t stream() const { return stream_; }
  void wait() const { require(cudaStreamSynchronize(stream_), "cudaStreamSynchronize"); }
  [[nodiscard]] bool asked_for(std::string const& name) const {
    if (options.filter.empty()) return true;
    for (auto const& part : options.filter)
      if (name.find(part) != std::string::npos) return true;
    return false;
  }
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  }
  /// Whether another workload may begin; says so where not.
  [[nodiscard]] bool may_begin(std::string const& workload) const {
    if (seconds() < options.seconds) return true;
    json_line("skipped").add("workload", workload).add("reason", "the time given was used up");
    return false;
  }
  /// Runs a workload; what fails is told and does not end the program.
  template <class Work>
  void attempt(std::string const& workload, Work const& work) {
    if (!may_begin(workload)) return;
    try {
      work();
    } catch (std::exception const& problem) {
      cudaGetLastError();
      json_line("failed").add("workload", workload).add("reason", problem.what());
    }
  }
};

} // namespace bench
