// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calls of process_advantage that break a rule: which one, by name, and nothing written.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/processes.hpp>
#include <cases/tensors.hpp>

namespace {

using cases::far;
using cases::huge;
using cases::loose_matrix;
using cases::loose_vector;
using cohort::error_code;
using cohort::index_t;

constexpr double endless = cohort::infinity, undefined = cohort::not_a_number;

/// A valid call over two rows of three tokens: steps end at tokens 0, 2 and 1.
template <class T>
struct call {
  using inputs = cohort::process_advantage_inputs<T, cohort::host_space>;
  std::vector<std::int64_t> offsets{0, 2, 3};
  std::vector<std::int32_t> end{0, 2, 1};
  std::vector<T> step{1, 2, 4}, memory = std::vector<T>(32, T(77));
  std::vector<std::uint8_t> mask = std::vector<std::uint8_t>(6, 1);
  cohort::group_sums report{.groups = 77};
  inputs in{.layout = cohort::padded{2, 3},
            .steps = cohort::step_list(offsets, end, step),
            .mask = loose_matrix(mask.data(), 2, 3, 3)};
  cohort::process_advantage_outputs<T, cohort::host_space> out{loose_matrix(memory.data() + 8, 2, 3, 3), &report};
  cases::process_options options{.groups = cohort::uniform_groups{2}};

  /// The same rewards at tokens, in memory[0..6).
  void make_dense() { reward(loose_matrix(memory.data(), 2, 3, 3), loose_matrix(mask.data(), 2, 3, 3)); }
  template <class Rewards, class Mask>
  void reward(Rewards const& rewards, Mask const& steps) {
    in.steps = cohort::dense_steps(rewards, steps);
  }
};

template <class T, class Context>
void refuses(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  call<T> c;
  broken(c);
  auto const memory = c.memory;
  auto const report = c.report;
  cases::refuses(
      "process_advantage", argument, code,
      [&] { return cohort::check_process_advantage<T>(context, c.in, c.out, c.options); },
      [&] { cohort::process_advantage<T>(context, c.in, c.out, c.options); },
      [&] { return support::same_bits(c.memory, memory) && support::same_bits(c.report, report); });
}

template <class T, class Context, class Set>
void token_rules(Context& context, char const* argument, T* data, Set const& set) {
  cases::for_each_bad_rectangle([&](error_code code, auto const& shape) {
    refuses<T>(context, argument, code, [&](call<T>& c) { set(c, shape(data)); });
  });
}

} // namespace

TEST_CASE("process_advantage: tokens and layouts", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    std::vector<T> elsewhere(64, T(1));
    token_rules<T>(context, "advantage", elsewhere.data(), [](call<T>& c, auto const& x) { c.out.advantage = x; });
    token_rules<T>(context, "mask", elsewhere.data(), [](call<T>& c, auto const& x) { c.in.mask = x; });
    token_rules<T>(context, "token_reward", elsewhere.data(),
                   [](call<T>& c, auto const& x) { c.reward(x, loose_matrix(c.mask.data(), 2, 3, 3)); });
    token_rules<T>(context, "step_mask", elsewhere.data(),
                   [](call<T>& c, auto const& x) { c.reward(loose_matrix(c.memory.data(), 2, 3, 3), x); });
    refuses<T>(context, "layout", error_code::bad_extent, [](call<T>& c) { c.in.layout = cohort::padded{-2, 3}; });
    refuses<T>(context, "layout", error_code::size_overflow, [](call<T>& c) {
      c.in.layout = cohort::padded{huge, huge};
    });
    for (std::vector<std::int32_t> const& offsets :
         {std::vector<std::int32_t>{1, 3, 6}, {0, 4, 3}, {0, 3, 5}, {0, -1, 6}})
      refuses<T>(context, "layout", error_code::bad_offsets, [&](call<T>& c) {
        c.in.layout = cohort::packed(offsets), c.in.mask = {}, c.out.advantage = loose_vector(c.memory.data(), 6);
      });
  });
}

