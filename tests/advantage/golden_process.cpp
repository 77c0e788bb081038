// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Process supervision of two outputs, worked out by hand; every form of the same steps.
#include <cases/contexts.hpp>
#include <cases/processes.hpp>

namespace {

using cohort::index_t;

/// Two outputs of 4 and 5 tokens in one group. Rewards 0.1, 0.9 end at tokens 1, 3; 0.4, 0.2, 0.8 at 0, 2, 4.
cases::process const outputs{{4, 5}, {3, 3}, {{1, 3}, {0, 2, 4}}, {{0.1, 0.9}, {0.4, 0.2, 0.8}}};
std::vector<double> const advantages{0.125491, 0.125491, 1.317657, 1.317657, -0.125491,
                                     0.125491, 0.125491, 1.003929, 1.003929};

template <class T>
void check_golden(std::vector<T> const& found, cohort::group_sums const& sums) {
  CHECK(cases::distance(found, advantages) < 2e-6);
  CHECK(sums.groups == 1);
  CHECK(sums.samples == 5);
  CHECK(sums.reward / sums.samples == approx(0.48));
  CHECK(sums.reward_std == approx(0.318748).epsilon(1e-5));
}

} // namespace

TEST_CASE("process_advantage: worked example as lists", "[advantage][golden]") {
  std::vector<std::int32_t> const offsets{0, 2};
  cases::in_both_types([&]<class T>(auto& context, T) {
    for (cases::process_options const& options : {cases::process_options{.groups = cohort::uniform_groups{2}},
                                                  cases::process_options{.groups = cohort::group_offsets(offsets)},
                                                  cases::process_options{.groups = cohort::group_ids(outputs.ids)}}) {
      auto const packed = cases::run_packed_list<T>(context, outputs, options);
      check_golden(packed.advantage, packed.sums);
      cases::step_tensors<T> const steps(outputs);
      cases::dense_tensors<T> const padded(outputs, 7, T(0));
      std::vector<T> rectangle(14, T(77));
      cohort::group_sums sums;
      cohort::process_advantage<T>(context,
                                   {.layout = cohort::padded{2, 7}, .steps = steps.list(), .mask = padded.mask},
                                   {.advantage = rectangle, .report = &sums}, options);
      bool zero = true;
      check_golden(cases::packed_tokens(outputs, 7, rectangle, zero), sums);
      CHECK(zero);
    }
  });
}

TEST_CASE("process_advantage: worked example as dense rewards with NaN in every padded cell", "[advantage][golden]") {
  cases::in_both_types([&]<class T>(auto& context, T) {
    cases::process_options const options{.groups = cohort::uniform_groups{2}};
    cases::dense_tensors<T> dense(outputs, 6, static_cast<T>(NAN));
    std::vector<T> rectangle(12, T(77));
    cohort::group_sums sums;
    cohort::process_advantage<T>(
        context,
        {.layout = cohort::padded{2, 6}, .steps = cohort::dense_steps(dense.reward, dense.step), .mask = dense.mask},
        {.advantage = rectangle, .report = &sums}, options);
    bool zero = true;
    check_golden(cases::packed_tokens(outputs, 6, rectangle, zero), sums);
    CHECK(zero);
    auto in_place = dense.reward;
    cohort::process_advantage<T>(
        context,
        {.layout = cohort::padded{2, 6}, .steps = cohort::dense_steps(in_place, dense.step), .mask = dense.mask},
        {.advantage = in_place}, options);
    CHECK(support::same_bits(in_place, rectangle));
  });
}

TEST_CASE("process_advantage: shuffled sequences keep their advantages", "[advantage][golden]") {
  cases::process const shuffled{{5, 1, 4}, {3, 8, 3}, {{0, 2, 4}, {0}, {1, 3}}, {{0.4, 0.2, 0.8}, {5}, {0.1, 0.9}}};
  std::vector<double> const expected{-0.125491, 0.125491, 0.125491, 1.003929, 1.003929,
                                     0,         0.125491, 0.125491, 1.317657, 1.317657};
  cases::in_both_types([&]<class T>(auto& context, T) {
    auto const out = cases::run_packed_list<T>(context, shuffled, {.groups = cohort::group_ids(shuffled.ids)});
    CHECK(cases::distance(out.advantage, expected) < 2e-6);
    CHECK(out.sums.singletons == 1);
    CHECK(out.sums.groups == 2);
  });
}

TEST_CASE("process_advantage: every valid token is a step", "[advantage][golden]") {
  cases::in_both_types([&]<class T>(auto& context, T) {
    std::vector<T> const reward{T(1), T(3), T(2)}; // mean 2, population deviation sqrt(2/3)
    std::vector<std::int64_t> const offsets{0, 2, 2, 3};
    std::vector<T> advantage(3);
    cohort::process_advantage<T>(context, {.layout = cohort::packed(offsets), .steps = cohort::dense_steps(reward)},
                                 {.advantage = advantage}, {.groups = cohort::uniform_groups{3}});
    CHECK(cases::distance(advantage, std::vector<double>{0, 1.224745, 0}) < 6e-7);
  });
}
