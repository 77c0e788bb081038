// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <properties/objectives_of.hpp>

namespace properties {

using context = cohort::eigen_context;
template std::vector<entry<float, context>> part<float, context, 2>();

} // namespace properties
