// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calls of group_advantage and group_statistics that break a rule: which one, by name, and nothing written.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/groups.hpp>
#include <cases/tensors.hpp>

namespace {

using cases::loose_vector;
using cohort::error_code;
using cohort::index_t;

constexpr index_t far = index_t{1} << 62;
constexpr double endless = cohort::infinity, undefined = cohort::not_a_number;

struct shape {
  error_code code;
  index_t extent;
  bool null = false;
};

/// Valid calls over six samples in groups of three.
template <class T>
struct call {
  std::vector<T> memory = {1, 2, 3, 4, 5, 6, 0, 0, 77, 77, 77, 77, 77, 77, 77, 77};
  std::vector<double> mean{77, 77, 77}, std = mean, low = mean, high = mean;
  std::vector<index_t> count{77, 77, 77};
  std::vector<std::uint8_t> zero{77, 77, 77};
  cohort::group_sums report{.groups = 77};
  cohort::view<T const, 1, cohort::host_space> reward = loose_vector(memory.data(), 6);
  cohort::group_advantage_outputs<T, cohort::host_space> out{loose_vector(memory.data() + 8, 6), &report};
  cases::group_options options{.groups = cohort::uniform_groups{3}};
  cohort::group_statistics_outputs<cohort::host_space> statistics{over(count), over(mean), over(std), over(low),
                                                                  over(high),  over(zero), &report};

  template <class X>
  static auto over(std::vector<X>& x, index_t n = 2) {
    return loose_vector(x.data(), n);
  }
  [[nodiscard]] cohort::group_statistics_options<cohort::host_space> statistics_options() const {
    return {options.groups, options.ddof, options.non_finite};
  }
  [[nodiscard]] bool same(call const& c) const {
    return support::same_bits(memory, c.memory) && mean == c.mean && std == c.std && low == c.low && high == c.high &&
           count == c.count && zero == c.zero && support::same_bits(report, c.report);
  }
};

template <class T, class Context>
void refuses_advantage(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  call<T> c;
  broken(c);
  call<T> const before = c;
  cases::refuses(
      "group_advantage", argument, code,
      [&] { return cohort::check_group_advantage<T>(context, c.reward, c.out, c.options); },
      [&] { cohort::group_advantage<T>(context, c.reward, c.out, c.options); }, [&] { return c.same(before); });
}

template <class T, class Context>
void refuses_statistics(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  call<T> c;
  broken(c);
  call<T> const before = c;
  cases::refuses(
      "group_statistics", argument, code,
      [&] { return cohort::check_group_statistics<T>(context, c.reward, c.statistics, c.statistics_options()); },
      [&] { cohort::group_statistics<T>(context, c.reward, c.statistics, c.statistics_options()); },
      [&] { return c.same(before); });
}

template <class T, class Context>
void both_refuse(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  refuses_advantage<T>(context, argument, code, broken);
  refuses_statistics<T>(context, argument, code, broken);
}

} // namespace

TEST_CASE("group_advantage, group_statistics: rewards", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const reward = [&](error_code code, auto const& shape) {
      both_refuse<T>(context, "reward", code, [&](call<T>& c) { c.reward = shape(c); });
    };
    reward(error_code::null_data, [](call<T>&) { return loose_vector<T>(nullptr, 6); });
    reward(error_code::bad_extent, [](call<T>& c) { return loose_vector(c.memory.data(), -6); });
    reward(error_code::bad_stride, [](call<T>& c) { return loose_vector(c.memory.data(), 6, far); });
    reward(error_code::bad_stride, [](call<T>& c) { return loose_vector(c.memory.data(), far, 4); });
    for (std::size_t i = 0; i < 6; ++i)
      for (double const bad : {undefined, endless, -endless}) {
        both_refuse<T>(context, "reward", error_code::non_finite,
                       [&](call<T>& c) { c.memory[i] = static_cast<T>(bad); });
        call<T> c;
        c.memory[i] = static_cast<T>(bad);
        CHECK(cohort::check_group_advantage<T>(context, c.reward, c.out, c.options).index == static_cast<index_t>(i));
      }
  });
}

TEST_CASE("group_advantage, group_statistics: groups", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const groups = [&](error_code code, auto const& x) {
      both_refuse<T>(context, "groups", code, [&](call<T>& c) { c.options.groups = x; });
    };
    for (index_t const size : {index_t{0}, index_t{-3}, index_t{4}, index_t{7}})
      groups(error_code::bad_group, cohort::uniform_groups{size});
    auto const offsets = [&](error_code code, auto const& x) { groups(code, cohort::group_offsets(x)); };
    offsets(error_code::bad_offsets, std::vector<std::int32_t>{1, 3, 6});
    offsets(error_code::bad_offsets, std::vector<std::int64_t>{0, 4, 3, 6});
    offsets(error_code::bad_offsets, std::vector<std::int64_t>{0, 3, 5});
    offsets(error_code::bad_offsets, std::vector<std::int32_t>{0, 3, 7});
    offsets(error_code::bad_offsets, std::vector<std::int32_t>{});
    offsets(error_code::null_data, loose_vector<std::int64_t>(nullptr, 3));
    offsets(error_code::bad_extent, loose_vector<std::int64_t>(nullptr, -3));
    groups(error_code::shape_mismatch, cohort::group_ids(std::vector<std::int32_t>{1, 1, 2, 2, 3}));
    groups(error_code::shape_mismatch, cohort::group_ids(std::vector<std::int64_t>(7, 1)));
    groups(error_code::null_data, cohort::group_ids(loose_vector<std::int64_t>(nullptr, 6)));
    auto const alone = [&](auto const& x) {
      refuses_advantage<T>(context, "groups", error_code::small_group,
                           [&](call<T>& c) { c.options.groups = x, c.options.singleton = cohort::singleton::refuse; });
    };
    std::vector<std::int64_t> const ragged{0, 3, 4, 6}, ids{5, 5, -1, 5, 5, 5};
    alone(cohort::uniform_groups{1});
    alone(cohort::group_offsets(ragged));
    alone(cohort::group_ids(ids));
  });
}

