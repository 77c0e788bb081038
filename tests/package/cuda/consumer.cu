// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Compiles and links against the installed headers; runs without a GPU, and so launches nothing.
#include <cohort/cohort.hpp>

#include <cohort/backend/cuda.cuh>

static_assert(cohort::execution_context<cohort::cuda_context>);

void advantages(cohort::cuda_context& context, float const* reward, float* advantage, cohort::index_t n) {
  using space = cohort::device_space;
  cohort::group_advantage(context, cohort::view<float const, 1, space>(reward, {n}, {1}),
                          cohort::view<float, 1, space>(advantage, {n}, {1}), {.groups = cohort::uniform_groups{8}});
}

int main() { return 0; }
