// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "call.hpp"

void call(cohort::eigen_context& context, matrix<float const> reward, matrix<float const> value,
          matrix<std::uint8_t const> mask, matrix<float> advantage, matrix<float> returns) {
  cohort::gae<float>(
      context,
      {.layout = cohort::padded{reward.extent[0], reward.extent[1]}, .reward = reward, .value = value, .mask = mask},
      {.advantage = advantage, .returns = returns}, {.gamma = 0.99, .lambda = 0.95});
}
