// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calls of value_loss that break a rule: which one, by name, and nothing written.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/values.hpp>

namespace {

using cases::loose_matrix;
using cases::loose_vector;
using cohort::error_code;
using cohort::index_t;

constexpr double endless = cohort::infinity, undefined = cohort::not_a_number;

/// A valid call over two rows of three tokens, in memory that a test can lay arguments over.
template <class T>
struct call {
  using inputs = cohort::value_loss_inputs<T, cohort::host_space>;
  using outputs = cohort::value_loss_outputs<T, cohort::host_space>;

  std::vector<T> memory = std::vector<T>(64, T(0.5));
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(6, 1);
  cohort::value_sums report{.loss = 77, .tokens = 78};
  cohort::squared_error f{.clip = 0.2};
  cohort::value_loss_options options{cohort::by_tokens(6)};
  inputs in{.layout = cohort::padded{2, 3},
            .value = tokens(0),
            .old_value = tokens(8),
            .returns = tokens(16),
            .mask = loose_matrix(bytes.data(), 2, 3, 3)};
  outputs out{tokens(40), &report};

  [[nodiscard]] auto tokens(index_t at) { return loose_matrix(memory.data() + at, 2, 3, 3); }
  [[nodiscard]] T* at(index_t i) { return memory.data() + i; }
  template <class Offsets>
  void pack(Offsets const& offsets) {
    auto const run = [&](index_t i) { return loose_vector(memory.data() + i, 6); };
    in = {.layout = cohort::packed(offsets), .value = run(0), .old_value = run(8), .returns = run(16)};
    out = {run(40), &report};
  }
};

template <class T, class Context>
void refuses(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  call<T> c;
  broken(c);
  auto const memory = c.memory;
  auto const report = c.report;
  cases::refuses(
      "value_loss", argument, code, [&] { return cohort::check_value_loss<T>(context, c.in, c.out, c.f, c.options); },
      [&] { cohort::value_loss<T>(context, c.in, c.out, c.f, c.options); },
      [&] { return support::same_bits(c.memory, memory) && support::same_bits(c.report, report); });
}

/// Every rule on every token argument.
template <class T, class Context, class Set>
void token_rules(Context& context, char const* argument, Set const& set) {
  cases::for_each_bad_rectangle([&](error_code code, auto const& shape) {
    refuses<T>(context, argument, code, [&](call<T>& c) { set(c, shape(c.at(48))); });
  });
}

} // namespace

TEST_CASE("value_loss: a valid call passes", "[objective][value_loss][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    call<T> c;
    CHECK(cohort::check_value_loss<T>(context, c.in, c.out, c.f, c.options).ok());
    cohort::value_loss<T>(context, c.in, c.out, c.f, c.options);
    CHECK(c.report.tokens == 6);
    c.f.clip = endless, c.in.old_value = {};
    CHECK(cohort::check_value_loss<T>(context, c.in, c.out, c.f, c.options).ok());
  });
}

TEST_CASE("value_loss: shapes, pointers, strides and layouts", "[objective][value_loss][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    token_rules<T>(context, "value", [](call<T>& c, auto x) { c.in.value = x; });
    token_rules<T>(context, "old_value", [](call<T>& c, auto x) { c.in.old_value = x; });
    token_rules<T>(context, "returns", [](call<T>& c, auto x) { c.in.returns = x; });
    token_rules<T>(context, "mask", [](call<T>& c, auto x) { c.in.mask = x; });
    token_rules<T>(context, "d_value", [](call<T>& c, auto x) { c.out.d_value = x; });
    refuses<T>(context, "old_value", error_code::missing_argument, [](call<T>& c) { c.in.old_value = {}; });
    refuses<T>(context, "layout", error_code::bad_extent, [](call<T>& c) { c.in.layout = cohort::padded{-2, 3}; });
    for (auto const& offsets : {std::vector<std::int64_t>{1, 3, 6}, {0, 4, 3, 6}, {0, 3, 5}, {0, -1, 6}, {}})
      refuses<T>(context, "layout", error_code::bad_offsets, [&](call<T>& c) { c.pack(offsets); });
    std::vector<std::int64_t> const offsets{0, 3, 6};
    refuses<T>(context, "value", error_code::bad_rank, [&](call<T>& c) { c.pack(offsets), c.in.value = c.tokens(0); });
  });
}

TEST_CASE("value_loss: parameters", "[objective][value_loss][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const bad : {-0.1, -endless, undefined})
      refuses<T>(context, "clip", error_code::bad_parameter, [&](call<T>& c) { c.f.clip = bad; });
    for (double const bad : {-1.0, endless, undefined})
      refuses<T>(context, "normalizer", error_code::bad_normalizer,
                 [&](call<T>& c) { c.options.normalizer = cohort::by_tokens(bad); });
  });
}

TEST_CASE("value_loss: a gradient that overlaps an input without being it", "[objective][value_loss][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (index_t const at : {index_t{1}, index_t{5}, index_t{9}, index_t{17}, index_t{21}})
      refuses<T>(context, "d_value", error_code::overlap, [&](call<T>& c) { c.out.d_value = c.tokens(at); });
    refuses<T>(context, "d_value", error_code::overlap,
               [&](call<T>& c) { c.out.d_value = loose_matrix(c.at(40), 2, 3, 0); });
    refuses<T>(context, "d_value", error_code::overlap,
               [&](call<T>& c) { c.in.mask = loose_matrix(c.at(42), 2, 3, 3); });
    cases::over_integers<T>({0, 3, 6}, [&](auto const& offsets, T* values) {
      refuses<T>(context, "d_value", error_code::overlap,
                 [&](call<T>& c) { c.pack(offsets), c.out.d_value = loose_vector(values, 6); });
    });
  });
}

TEST_CASE("value_loss: too little workspace, in bytes", "[objective][value_loss][contract]") {
  support::on_every_context(
      [](auto& context) {
        refuses<float>(context, "workspace", error_code::bad_workspace,
                       [&](call<float>& c) { c.options.normalizer = cohort::by_tokens(); });
        call<float> c;
        c.options.normalizer = cohort::by_tokens();
        auto const s = cohort::check_value_loss<float>(context, c.in, c.out, c.f, c.options);
        CHECK(s.expected == static_cast<double>(cohort::value_loss_workspace_bytes(c.options)));
      },
      0);
}
