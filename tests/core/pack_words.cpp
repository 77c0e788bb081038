// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cases/pack_words.hpp>
#include <cohort/backend/eigen/pack_memory.hpp>

using cohort::detail::pack;

TEMPLATE_TEST_CASE("arithmetic words are IEEE's", "[core][pack]", float, double) {
  pack_cases::check_arithmetic<pack<TestType>>();
}
TEMPLATE_TEST_CASE("fma is fused or a product and a sum", "[core][pack]", float, double) {
  pack_cases::check_fma<pack<TestType>>();
}
TEMPLATE_TEST_CASE("comparisons, masks and select", "[core][pack]", float, double) {
  pack_cases::check_comparisons<pack<TestType>>();
}
TEMPLATE_TEST_CASE("sqrt is IEEE's", "[core][pack]", float, double) { pack_cases::check_sqrt<pack<TestType>>(); }
TEMPLATE_TEST_CASE("log: ends exact, elsewhere near", "[core][pack]", float, double) {
  pack_cases::check_log<pack<TestType>>();
}
TEMPLATE_TEST_CASE("any sees one lane", "[core][pack]", float, double) { pack_cases::check_any<pack<TestType>>(); }
TEST_CASE("casts between packs convert each lane as the scalar cast does", "[core][pack]") {
  pack_cases::check_casts<pack<double>, pack<float>>();
  pack_cases::check_casts<pack<float>, pack<double>>();
}
