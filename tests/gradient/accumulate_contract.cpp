// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calls of accumulate_policy_gradient that break a rule: which one, by name, and nothing written or called.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/scores.hpp>

namespace {

using cases::far;
using cases::huge;
using cases::index_t;
using cases::loose_matrix;
using cases::loose_vector;
using cohort::error_code;

/// Three tokens, four parameters, in memory that a test can lay arguments over.
template <class T>
struct call {
  using inputs = cohort::accumulate_policy_gradient_inputs<T, T, cohort::host_space>;
  using outputs = cohort::accumulate_policy_gradient_outputs<cohort::host_space>;
  std::vector<T> memory = std::vector<T>(64, T(0.5));
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(64, 1);
  cohort::gradient_sums report{.tokens = 77};
  cohort::accumulate_policy_gradient_options options{};
  inputs in{loose_matrix(memory.data(), 3, 4, 5), loose_vector(memory.data() + 16, 3), loose_vector(bytes.data(), 3)};
  outputs out{loose_vector(memory.data() + 32, 4), &report};
  [[nodiscard]] T* at(index_t i) { return memory.data() + i; }
};

template <class T, class Context>
void refuses(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  call<T> c;
  broken(c);
  auto const memory = c.memory;
  auto const report = c.report;
  cases::refuses(
      "accumulate_policy_gradient", argument, code,
      [&] { return cohort::check_accumulate_policy_gradient<T>(context, c.in, c.out, c.options); },
      [&] { cohort::accumulate_policy_gradient<T>(context, c.in, c.out, c.options); },
      [&] { return support::same_bits(c.memory, memory) && support::same_bits(c.report, report); });
}

/// Every rule of a vector of n.
template <class T, class Context, class Set>
void vector_rules(Context& context, char const* argument, index_t n, Set const& set) {
  auto const broken = [&](error_code code, index_t extent, index_t stride, bool null = false) {
    refuses<T>(context, argument, code,
               [&](call<T>& c) { set(c, loose_vector(null ? nullptr : c.at(48), extent, stride)); });
  };
  broken(error_code::null_data, n, 1, true);
  broken(error_code::bad_extent, -1, 1);
  broken(error_code::bad_stride, n, far);
}

struct never {
  template <class Rows>
  void operator()(index_t, index_t, Rows) const {
    FAIL("called");
  }
};

} // namespace

TEST_CASE("accumulate: a valid call passes", "[gradient][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    call<T> c;
    cohort::accumulate_policy_gradient<T>(context, c.in, c.out, c.options);
    CHECK((c.report.tokens == 3 && c.memory[32] == T(1.25)));
  });
}

TEST_CASE("accumulate: shapes, pointers and strides", "[gradient][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    vector_rules<T>(context, "d_log_prob", 3, [](call<T>& c, auto x) {
      c.in.d_log_prob = x;
      c.in.scores = cohort::scores_from(never{});
    });
    vector_rules<T>(context, "mask", 3, [](call<T>& c, auto x) { c.in.mask = x; });
    vector_rules<T>(context, "gradient", 4, [](call<T>& c, auto x) { c.out.gradient = x; });
    refuses<T>(context, "mask", error_code::shape_mismatch,
               [](call<T>& c) { c.in.mask = loose_vector(c.bytes.data(), 4); });
    refuses<T>(context, "mask", error_code::bad_rank,
               [](call<T>& c) { c.in.mask = loose_matrix(c.bytes.data(), 3, 4, 4); });
    auto const scores = [&](error_code code, auto const& shape) {
      refuses<T>(context, "scores", code, [&](call<T>& c) { c.in.scores = shape(c); });
    };
    scores(error_code::null_data, [](call<T>&) { return loose_matrix<T>(nullptr, 3, 4, 4); });
    scores(error_code::bad_extent, [](call<T>& c) { return loose_matrix(c.at(0), -3, 4, 4); });
    scores(error_code::bad_extent, [](call<T>& c) { return loose_matrix(c.at(0), 3, -4, 4); });
    scores(error_code::size_overflow, [](call<T>& c) { return loose_matrix(c.at(0), huge, huge, 0, 0); });
    scores(error_code::bad_stride, [](call<T>& c) { return loose_matrix(c.at(0), 3, 4, far); });
    scores(error_code::shape_mismatch, [](call<T>& c) { return loose_matrix(c.at(0), 2, 4, 4); });
    scores(error_code::shape_mismatch, [](call<T>& c) { return loose_matrix(c.at(0), 3, 5, 5); });
    scores(error_code::unsupported_layout, [](call<T>& c) { return loose_matrix(c.at(0), 3, 4, 1, 3); });
    for (index_t const chunk : {index_t{0}, index_t{-1}, -huge})
      refuses<T>(context, "chunk_tokens", error_code::bad_parameter,
                 [&](call<T>& c) { c.options.chunk_tokens = chunk; });
  });
}

TEST_CASE("accumulate: a gradient that shares memory", "[gradient][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const overlap = [&](auto const& place) {
      refuses<T>(context, "gradient", error_code::overlap, [&](call<T>& c) { c.out.gradient = place(c); });
    };
    overlap([](call<T>& c) { return loose_vector(c.at(0), 4); });     // a row of scores
    overlap([](call<T>& c) { return loose_vector(c.at(13), 4); });    // the end of the scores
    overlap([](call<T>& c) { return loose_vector(c.at(18), 4); });    // the last seed
    overlap([](call<T>& c) { return loose_vector(c.at(32), 4, 0); }); // itself
    refuses<T>(context, "gradient", error_code::overlap,
               [](call<T>& c) { c.in.mask = loose_vector(c.at(33), 3); }); // a mask of values
  });
}

TEST_CASE("accumulate: too little workspace, in bytes", "[gradient][contract]") {
  support::on_every_context(
      [](auto& context) {
        std::vector<float> gradient(33), seed(10);
        std::vector<double> wide(33);
        cohort::gradient_sums report;
        never const fill;
        using inputs = cohort::accumulate_policy_gradient_inputs<float, float, cohort::host_space>;
        using outputs = cohort::accumulate_policy_gradient_outputs<cohort::host_space>;
        inputs const calls{.scores = cohort::scores_from(fill), .d_log_prob = seed};
        std::vector<float> const scores(330);
        inputs const matrix{.scores = loose_matrix(scores.data(), 10, 33, 33), .d_log_prob = seed};
        auto const check = [&](inputs const& in, outputs const& out, index_t chunk, double bytes) {
          auto const s = cohort::check_accumulate_policy_gradient<float>(context, in, out, {chunk});
          CHECK(static_cast<double>(cohort::accumulate_policy_gradient_workspace_bytes(in, out, {chunk})) == bytes);
          CHECK(s.ok() == (bytes == 0));
          if (bytes > 0) CHECK((s.code == error_code::bad_workspace && s.expected == bytes && s.found == 0));
        };
        check(matrix, {.gradient = wide, .report = &report}, 4, 0);
        check(matrix, {.gradient = gradient}, 4, 5 * 64);                            // 33 doubles
        check(calls, {.gradient = wide}, 4, 4 * 3 * 64);                             // rows of 48 floats
        check(calls, {.gradient = wide}, 40, 10 * 3 * 64);                           // no more than there are
        check(calls, {.gradient = wide, .report = &report}, 4, 4 * 3 * 64 + 2 * 64); // and two reports
        check(calls, {.gradient = wide, .report = &report}, 10, 10 * 3 * 64);        // one chunk
        check(calls, {.gradient = gradient, .report = &report}, 1, 5 * 64 + 3 * 64 + 2 * 64);
      },
      0);
}
