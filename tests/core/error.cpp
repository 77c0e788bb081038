// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The default policy: contract_error before anything is written, data_error from read.
#include <string>
#include <vector>

#include <cohort/cohort.hpp>
#include <support/catch.hpp>

namespace {

struct call {
  cohort::reference_context context;
  std::vector<float> logits = std::vector<float>(6, 1.0F), log_prob = std::vector<float>(2, 7.0F);
  std::vector<int> token{0, 1};
  cohort::index_t extent[2] = {2, 3}, stride[2] = {3, 1};
  double temperature = 1;

  cohort::token_log_prob_inputs<float, cohort::host_space> inputs() const {
    return {.logits = cohort::view<float const, 2, cohort::host_space>(logits.data(), extent, stride), .token = token};
  }
  cohort::status check() {
    return cohort::check_token_log_prob<float>(context, inputs(), {.log_prob = log_prob}, {.temperature = temperature});
  }
  void run() { cohort::token_log_prob<float>(context, inputs(), {.log_prob = log_prob}, {.temperature = temperature}); }
};

} // namespace

TEST_CASE("contract_error names function, argument and rule, and nothing is written", "[core][error]") {
  call wrong;
  SECTION("extents differ") {
    wrong.token.push_back(0);
    CHECK_THROWS_WITH(wrong.run(),
                      "token_log_prob: token [0]: extent differs from the other arguments: found 3, expected 2");
  }
  SECTION("a parameter out of its domain") {
    wrong.temperature = 0;
    CHECK_THROWS_WITH(wrong.run(), "token_log_prob: temperature: it is finite and positive: found 0");
  }
  SECTION("columns that are not contiguous") {
    wrong.stride[1] = 2;
    CHECK_THROWS_WITH(wrong.run(), ContainsSubstring("logits [1]: its rows are contiguous: found 2, expected 1"));
  }
  SECTION("a negative extent") {
    wrong.extent[0] = -2;
    CHECK_THROWS_WITH(wrong.run(), ContainsSubstring("logits [0]: an extent is negative"));
  }
  SECTION("an empty vocabulary") {
    wrong.extent[1] = 0;
    CHECK_THROWS_WITH(wrong.run(), ContainsSubstring("the vocabulary is empty"));
  }
  CHECK_FALSE(wrong.check().ok());
  CHECK_THROWS_AS(wrong.run(), cohort::contract_error);
  CHECK(wrong.log_prob == std::vector<float>(2, 7.0F));
}

TEST_CASE("a check says the same without an exception, and nothing where the call is right", "[core][error]") {
  call right;
  CHECK(right.check().ok());
  STATIC_REQUIRE(noexcept(cohort::check_token_log_prob<float>(
      right.context, std::declval<cohort::token_log_prob_inputs<float, cohort::host_space> const&>(),
      std::declval<cohort::token_log_prob_outputs<float, cohort::host_space> const&>(), {})));
  right.run();
  CHECK(right.log_prob[0] == approx(-1.0986123).epsilon(1e-6));
}