TEST_CASE("group_advantage, group_statistics: parameters", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (int const ddof : {-1, 2})
      both_refuse<T>(context, "ddof", error_code::bad_parameter, [&](call<T>& c) { c.options.ddof = ddof; });
    for (double const epsilon : {-1e-9, undefined, endless})
      refuses_advantage<T>(context, "epsilon", error_code::bad_parameter,
                           [&](call<T>& c) { c.options.epsilon = epsilon; });
  });
}

TEST_CASE("group_advantage: outputs", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const advantage = [&](error_code code, auto const& shape) {
      refuses_advantage<T>(context, "advantage", code, [&](call<T>& c) { c.out.advantage = shape(c); });
    };
    advantage(error_code::null_data, [](call<T>&) { return loose_vector<T>(nullptr, 6); });
    advantage(error_code::shape_mismatch, [](call<T>& c) { return loose_vector(c.memory.data() + 8, 5); });
    advantage(error_code::bad_stride, [](call<T>& c) { return loose_vector(c.memory.data() + 8, 6, -far); });
    advantage(error_code::overlap, [](call<T>& c) { return loose_vector(c.memory.data() + 1, 6); });
    advantage(error_code::overlap, [](call<T>& c) { return loose_vector(c.memory.data() + 5, 6, -1); });
    auto const over = [&](std::vector<std::int64_t> const& integers, auto const& groups) {
      cases::over_integers<T>(integers, [&](auto const& x, T* values) {
        refuses_advantage<T>(context, "advantage", error_code::overlap, [&](call<T>& c) {
          c.options.groups = groups(x), c.out.advantage = loose_vector(values, 6);
        });
      });
    };
    over({4, 4, 4, 7, 7, 7}, [](auto const& x) { return cohort::group_ids(x); });
    over({0, 3, 6}, [](auto const& x) { return cohort::group_offsets(x); });
  });
}

TEST_CASE("group_statistics: outputs", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const output = [&](char const* name, auto const& set) {
      for (shape const& x : {shape{error_code::shape_mismatch, 3},
                             {error_code::shape_mismatch, 1},
                             {error_code::null_data, 2, true},
                             {error_code::bad_extent, -2}})
        refuses_statistics<T>(context, name, x.code, [&](call<T>& c) { set(c, x.extent, x.null); });
    };
    auto const shaped = [](auto& x, index_t n, bool null) { return loose_vector(null ? nullptr : x.data(), n); };
    output("count", [&](call<T>& c, index_t n, bool null) { c.statistics.count = shaped(c.count, n, null); });
    output("mean", [&](call<T>& c, index_t n, bool null) { c.statistics.mean = shaped(c.mean, n, null); });
    output("std", [&](call<T>& c, index_t n, bool null) { c.statistics.std = shaped(c.std, n, null); });
    output("min", [&](call<T>& c, index_t n, bool null) { c.statistics.min = shaped(c.low, n, null); });
    output("max", [&](call<T>& c, index_t n, bool null) { c.statistics.max = shaped(c.high, n, null); });
    output("zero_variance",
           [&](call<T>& c, index_t n, bool null) { c.statistics.zero_variance = shaped(c.zero, n, null); });
  });
}

TEST_CASE("group_statistics: outputs over the groups", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const output = [&]<class X>(char const* name, X, auto const& set) {
      cases::over_integers<X>({0, 3, 6}, [&](auto const& x, X* values) {
        refuses_statistics<T>(context, name, error_code::overlap, [&](call<T>& c) {
          c.options.groups = cohort::group_offsets(x), set(c.statistics, loose_vector(values, 2));
        });
      });
    };
    output("count", index_t{}, [](auto& out, auto const& x) { out.count = x; });
    output("mean", double{}, [](auto& out, auto const& x) { out.mean = x; });
    output("std", double{}, [](auto& out, auto const& x) { out.std = x; });
    output("min", double{}, [](auto& out, auto const& x) { out.min = x; });
    output("max", double{}, [](auto& out, auto const& x) { out.max = x; });
    output("zero_variance", std::uint8_t{}, [](auto& out, auto const& x) { out.zero_variance = x; });
  });
}

TEST_CASE("group_advantage, group_statistics: too little workspace, in bytes", "[advantage][contract]") {
  support::on_every_context(
      [](auto& context) {
        std::vector<std::int32_t> const ids{1, 2, 1, 2, 1, 2};
        auto const named = [&](call<float>& c) { c.options.groups = cohort::group_ids(ids); };
        refuses_advantage<float>(context, "workspace", error_code::bad_workspace, named);
        refuses_advantage<float>(context, "workspace", error_code::bad_workspace,
                                 [](call<float>& c) { c.options.scale = cohort::scale::batch_std; });
        call<float> c;
        named(c);
        auto const s = cohort::check_group_advantage<float>(context, c.reward, c.out, c.options);
        CHECK(s.found == 0);
        CHECK(s.expected == static_cast<double>(cohort::group_advantage_workspace_bytes(6, c.options)));
        auto const statistics = [&](call<float>& x) { named(x), x.statistics = {.report = &x.report}; };
        refuses_statistics<float>(context, "workspace", error_code::bad_workspace, statistics);
      },
      0);
}
