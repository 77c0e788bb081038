// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calls of whiten and moments that break a rule: which one, by name, and nothing written; and exact workspaces.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/tensors.hpp>

#include <cohort/advantage/whiten.hpp>
#include <cohort/interop/span.hpp>

namespace {

using cases::loose_matrix;
using cases::loose_vector;
using cohort::error_code;
using cohort::index_t;

template <class T>
struct call {
  std::vector<T> memory = std::vector<T>(24, T(77));
  std::vector<std::uint8_t> mask = std::vector<std::uint8_t>(6, 1);
  cohort::moment_sums report{.count = 77};
  cohort::whiten_inputs<T, cohort::host_space> in{.layout = cohort::padded{2, 3},
                                                  .values = loose_matrix(memory.data(), 2, 3, 3),
                                                  .mask = loose_matrix(mask.data(), 2, 3, 3)};
  cohort::whiten_outputs<T, cohort::host_space> out{loose_matrix(memory.data() + 8, 2, 3, 3), &report};
  cohort::whiten_options options{};
  cohort::moment_sums* moments = &report;

  [[nodiscard]] cohort::moments_inputs<T, cohort::host_space> inputs() const {
    return {.layout = in.layout, .values = in.values, .mask = in.mask};
  }
};

template <class T, class Context>
void refuses(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken,
             bool both = false) {
  call<T> c;
  broken(c);
  auto const memory = c.memory;
  auto const untouched = [&] { return support::same_bits(c.memory, memory) && c.report.count == 77; };
  cases::refuses(
      "whiten", argument, code, [&] { return cohort::check_whiten<T>(context, c.in, c.out, c.options); },
      [&] { cohort::whiten<T>(context, c.in, c.out, c.options); }, untouched);
  if (!both) return;
  cases::refuses(
      "moments", argument, code, [&] { return cohort::check_moments<T>(context, c.inputs(), c.moments); },
      [&] { cohort::moments<T>(context, c.inputs(), c.moments); }, untouched);
}

template <class T, class Context, class Set>
void token_rules(Context& context, char const* argument, T* data, bool both, Set const& set) {
  cases::for_each_bad_rectangle([&](error_code code, auto const& shape) {
    refuses<T>(
        context, argument, code, [&](call<T>& c) { set(c, shape(data)); }, both);
  });
}

} // namespace

TEST_CASE("whiten and moments: shapes and memory", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    std::vector<T> elsewhere(64, T(1));
    T* const data = elsewhere.data();
    token_rules<T>(context, "values", data, true, [](call<T>& c, auto const& x) { c.in.values = x; });
    token_rules<T>(context, "mask", data, true, [](call<T>& c, auto const& x) { c.in.mask = x; });
    token_rules<T>(context, "whitened", data, false, [](call<T>& c, auto const& x) { c.out.whitened = x; });
    refuses<T>(
        context, "layout", error_code::bad_extent,
        [](call<T>& c) {
          c.in.layout = cohort::padded{-2, 3};
        },
        true);
    std::vector<std::int32_t> const offsets{0, 4, 3};
    refuses<T>(
        context, "layout", error_code::bad_offsets,
        [&](call<T>& c) {
          c.in.layout = cohort::packed(offsets), c.in.mask = {}, c.in.values = loose_vector(data, 6);
          c.out.whitened = loose_vector(c.memory.data(), 6);
        },
        true);
    auto const overlap = [&](auto const& broken) { refuses<T>(context, "whitened", error_code::overlap, broken); };
    overlap([](call<T>& c) { c.out.whitened = loose_matrix(c.memory.data() + 1, 2, 3, 3); });
    overlap([](call<T>& c) { c.out.whitened = loose_matrix(c.memory.data() + 8, 2, 3, 0); });
    overlap([](call<T>& c) { c.in.mask = loose_matrix(c.memory.data() + 8, 2, 3, 3); });
    cases::over_integers<T>({0, 3, 6}, [&](auto const& whole, T* values) {
      overlap([&](call<T>& c) {
        c.in = {.layout = cohort::packed(whole), .values = loose_vector(data, 6)};
        c.out.whitened = loose_vector(values, 6);
      });
    });
    call<T> c;
    cohort::status const s = cohort::check_moments<T>(context, c.inputs(), nullptr);
    CHECK((s.code == error_code::null_data && std::string(s.argument) == "moments"));
  });
}

TEST_CASE("whiten: parameters", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (int const ddof : {-1, 2})
      refuses<T>(context, "ddof", error_code::bad_parameter, [&](call<T>& c) { c.options.ddof = ddof; });
    for (double const epsilon : {-1e-9, cohort::infinity, cohort::not_a_number})
      refuses<T>(context, "epsilon", error_code::bad_parameter, [&](call<T>& c) { c.options.epsilon = epsilon; });
  });
}

TEST_CASE("whiten and moments: workspaces are exact", "[advantage][workspace]") {
  cohort::moment_sums const given{.count = 4, .square = 1};
  CHECK(cohort::moments_workspace_bytes() == 128);
  CHECK(cohort::whiten_workspace_bytes({}) == 192);
  CHECK(cohort::whiten_workspace_bytes({.moments = &given}) == 0);
  support::on_every_context(
      [](auto& context) {
        call<float> c;
        CHECK_NOTHROW(cohort::whiten<float>(context, c.in, c.out));
      },
      192);
  support::on_every_context(
      [](auto& context) {
        refuses<float>(context, "workspace", error_code::bad_workspace, [](call<float>&) {});
        call<float> c;
        CHECK_NOTHROW(cohort::moments<float>(context, c.inputs(), &c.report));
      },
      128);
  support::on_every_context(
      [&](auto& context) {
        refuses<float>(
            context, "workspace", error_code::bad_workspace, [](call<float>&) {}, true);
        call<float> c;
        c.options.moments = &given;
        c.out.report = &c.report;
        CHECK_NOTHROW(cohort::whiten<float>(context, c.in, c.out, c.options));
        CHECK(c.report.square == 1);
      },
      64);
}