TEST_CASE("process_advantage: memory that is shared", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const overlap = [&](auto const& broken) { refuses<T>(context, "advantage", error_code::overlap, broken); };
    for (index_t const at : {index_t{1}, index_t{5}})
      overlap([&](call<T>& c) { c.make_dense(), c.out.advantage = loose_matrix(c.memory.data() + at, 2, 3, 3); });
    overlap([](call<T>& c) { c.out.advantage = loose_matrix(c.memory.data() + 8, 2, 3, 0); });
    overlap([](call<T>& c) { c.in.mask = loose_matrix(c.memory.data() + 8, 2, 3, 3); });
    overlap([](call<T>& c) {
      c.reward(loose_matrix(c.memory.data(), 2, 3, 3), loose_matrix(c.memory.data() + 11, 2, 3, 3));
    });
    overlap(
        [](call<T>& c) { c.in.steps = cohort::step_list(c.offsets, c.end, loose_vector(c.memory.data() + 12, 3)); });
    auto const over = [&](std::vector<std::int64_t> const& integers, auto const& set) {
      cases::over_integers<T>(integers, [&](auto const& x, T* values) {
        overlap([&](call<T>& c) { c.out.advantage = loose_matrix(values, 2, 3, 3), set(c, x, values); });
      });
    };
    over({0, 3, 6}, [](call<T>& c, auto const& x, T* values) {
      c.in.layout = cohort::packed(x), c.in.mask = {}, c.out.advantage = loose_vector(values, 6);
    });
    over({0, 2, 3}, [](call<T>& c, auto const& x, T*) { c.in.steps = cohort::step_list(x, c.end, c.step); });
    over({0, 2, 1}, [](call<T>& c, auto const& x, T*) { c.in.steps = cohort::step_list(c.offsets, x, c.step); });
    over({5, 5}, [](call<T>& c, auto const& x, T*) { c.options.groups = cohort::group_ids(x); });
    over({0, 2}, [](call<T>& c, auto const& x, T*) { c.options.groups = cohort::group_offsets(x); });
  });
}

TEST_CASE("process_advantage: step lists", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const list = [&](char const* argument, error_code code, auto const& offsets, auto const& end,
                          auto const& reward) {
      refuses<T>(context, argument, code, [&](call<T>& c) { c.in.steps = cohort::step_list(offsets, end, reward); });
    };
    call<T> c;
    using integers = std::vector<std::int64_t>;
    list("step_offsets", error_code::shape_mismatch, integers{0, 3}, c.end, c.step);
    list("step_offsets", error_code::bad_offsets, integers{1, 2, 3}, c.end, c.step);
    list("step_offsets", error_code::bad_offsets, integers{0, 4, 3}, c.end, c.step);
    list("step_offsets", error_code::bad_offsets, integers{0, 2, 2}, c.end, c.step);
    list("step_offsets", error_code::null_data, loose_vector<std::int64_t>(nullptr, 3), c.end, c.step);
    list("step_end", error_code::shape_mismatch, c.offsets, integers{0, 1}, c.step);
    list("step_end", error_code::null_data, c.offsets, loose_vector<std::int32_t>(nullptr, 3), c.step);
    list("step_end", error_code::bad_step, c.offsets, integers{0, 3, 1}, c.step);
    list("step_end", error_code::bad_step, c.offsets, integers{0, -1, 1}, c.step);
    list("step_end", error_code::bad_step, c.offsets, integers{0, 2, far}, c.step);
    list("step_reward", error_code::null_data, c.offsets, c.end, loose_vector<T>(nullptr, 3));
    list("step_reward", error_code::bad_extent, c.offsets, c.end, loose_vector<T>(c.step.data(), -3));
    list("step_reward", error_code::bad_stride, c.offsets, c.end, loose_vector<T>(c.step.data(), 3, far));
    for (double const bad : {undefined, endless, -endless})
      list("step_reward", error_code::non_finite, c.offsets, c.end, std::vector<T>{T(1), static_cast<T>(bad), T(2)});
  });
}

TEST_CASE("process_advantage: groups and parameters", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const groups = [&](error_code code, auto const& x) {
      refuses<T>(context, "groups", code, [&](call<T>& c) { c.options.groups = x; });
    };
    groups(error_code::bad_group, cohort::uniform_groups{0});
    groups(error_code::bad_group, cohort::uniform_groups{3});
    groups(error_code::bad_offsets, cohort::group_offsets(std::vector<std::int32_t>{0, 1}));
    groups(error_code::bad_offsets, cohort::group_offsets(std::vector<std::int64_t>{0, 3, 2}));
    groups(error_code::shape_mismatch, cohort::group_ids(std::vector<std::int64_t>{1}));
    for (int const ddof : {-1, 2})
      refuses<T>(context, "ddof", error_code::bad_parameter, [&](call<T>& c) { c.options.ddof = ddof; });
    for (double const epsilon : {-1.0, undefined, endless})
      refuses<T>(context, "epsilon", error_code::bad_parameter, [&](call<T>& c) { c.options.epsilon = epsilon; });
  });
}

TEST_CASE("process_advantage: too little workspace, in bytes", "[advantage][contract]") {
  auto const check = [](auto& context) {
    refuses<float>(context, "workspace", error_code::bad_workspace, [](call<float>&) {});
    call<float> c;
    auto const s = cohort::check_process_advantage<float>(context, c.in, c.out, c.options);
    CHECK(s.expected == static_cast<double>(cohort::process_advantage_workspace_bytes(2, c.options)));
  };
  support::on_every_context(check, 64);
}
