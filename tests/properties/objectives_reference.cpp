// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <properties/objectives_of.hpp>

namespace properties {

using context = cohort::reference_context;
template std::vector<entry<float, context>> part<float, context, 0>();
template std::vector<entry<float, context>> part<float, context, 1>();
template std::vector<entry<float, context>> part<float, context, 2>();
template std::vector<entry<double, context>> part<double, context, 0>();
template std::vector<entry<double, context>> part<double, context, 1>();
template std::vector<entry<double, context>> part<double, context, 2>();

} // namespace properties
