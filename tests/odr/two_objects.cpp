// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One engine in a shared object that is linked, another in one that is loaded into the same namespace afterwards, a
/// third in the executable: each runs its own code, and an exception of each is caught here.
#include <cohort/core/error.hpp>

#include <dlfcn.h>

#include "check.hpp"

extern "C" odr::engine aborting_engine(); // in the executable
extern "C" odr::engine wide_engine();     // in the linked object

namespace {

/// The engine's code is in the file of that name.
void check_home(odr::engine const& e, char const* file) {
  Dl_info seen{};
  bool const known = dladdr(e.where(), &seen) != 0 && seen.dli_fname != nullptr;
  odr::check(known && std::strstr(seen.dli_fname, file) != nullptr, known ? seen.dli_fname : "nowhere", e.target);
}

void check_thrown(odr::engine const& e) {
  try {
    e.refuse();
    odr::check(false, "no exception", e.target);
  } catch (cohort::contract_error const& error) {
    odr::check(error.status().code == cohort::error_code::bad_group, "another code", e.target);
  }
}

} // namespace

int main(int, char** arguments) {
  void* const object = dlopen(arguments[1], RTLD_NOW | RTLD_GLOBAL);
  if (!object) return std::printf("%s\n", dlerror()), 1;
  auto const loaded = reinterpret_cast<odr::engine (*)()>(dlsym(object, "plain_engine"));
  if (!loaded) return std::printf("%s\n", dlerror()), 1;
  odr::engine const own = aborting_engine(), linked = wide_engine(), plain = loaded();
  check_home(own, "odr_two_objects");
  check_home(linked, "odr_wide");
  check_home(plain, "odr_plain");
  odr::outcome const before = odr::run(own);
  odr::run(plain);
  check_thrown(plain);
  if (odr::runs_wide()) {
    odr::run(linked);
    check_thrown(linked);
  }
  odr::check(odr::same_bits(before, odr::run(own)), "other bits than before", "executable");
  std::printf("%d failures\n", odr::failures);
  return odr::failures == 0 ? 0 : 1;
}
