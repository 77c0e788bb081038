// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/pack_memory.hpp>
#include <cohort/backend/eigen/pack_memory.hpp>

using cohort::detail::pack;

TEMPLATE_TEST_CASE("loads, stores, gathers and scatters touch their elements only", "[core][pack]", float, double) {
  pack_cases::check_elements<pack<TestType>>();
}
TEMPLATE_TEST_CASE("a step of 0 puts the one value into every lane", "[core][pack]", float, double) {
  pack_cases::check_step_zero<pack<TestType>>();
}
TEMPLATE_TEST_CASE("special values pass through memory bit for bit", "[core][pack]", float, double) {
  pack_cases::check_special_values<pack<TestType>>();
}
TEMPLATE_TEST_CASE("iota counts the lanes, head keeps the first", "[core][pack]", float, double) {
  pack_cases::check_iota_and_head<pack<TestType>>();
}
TEMPLATE_TEST_CASE("folds: sums in double, extremes exact", "[core][pack]", float, double) {
  pack_cases::check_folds<pack<TestType>>();
}
TEST_CASE("16-bit kinds by whole packs are those of one element", "[core][pack]") {
  pack_cases::check_sixteen_bits<pack<float>>();
}
