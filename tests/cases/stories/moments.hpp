// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Stories of whiten and moments.
#pragma once

#include <cases/stories/tokens.hpp>

namespace stories {

template <class T>
struct whiten_story {
  token_shape shape;
  cohort::whiten_options how{};
  double offset = 0;
  bool bad = false, alone = false; ///< the moments alone
  std::uint64_t seed = 1;

  template <class Stage>
  void operator()(Stage& on) const {
    token_cells_of const cells(shape, seed);
    laid_out const lay(on, cells);
    cases::random random(seed + 1);
    auto const values = on.input(cells.template fill<T>(
        [&] { return bad && random.bits() % 23 == 0 ? cohort::infinity : offset + random.normal(); }));
    auto const mask = on.input(cells.mask());
    double const size = std::fabs(offset) + 6, count = static_cast<double>(cells.count());
    auto* const report = on.template report<cohort::moment_sums>(
        "moments", {0x1p-53, 8 * count + count * size * size * 0x1p-40, size, 64});
    if (alone)
      return on.run([&](auto& context) {
        cohort::moments<T>(context, {.layout = lay.layout(), .values = lay(values), .mask = lay.template mask<T>(mask)},
                           report);
      });
    auto const whitened =
        on.template output<T>("whitened", cells.cells(), {.absolute = 64 * 0x1p-53 * size, .places = 4});
    on.run([&](auto& context) {
      cohort::whiten<T>(context, {.layout = lay.layout(), .values = lay(values), .mask = lay.template mask<T>(mask)},
                        {.whitened = lay(whitened), .report = report}, how);
    });
  }
};

template <class F>
void each_moment_story(F f) {
  token_shape const packed{ragged_lengths(), true, 0, 0, 0.1};
  token_shape const padded{random_lengths(40, 130, 3), false, 131, 5, 0.1};
  f("moments<float>, packed", whiten_story<float>{packed, {}, 0, false, true});
  f("moments<float>, padded, far from 0", whiten_story<float>{padded, {}, 1000, false, true});
  f("moments<float>, no token", whiten_story<float>{{{0, 0}, true}, {}, 0, false, true});
  f("whiten<float>, packed", whiten_story<float>{packed});
  f("whiten<float>, padded", whiten_story<float>{padded, {.ddof = 0, .epsilon_place = cohort::epsilon_place::added}});
  f("whiten<float>, mean kept", whiten_story<float>{padded, {.shift_mean = false}, 3});
  f("whiten<float>, far from 0", whiten_story<float>{packed, {}, 1000});
  f("whiten<float>, bad values", whiten_story<float>{packed, {}, 0, true});
  f("whiten<double>, padded", whiten_story<double>{padded});
}

} // namespace stories
