// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "report.hpp"

#include <string>
#include <vector>

namespace gsm8k {

/// The run as a drawing in SVG: the pair shares with their intervals over the epochs, 0 being before; loss and KL
/// below.
std::string draw_curves(shares const& before, std::vector<epoch_record> const& records);

} // namespace gsm8k
