// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Stories of process_advantage.
#pragma once

#include <string>
#include <vector>

#include <cases/stories/tokens.hpp>

namespace stories {

template <class T>
struct process_story {
  token_shape shape;
  bool as_list = false, by_ids = false, bad = false;
  index_t group = 3; ///< sequences of each, by size or by ids in any order
  std::uint64_t seed = 1;

  template <class Stage>
  void operator()(Stage& on) const {
    token_cells_of const cells(shape, seed);
    laid_out const lay(on, cells);
    cases::random random(seed + 1);
    auto const mask = on.input(cells.mask());
    // A step list, and the same idea as a dense reward with a step mask.
    std::vector<std::int64_t> offsets{0}, ends, ids;
    std::vector<T> list, dense;
    std::vector<std::uint8_t> at_step;
    for (index_t r = 0; r < cells.rows(); ++r) {
      index_t const begin = cells.first(r), end = cells.first(r + 1),
                    width = cells.packed() ? end - begin : cells.columns();
      for (index_t c = begin; c < end; ++c) {
        bool const step = c - begin < width && random.bits() % 5 == 0;
        bool const broken = bad && random.bits() % 11 == 0;
        auto const reward = static_cast<T>(broken ? cohort::not_a_number : random.normal());
        at_step.push_back(step), dense.push_back(step ? reward : static_cast<T>(cohort::not_a_number));
        if (step) ends.push_back(c - begin), list.push_back(reward);
      }
      offsets.push_back(static_cast<std::int64_t>(ends.size()));
      ids.push_back(r / group * 77 - 1000);
    }
    cases::shuffle(random, ids);
    auto const step_offsets = on.input(offsets), step_ends = on.input(ends), names = on.input(ids);
    auto const step_rewards = on.input(list), token_rewards = on.input(dense);
    auto const step_mask = on.input(at_step);
    double const most = static_cast<double>(cells.longest());
    auto const advantage =
        on.template output<T>("advantage", cells.cells(),
                              {.absolute = 64 * 0x1p-53 * most * 64, .places = std::is_same_v<T, float> ? 2.0 : 8});
    auto* const report =
        on.template report<cohort::group_sums>("report", {0x1p-53, 8.0 * static_cast<double>(ends.size()), 0, 64});
    using steps = cohort::process_steps<T, typename Stage::space>;
    using options = cohort::process_advantage_options<typename Stage::space>;
    steps given = cohort::step_list(step_offsets, step_ends, step_rewards);
    if (!as_list) {
      given = steps(cohort::dense_steps(token_rewards));
      given.dense = lay(token_rewards), given.mask = lay.template mask<T>(step_mask);
    }
    options asked{.groups = cohort::uniform_groups{group}, .epsilon = 1e-6, .non_finite = cohort::non_finite::exclude};
    if (by_ids) asked.groups = cohort::group_ids(names);
    on.run([&](auto& context) {
      cohort::process_advantage<T>(context,
                                   {.layout = lay.layout(), .steps = given, .mask = lay.template mask<T>(mask)},
                                   {.advantage = lay(advantage), .report = report}, asked);
    });
  }
};

template <class F>
void each_process_story(F f) {
  token_shape const packed{ragged_lengths(), true, 0, 0, 0.1};
  token_shape const padded{random_lengths(24, 61, 5), false, 64, 3, 0.1};
  f("process_advantage<float>, packed, dense", process_story<float>{packed});
  f("process_advantage<float>, packed, list", process_story<float>{packed, true});
  f("process_advantage<float>, padded, dense, ids", process_story<float>{padded, false, true});
  f("process_advantage<float>, padded, list", process_story<float>{padded, true, false, false, 4});
  f("process_advantage<float>, padded, bad rewards", process_story<float>{padded, false, false, true, 8});
  f("process_advantage<double>, packed, list, ids", process_story<double>{packed, true, true});
}

} // namespace stories
