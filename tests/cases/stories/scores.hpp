// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Stories of accumulate_policy_gradient from a matrix of scores. Each parameter adds its tokens in order, in double.
#pragma once

#include <string>
#include <vector>

#include <cases/stories/rows.hpp>

namespace stories {

template <class T, class S, class G>
struct score_story {
  index_t tokens, parameters, gap = 0;
  bool bad = false;
  std::uint64_t seed = 91;

  template <class Stage>
  void operator()(Stage& on) const {
    cases::random random(seed);
    index_t const pitch = parameters + gap;
    std::vector<T> seeds;
    std::vector<std::uint8_t> valid;
    std::vector<S> matrix(static_cast<std::size_t>(tokens * pitch), stored<S>(cohort::not_a_number));
    for (index_t t = 0; t < tokens; ++t) {
      bool const live = random.bits() % 5 != 0, none = random.bits() % 7 == 0, broken = bad && random.bits() % 9 == 0;
      valid.push_back(live), seeds.push_back(static_cast<T>(broken ? cohort::infinity : none ? 0 : random.normal()));
      for (index_t d = 0; d < parameters && live && !none; ++d)
        matrix[static_cast<std::size_t>(t * pitch + d)] =
            stored<S>(bad && random.bits() % 101 == 0 ? cohort::not_a_number : random.normal());
    }
    std::vector<G> const before = random.normals<G>(static_cast<std::size_t>(parameters));
    auto const gradient =
        on.output_over("gradient", before,
                       {.absolute = 2 * static_cast<double>(tokens) * 0x1p-53 * 36 * static_cast<double>(tokens),
                        .places = std::is_same_v<G, float> ? 1.0 : 0});
    auto const scores = on.input(matrix);
    auto const of_tokens = on.input(seeds);
    auto const mask = on.input(valid);
    auto* const report = on.template report<cohort::gradient_sums>("report", {});
    on.run([&](auto& context) {
      cohort::accumulate_policy_gradient<T, S>(
          context, {.scores = as_matrix(scores, tokens, parameters, pitch), .d_log_prob = of_tokens, .mask = mask},
          {.gradient = gradient, .report = report});
    });
  }
};

template <class F>
void each_score_story(F f) {
  for (index_t const parameters : {1, 31, 257, 5000})
    f("accumulate_policy_gradient<float> of " + std::to_string(parameters),
      score_story<float, float, float>{77, parameters, 3});
  f("accumulate_policy_gradient<float> into double", score_story<float, float, double>{50, 1000});
  f("accumulate_policy_gradient<float>, bad seeds and scores", score_story<float, float, float>{90, 400, 0, true});
  f("accumulate_policy_gradient<float>, bfloat16 scores", score_story<float, cohort::bfloat16, float>{64, 777, 7});
  f("accumulate_policy_gradient<double>", score_story<double, double, double>{40, 333, 1, true});
  f("accumulate_policy_gradient<float>, no token", score_story<float, float, float>{0, 10});
}

} // namespace stories
