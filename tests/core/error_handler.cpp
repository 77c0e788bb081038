// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A translation unit with an engine's own handler, in one program with others that throw.
namespace engine {
void on_failure(void const* status);
} // namespace engine

#define COHORT_ON_CONTRACT_FAILURE(s) engine::on_failure(&(s))
#define COHORT_ERROR_POLICY engine_errors

#include <vector>

#include <cohort/cohort.hpp>
#include <support/catch.hpp>

namespace engine {

struct seen_failure {
  int calls = 0;
  cohort::status last{};
};
static seen_failure seen;

void on_failure(void const* status) {
  ++seen.calls;
  seen.last = *static_cast<cohort::status const*>(status);
}

} // namespace engine

TEST_CASE("a handler that returns makes the algorithm return without writing", "[core][error]") {
  engine::seen = {};
  cohort::reference_context context;
  float const logits[2][3] = {{1, 2, 3}, {4, 5, 6}};
  std::vector<int> const token{0, 1, 2}; // one too many
  std::vector<float> log_prob(2, 7.0F), log_sum_exp(2, 8.0F);
  cohort::row_sums report{.rows = 9};
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token},
                                {.log_prob = log_prob, .log_sum_exp = log_sum_exp, .report = &report});
  CHECK(engine::seen.calls == 1);
  CHECK(engine::seen.last.code == cohort::error_code::shape_mismatch);
  CHECK(std::string(engine::seen.last.function) == "token_log_prob");
  CHECK(std::string(engine::seen.last.argument) == "token");
  CHECK(log_prob == std::vector<float>(2, 7.0F));
  CHECK(log_sum_exp == std::vector<float>(2, 8.0F));
  CHECK(report.rows == 9);
}

TEST_CASE("a handler also hears of data errors, and the report still comes back", "[core][error]") {
  engine::seen = {};
  cohort::reference_context context;
  float const logits[2][3] = {{1, 2, 3}, {4, 5, 6}};
  int const token[2] = {0, 3};
  float log_prob[2] = {};
  cohort::row_sums report;
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob, .report = &report});
  CHECK(engine::seen.calls == 0);
  cohort::row_report const counts = cohort::read(context, &report);
  CHECK(engine::seen.calls == 1);
  CHECK(engine::seen.last.code == cohort::error_code::bad_data);
  CHECK(counts.bad_rows == 1);
  CHECK(counts.first_bad_row == 1);
}
