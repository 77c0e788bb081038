// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calls of gae that break a rule: which one, by name, and nothing written.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/rewards.hpp>

namespace {

using cases::far;
using cases::huge;
using cases::loose_matrix;
using cases::loose_vector;
using cohort::error_code;
using cohort::index_t;

/// A valid call over two rows of three tokens.
template <class T>
struct call {
  std::vector<T> memory = std::vector<T>(40, T(77)), bootstrap{1, 2};
  std::vector<std::uint8_t> mask = std::vector<std::uint8_t>(6, 1), done = std::vector<std::uint8_t>(6, 0);
  cohort::token_counts report{.tokens = 77};
  cohort::gae_inputs<T, cohort::host_space> in{.layout = cohort::padded{2, 3},
                                               .reward = at(0),
                                               .value = at(8),
                                               .mask = loose_matrix(mask.data(), 2, 3, 3),
                                               .done = loose_matrix(done.data(), 2, 3, 3),
                                               .bootstrap = bootstrap};
  cohort::gae_outputs<T, cohort::host_space> out{.advantage = at(16), .returns = at(24), .report = &report};
  cohort::gae_options options{};

  auto at(index_t first) { return loose_matrix(memory.data() + first, 2, 3, 3); }
  template <class Offsets>
  void pack(Offsets const& offsets) {
    auto const run = [&](index_t first) { return loose_vector(memory.data() + first, 6); };
    in = {.layout = cohort::packed(offsets), .reward = run(0), .value = run(8)};
    out = {.advantage = run(16), .returns = run(24), .report = &report};
  }
};

template <class T, class Context>
void refuses(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  call<T> c;
  broken(c);
  auto const memory = c.memory;
  auto const mask = c.mask;
  cases::refuses(
      "gae", argument, code, [&] { return cohort::check_gae<T>(context, c.in, c.out, c.options); },
      [&] { cohort::gae<T>(context, c.in, c.out, c.options); },
      [&] {
        return support::same_bits(c.memory, memory) && support::same_bits(c.mask, mask) && c.report.tokens == 77;
      });
}

template <class T, class Context, class Set>
void token_rules(Context& context, char const* argument, T* data, Set const& set) {
  cases::for_each_bad_rectangle([&](error_code code, auto const& shape) {
    refuses<T>(context, argument, code, [&](call<T>& c) { set(c, shape(data)); });
  });
}

} // namespace

TEST_CASE("gae: shapes of tokens, sequences and layouts", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    std::vector<T> elsewhere(64, T(1));
    T* const data = elsewhere.data();
    token_rules<T>(context, "reward", data, [](call<T>& c, auto const& x) { c.in.reward = x; });
    token_rules<T>(context, "value", data, [](call<T>& c, auto const& x) { c.in.value = x; });
    token_rules<T>(context, "mask", data, [](call<T>& c, auto const& x) { c.in.mask = x; });
    token_rules<T>(context, "done", data, [](call<T>& c, auto const& x) { c.in.done = x; });
    token_rules<T>(context, "advantage", data, [](call<T>& c, auto const& x) { c.out.advantage = x; });
    token_rules<T>(context, "returns", data, [](call<T>& c, auto const& x) { c.out.returns = x; });
    auto const bootstrap = [&](error_code code, auto const& x) {
      refuses<T>(context, "bootstrap", code, [&](call<T>& c) { c.in.bootstrap = x; });
    };
    bootstrap(error_code::null_data, loose_vector<T>(nullptr, 2));
    bootstrap(error_code::bad_extent, loose_vector(data, -2));
    bootstrap(error_code::bad_stride, loose_vector(data, 2, far));
    bootstrap(error_code::shape_mismatch, loose_vector(data, 3));
    refuses<T>(context, "layout", error_code::bad_extent, [](call<T>& c) { c.in.layout = cohort::padded{-2, 3}; });
    refuses<T>(context, "layout", error_code::size_overflow, [](call<T>& c) {
      c.in.layout = cohort::padded{huge, huge};
    });
    for (std::vector<std::int32_t> const& offsets :
         {std::vector<std::int32_t>{1, 3, 6}, {0, 4, 3}, {0, 3, 5}, {0, -1, 6}})
      refuses<T>(context, "layout", error_code::bad_offsets, [&](call<T>& c) { c.pack(offsets); });
  });
}

TEST_CASE("gae: memory that is shared", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const overlap = [&](char const* argument, auto const& broken) {
      refuses<T>(context, argument, error_code::overlap, broken);
    };
    for (index_t const first : {1, 5, 7, 9, 13}) { // across reward or value without being it
      overlap("advantage", [&](call<T>& c) { c.out.advantage = c.at(first); });
      overlap("returns", [&](call<T>& c) { c.out.returns = c.at(first); });
    }
    overlap("returns", [](call<T>& c) { c.out.returns = c.at(16); });
    overlap("returns", [](call<T>& c) { c.out.returns = c.at(17); });
    overlap("advantage", [](call<T>& c) { c.out.advantage = loose_matrix(c.memory.data() + 16, 2, 3, 0); });
    overlap("returns", [](call<T>& c) { c.out.returns = loose_matrix(c.memory.data() + 24, 2, 3, 3, 0); });
    overlap("advantage", [](call<T>& c) { c.in.mask = c.at(16); });
    overlap("returns", [](call<T>& c) { c.in.done = c.at(27); });
    overlap("advantage", [](call<T>& c) { c.in.bootstrap = loose_vector(c.memory.data() + 20, 2); });
    cases::over_integers<T>({0, 3, 6}, [&](auto const& offsets, T* values) {
      overlap("advantage", [&](call<T>& c) { c.pack(offsets), c.out.advantage = loose_vector(values, 6); });
      overlap("returns", [&](call<T>& c) { c.pack(offsets), c.out.returns = loose_vector(values, 6); });
    });
  });
}

TEST_CASE("gae: gamma and lambda lie in [0, 1]", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const x : {-0.01, 1.01, -1e300, cohort::infinity, -cohort::infinity, cohort::not_a_number}) {
      refuses<T>(context, "gamma", error_code::bad_parameter, [&](call<T>& c) { c.options.gamma = x; });
      refuses<T>(context, "lambda", error_code::bad_parameter, [&](call<T>& c) { c.options.lambda = x; });
    }
    for (double const x : {0.0, 0.5, 1.0}) {
      call<T> c;
      c.options = {x, 1 - x};
      CHECK(cohort::check_gae<T>(context, c.in, c.out, c.options).ok());
    }
  });
}
