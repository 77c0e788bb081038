// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// device_tests [--quick] [--tight] [--filter TEXT] [--list]
///
/// Every story on every context of the device, then what is no story. --quick takes a part of them, of small memory;
/// --tight is for compute-sanitizer.
#include <chrono>
#include <cstring>
#include <future>
#include <map>

#include <device/session.hpp>

namespace device {

std::vector<oracle_family>& oracle_families() {
  static std::vector<oracle_family> all;
  return all;
}
std::vector<family>& families() {
  static std::vector<family> all;
  return all;
}
std::vector<extra_test>& extra_tests() {
  static std::vector<extra_test> all;
  return all;
}

namespace {

using oracles = std::map<std::string, std::shared_future<oracle>>;

oracles tell_all(selection const& which) {
  oracles all;
  for (oracle_family const& f : oracle_families()) all[f.name] = std::async(std::launch::async, f.tell, which).share();
  return all;
}

template <class Run>
void timed(std::string const& name, Run run) {
  auto const start = std::chrono::steady_clock::now();
  tally const before = counted();
  run();
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  tally const& now = counted();
  std::printf("%-52s %4ld stories %7ld checks %4ld failures %6.1f s\n", name.c_str(), now.stories - before.stories,
              now.checks - before.checks, now.failures - before.failures, seconds);
  std::fflush(stdout);
}

bool device_is_here() {
  int devices = 0;
  cudaError_t const answer = cudaGetDeviceCount(&devices);
  if (answer == cudaSuccess && devices > 0) return true;
  std::printf("no CUDA device here: skipped (%s)\n", cudaGetErrorString(answer));
  return false;
}
void introduce() {
  cudaDeviceProp properties{};
  require(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  int runtime = 0, driver = 0;
  cudaRuntimeGetVersion(&runtime), cudaDriverGetVersion(&driver);
  std::printf("%s, compute capability %d.%d, CUDA runtime %d, driver %d\n", properties.name, properties.major,
              properties.minor, runtime, driver);
}

int run(session& s) {
  oracles const expected = tell_all(s.which);
  for (family const& f : families()) timed(f.name + " on " + f.context, [&] { f.run(s, expected.at(f.name).get()); });
  for (extra_test const& t : extra_tests())
    if (t.name.find(s.which.filter) != std::string::npos) timed(t.name, [&] { begin_story(t.name), t.run(s); });
  for (std::string const& name : s.not_captured) std::printf("not captured, it waits: %s\n", name.c_str());
  tally const& all = counted();
  std::printf("%s: %ld checks, %ld failures\n", all.failures == 0 && all.checks > 0 ? "passed" : "FAILED", all.checks,
              all.failures);
  return all.failures == 0 && all.checks > 0 ? 0 : 1;
}

} // namespace
} // namespace device

int main(int count, char** arguments) {
  device::selection which;
  bool tight = false, list = false;
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--quick") == 0) which.most_bytes = 1 << 20, which.one_in = 4;
    if (std::strcmp(arguments[i], "--tight") == 0) tight = true;
    if (std::strcmp(arguments[i], "--list") == 0) list = true;
    if (std::strcmp(arguments[i], "--filter") == 0 && i + 1 < count) which.filter = arguments[++i];
  }
  if (list) {
    for (auto const& f : device::families()) std::printf("%s on %s\n", f.name.c_str(), f.context.c_str());
    for (auto const& t : device::extra_tests()) std::printf("%s\n", t.name.c_str());
    return 0;
  }
  if (!device::device_is_here()) return 0;
  device::introduce();
  device::session session;
  session.which = which, session.tight = tight;
  return device::run(session);
}
