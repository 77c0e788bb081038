// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <parity/engine_body.hpp>

#include <support/contexts.hpp>

namespace parity {

using engines::place;

std::unique_ptr<engine> engine_in_double(engines::choice const& made) {
  return std::make_unique<engine_over<double>>(made);
}
std::unique_ptr<engine> engine_in_float(engines::choice const& made) {
  return std::make_unique<engine_over<float>>(made);
}

std::unique_ptr<engine> reference_engine() { return engine_in_double({place::reference}); }
std::unique_ptr<engine> emulated_block_engine() { return engine_in_double({place::emulated_block}); }
std::unique_ptr<engine> eigen_engine() { return engine_in_double({place::eigen}); }
std::unique_ptr<engine> eigen_float_engine() { return engine_in_float({place::eigen}); }
std::vector<std::unique_ptr<engine>> thrust_engines() {
  std::vector<std::unique_ptr<engine>> all;
  for (engines::choice const& made : support::thrust_choices())
    all.push_back(made.where == place::thrust_openmp ? engine_in_float(made) : engine_in_double(made));
  return all;
}

} // namespace parity
