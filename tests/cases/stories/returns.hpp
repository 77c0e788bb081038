// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Stories of gae and return_to_go.
#pragma once

#include <string>

#include <cases/stories/tokens.hpp>

namespace stories {

struct return_case {
  token_shape shape;
  double gamma = 0.99, lambda = 0.95;
  bool done = false, bootstrap = false, masked = true, in_place = false, bad = false;
  std::uint64_t seed = 1;
};

/// 4 u min(T, 1 / (1 - gamma lambda)) max |delta| each, and the rounding of both.
template <class T>
budget of_returns(token_cells_of const& cells, double decay, double largest) {
  double const longest = static_cast<double>(cells.longest());
  double const reach = std::fmin(longest, decay < 1 ? 1 / (1 - decay) : longest);
  return {.absolute = 8 * roundoff<T> * reach * largest, .places = 2, .zeros = false};
}

/// What both calls read.
template <class T, class Stage>
struct return_inputs {
  using space = typename Stage::space;
  using token_cells = cohort::view<T const, 1, space>;

  token_cells_of cells;
  laid_out<Stage> lay;
  std::vector<T> reward, value;
  cohort::mask_view<T, space> mask{}, done{};
  cohort::optional_view<T const, 1, space> bootstrap{};
  static constexpr double largest = 18; ///< of |reward + gamma value - value|: all within six

  return_inputs(Stage& on, return_case const& c) : cells(c.shape, c.seed), lay(on, cells) {
    cases::random random(c.seed + 1);
    reward = cells.fill<T>([&] { return c.bad && random.bits() % 13 == 0 ? cohort::infinity : random.normal(); });
    value = cells.fill<T>([&] { return c.bad && random.bits() % 17 == 0 ? cohort::not_a_number : random.normal(); });
    if (c.masked) mask = lay.template mask<T>(on.input(cells.mask()));
    std::vector<std::uint8_t> ends;
    for (index_t i = 0; i < cells.cells(); ++i) ends.push_back(random.bits() % 40 == 0);
    if (c.done) done = lay.template mask<T>(on.input(ends));
    std::vector<T> after;
    for (index_t r = 0; r < cells.rows(); ++r)
      after.push_back(static_cast<T>(c.bad && r % 5 == 4 ? cohort::not_a_number : random.normal()));
    if (c.bootstrap) bootstrap = on.input(after);
  }
};

template <class T>
struct gae_story {
  return_case what;

  template <class Stage>
  void operator()(Stage& on) const {
    return_inputs<T, Stage> const in(on, what);
    budget const allowed = of_returns<T>(in.cells, what.gamma * what.lambda, in.largest);
    auto const returns = on.template output<T>("returns", in.cells.cells(), allowed);
    auto const advantage = what.in_place ? on.output_over("advantage", in.reward, allowed)
                                         : on.template output<T>("advantage", in.cells.cells(), allowed);
    auto const reward =
        what.in_place ? cohort::view<T const, 1, typename Stage::space>(advantage) : on.input(in.reward);
    auto const value = on.input(in.value);
    auto* const report = on.template report<cohort::token_counts>("report", {});
    on.run([&](auto& context) {
      cohort::gae<T>(context,
                     {.layout = in.lay.layout(),
                      .reward = in.lay(reward),
                      .value = in.lay(value),
                      .mask = in.mask,
                      .done = in.done,
                      .bootstrap = in.bootstrap},
                     {.advantage = in.lay(advantage), .returns = in.lay(returns), .report = report},
                     {.gamma = what.gamma, .lambda = what.lambda});
    });
  }
};

template <class T>
struct return_to_go_story {
  return_case what;

  template <class Stage>
  void operator()(Stage& on) const {
    return_inputs<T, Stage> const in(on, what);
    budget const allowed = of_returns<T>(in.cells, what.gamma, in.largest);
    auto const returns = what.in_place ? on.output_over("returns", in.reward, allowed)
                                       : on.template output<T>("returns", in.cells.cells(), allowed);
    auto const reward = what.in_place ? cohort::view<T const, 1, typename Stage::space>(returns) : on.input(in.reward);
    auto* const report = on.template report<cohort::token_counts>("report", {});
    on.run([&](auto& context) {
      cohort::return_to_go<T>(context,
                              {.layout = in.lay.layout(),
                               .reward = in.lay(reward),
                               .mask = in.mask,
                               .done = in.done,
                               .bootstrap = in.bootstrap},
                              {.returns = in.lay(returns), .report = report}, {.gamma = what.gamma});
    });
  }
};

template <class F>
void each_return_story(F f) {
  token_shape const packed{ragged_lengths(), true, 0, 0, 0.1}, whole{ragged_lengths(), true};
  token_shape const padded{random_lengths(40, 130, 3), false, 131, 5, 0.1};
  token_shape const wide{{5000, 4999, 0, 1, 2500}, false, 5000, 0, 0.2};
  auto const both = [&](std::string const& which, return_case const& c) {
    f("gae<float>, " + which, gae_story<float>{c});
    f("return_to_go<float>, " + which, return_to_go_story<float>{c});
  };
  both("packed", {.shape = packed});
  both("packed, no mask, bootstrap", {.shape = whole, .bootstrap = true, .masked = false});
  both("packed, undiscounted", {.shape = packed, .gamma = 1, .lambda = 1, .bootstrap = true});
  both("packed, done", {.shape = packed, .done = true, .bootstrap = true});
  both("padded, done, bootstrap", {.shape = padded, .done = true, .bootstrap = true});
  both("padded, wide", {.shape = wide, .gamma = 1, .lambda = 0.97});
  both("padded, in place", {.shape = padded, .in_place = true});
  both("padded, bad values", {.shape = padded, .bootstrap = true, .bad = true});
  both("discount 0", {.shape = packed, .gamma = 0, .lambda = 0});
  f("gae<double>, packed", gae_story<double>{{.shape = packed, .done = true, .bootstrap = true}});
  f("gae<double>, padded", gae_story<double>{{.shape = padded}});
  f("gae<float>, no sequence", gae_story<float>{{.shape = {{}, true}}});
  f("gae<float>, 1024 sequences", gae_story<float>{{.shape = {random_lengths(1024, 700, 9), true, 0, 0, 0.05}}});
}

} // namespace stories
