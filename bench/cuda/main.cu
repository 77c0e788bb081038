// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// bench_cuda [--quick] [--filter NAME,NAME] [--seconds S] [--process K]: a line of JSON for each figure. Without a device
/// it says so and succeeds.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "benches.cuh"
#include "support/context.cuh"

namespace {

std::vector<std::string> split(std::string const& names) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= names.size();) {
    std::size_t const end = (std::min)(names.find(',', at), names.size());
    if (end > at) parts.push_back(names.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

bench::settings settings_of(int count, char** words) {
  bench::settings s;
  for (int i = 1; i < count; ++i) {
    std::string const word = words[i];
    if (word == "--quick") {
      s.quick = true;
      continue;
    }
    if (i + 1 == count) throw std::invalid_argument(word);
    std::string const value = words[++i];
    if (word == "--filter")
      s.filter = split(value);
    else if (word == "--seconds")
      s.seconds = std::atof(value.c_str());
    else if (word == "--process")
      s.process = std::atoi(value.c_str());
    else
      throw std::invalid_argument(word);
  }
  return s;
}

void tell_device(int process) {
  cudaDeviceProp facts{};
  int driver = 0, runtime = 0;
  bench::require(cudaGetDeviceProperties(&facts, 0), "cudaGetDeviceProperties");
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  bench::json_line("device")
      .add("name", facts.name)
      .add("architecture", facts.major * 10 + facts.minor)
      .add("multiprocessors", facts.multiProcessorCount)
      .add("l2_bytes", facts.l2CacheSize)
      .add("memory_bytes", facts.totalGlobalMem)
      .add("driver", driver)
      .add("runtime", runtime)
      .add("context", bench::context_name)
      .add("process", process);
}

void run_all(bench::settings const& settings) {
  bench::session run(settings);
  tell_device(settings.process);
  bench::probe_limits(run, "before");
  // What is wanted most comes first, and last in every other process: where time runs out, both ends have been measured.
  std::vector<std::pair<char const*, void (*)(bench::session&)>> programs{
      {"logits_policy_gradient", bench::logits_policy_gradient},
      {"update", bench::update},
      {"group_advantage", bench::group_advantage},
      {"gae", bench::gae},
      {"token_log_prob", bench::token_log_prob},
      {"policy_loss", bench::policy_loss},
      {"head_policy_gradient", bench::head_policy_gradient}};
  if (settings.process % 2 == 0) std::reverse(programs.begin(), programs.end());
  for (auto const& [name, program] : programs)
    if (run.asked_for(name)) program(run);
  bench::probe_limits(run, "after");
}

} // namespace

int main(int count, char** words) try {
  bench::settings const settings = settings_of(count, words);
  int devices = 0;
  if (cudaError_t const found = cudaGetDeviceCount(&devices); found != cudaSuccess || devices == 0) {
    bench::json_line("skipped").add("workload", "everything").add("reason", "no device: skipped");
    return 0;
  }
  run_all(settings);
} catch (std::exception const& problem) {
  std::fprintf(stderr, "bench_cuda: %s\n", problem.what());
  return 1;
}
