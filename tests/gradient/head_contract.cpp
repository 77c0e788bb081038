// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calls on a head that break a rule: which one, by name, and nothing written.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <gradient/head_cases.hpp>

#include <cohort/gradient/head_policy_gradient.hpp>

namespace {

using cases::far;
using cases::huge;
using cases::loose_matrix;
using cases::loose_vector;
using cohort::error_code;
using cohort::index_t;

/// Two sequences of three tokens, width 2, five classes; every argument in a part of `memory`.
template <class T>
struct call {
  using inputs = cohort::head_policy_gradient_inputs<T, cohort::host_space>;
  using outputs = cohort::head_policy_gradient_outputs<T, cohort::host_space>;
  std::vector<T> memory = std::vector<T>(256, T(0.5));
  std::vector<std::int64_t> ids = std::vector<std::int64_t>(16, 1);
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(16, 1);
  cohort::logits_sums report;
  cohort::head_policy_gradient_options options{.normalizer = cohort::by_tokens()};
  cohort::policy_objective<cohort::ppo_clip, cohort::k3> f{{.low = 0.2, .high = 0.2}, {0.1}};
  index_t rows = 2, columns = 3;
  cases::loose_tensor<T, 1> advantage = loose_vector(at(96), 2);
  inputs in{cohort::padded{rows, columns}, loose_matrix(at(0), 6, 2, 2),    loose_matrix(at(16), 5, 2, 3),
            loose_vector(at(32), 5),       loose_vector(ids.data(), 6),     loose_matrix(at(48), 2, 3, 3),
            loose_matrix(at(64), 2, 3, 3), cohort::per_sequence(advantage), loose_vector(bytes.data(), 6),
            loose_matrix(at(80), 2, 3, 3)};
  outputs out{loose_matrix(at(112), 6, 2, 2),
              loose_matrix(at(128), 5, 2, 2),
              loose_vector(at(144), 5),
              loose_vector(at(152), 6),
              loose_matrix(at(160), 2, 3, 3),
              loose_vector(at(176), 6),
              &report};
  call() { report.bonus = 77; }
  [[nodiscard]] T* at(index_t i) { return memory.data() + i; }
};

template <class T, class Context>
void refuses(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  call<T> c;
  broken(c);
  auto const memory = c.memory;
  auto const report = c.report;
  cases::refuses(
      "head_policy_gradient", argument, code,
      [&] { return cohort::check_head_policy_gradient<T>(context, c.in, c.out, c.f, c.options); },
      [&] { cohort::head_policy_gradient<T>(context, c.in, c.out, c.f, c.options); },
      [&] { return support::same_bits(c.memory, memory) && support::same_bits(c.report, report); });
}

/// Every rule of a matrix of n x m; set(call, matrix) puts it into the call.
template <class T, class Context, class Set>
void matrix_rules(Context& context, char const* argument, index_t n, index_t m, Set const& set) {
  auto const broken = [&](error_code code, index_t rows, index_t columns, index_t stride, index_t step = 1,
                          bool null = false) {
    refuses<T>(context, argument, code,
               [&](call<T>& c) { set(c, loose_matrix(null ? nullptr : c.at(200), rows, columns, stride, step)); });
  };
  broken(error_code::null_data, n, m, m, 1, true);
  broken(error_code::bad_extent, -n, m, m);
  broken(error_code::size_overflow, huge, huge, 0, 0);
  broken(error_code::bad_stride, n, m, far);
  broken(error_code::unsupported_layout, n, m, 1, n);
}

} // namespace

TEST_CASE("head_policy_gradient: a valid call passes", "[gradient][head][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    call<T> c;
    cohort::head_policy_gradient<T>(context, c.in, c.out, c.f, c.options);
    CHECK((c.report.policy.tokens == 6 && c.memory[112] != T(0.5)));
  });
}

TEST_CASE("head_policy_gradient: shapes, pointers and strides", "[gradient][head][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    matrix_rules<T>(context, "hidden", 6, 2, [](call<T>& c, auto x) { c.in.hidden = x; });
    matrix_rules<T>(context, "weights", 5, 2, [](call<T>& c, auto x) { c.in.weights = x; });
    matrix_rules<T>(context, "d_hidden", 6, 2, [](call<T>& c, auto x) { c.out.d_hidden = x; });
    matrix_rules<T>(context, "d_weights", 5, 2, [](call<T>& c, auto x) { c.out.d_weights = x; });
    auto const mismatch = [&](char const* argument, auto const& broken) {
      refuses<T>(context, argument, error_code::shape_mismatch, broken);
    };
    mismatch("hidden", [](call<T>& c) { c.in.layout = cohort::padded{3, 3}; });
    mismatch("weights", [](call<T>& c) { c.in.weights = loose_matrix(c.at(200), 5, 3, 3); });
    mismatch("bias", [](call<T>& c) { c.in.bias = loose_vector(c.at(200), 6); });
    mismatch("token", [](call<T>& c) { c.in.token = loose_vector(c.ids.data(), 5); });
    mismatch("old_log_prob", [](call<T>& c) { c.in.old_log_prob = loose_matrix(c.at(200), 3, 2, 2); });
    mismatch("ref_log_prob", [](call<T>& c) { c.in.ref_log_prob = loose_vector(c.at(200), 5); });
    mismatch("advantage", [](call<T>& c) { c.in.advantage = cohort::per_token(c.advantage); });
    mismatch("mask", [](call<T>& c) { c.in.mask = loose_vector(c.bytes.data(), 5); });
    mismatch("correction", [](call<T>& c) { c.in.correction = loose_vector(c.at(200), 5); });
    mismatch("d_hidden", [](call<T>& c) { c.out.d_hidden = loose_matrix(c.at(200), 5, 2, 2); });
    mismatch("d_weights", [](call<T>& c) { c.out.d_weights = loose_matrix(c.at(200), 6, 2, 2); });
    mismatch("d_bias", [](call<T>& c) { c.out.d_bias = loose_vector(c.at(200), 6); });
    mismatch("log_prob", [](call<T>& c) { c.out.log_prob = loose_vector(c.at(200), 5); });
    mismatch("entropy", [](call<T>& c) { c.out.entropy = loose_vector(c.at(200), 5); });
    mismatch("d_log_prob", [](call<T>& c) { c.out.d_log_prob = loose_vector(c.at(200), 5); });
    refuses<T>(context, "d_bias", error_code::unsupported_layout,
               [](call<T>& c) { c.out.d_bias = loose_vector(c.at(200), 5, 2); });
    refuses<T>(context, "weights", error_code::bad_extent, [](call<T>& c) {
      c.in.weights = loose_matrix(c.at(16), 0, 2, 2), c.out.d_weights = loose_matrix(c.at(128), 0, 2, 2);
      c.in.bias = loose_vector(c.at(32), 0), c.out.d_bias = loose_vector(c.at(144), 0);
    });
  });
}

TEST_CASE("head_policy_gradient: parameters", "[gradient][head][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const parameter = [&](char const* argument, auto const& set) {
      refuses<T>(context, argument, error_code::bad_parameter, set);
    };
    for (double const x : {0.0, -1.0, cohort::not_a_number}) {
      parameter("temperature", [x](call<T>& c) { c.options.temperature = x; });
      parameter("logit_scale", [x](call<T>& c) { c.options.logit_scale = x; });
      parameter("soft_cap", [x](call<T>& c) { c.options.soft_cap = x; });
    }
    parameter("logit_scale", [](call<T>& c) { c.options.logit_scale = cohort::infinity; });
    parameter("entropy", [](call<T>& c) { c.options.entropy.coefficient = cohort::infinity; });
    for (index_t const rows : {index_t{0}, index_t{-1}, -huge})
      parameter("chunk_rows", [rows](call<T>& c) { c.options.chunk_rows = rows; });
    refuses<T>(context, "ref_log_prob", error_code::missing_argument, [](call<T>& c) { c.in.ref_log_prob = {}; });
    refuses<T>(context, "normalizer", error_code::bad_normalizer,
               [](call<T>& c) { c.options.normalizer = cohort::by_tokens(-1); });
  });
}

TEST_CASE("head_policy_gradient: memory that is shared", "[gradient][head][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const overlap = [&](char const* argument, auto const& broken) {
      refuses<T>(context, argument, error_code::overlap, broken);
    };
    for (index_t const place : {0, 17, 34, 48, 66, 80, 96}) { // an input each
      overlap("d_hidden", [place](call<T>& c) { c.out.d_hidden = loose_matrix(c.at(place), 6, 2, 2); });
      overlap("d_weights", [place](call<T>& c) { c.out.d_weights = loose_matrix(c.at(place), 5, 2, 2); });
      overlap("d_bias", [place](call<T>& c) { c.out.d_bias = loose_vector(c.at(place), 5); });
      overlap("log_prob", [place](call<T>& c) { c.out.log_prob = loose_vector(c.at(place), 6); });
      overlap("entropy", [place](call<T>& c) { c.out.entropy = loose_vector(c.at(place), 6); });
      overlap("d_log_prob", [place](call<T>& c) { c.out.d_log_prob = loose_vector(c.at(place), 6); });
    }
    overlap("d_weights", [](call<T>& c) { c.out.d_weights = loose_matrix(c.at(112), 5, 2, 2); }); // d_hidden
    overlap("entropy", [](call<T>& c) { c.out.entropy = loose_vector(c.at(152), 6); });           // log_prob
    overlap("d_hidden", [](call<T>& c) { c.out.d_hidden = loose_matrix(c.at(112), 6, 2, 1); });   // itself
    overlap("log_prob", [](call<T>& c) { c.out.log_prob = loose_vector(c.at(152), 6, 0); });
  });
}

TEST_CASE("head_policy_gradient: too little workspace, in bytes", "[gradient][head][contract]") {
  support::on_every_context(
      [](auto& context) {
        call<float> c;
        auto const bytes = cohort::head_policy_gradient_workspace_bytes(c.in, c.out, c.options);
        auto const s = cohort::check_head_policy_gradient<float>(context, c.in, c.out, c.f, c.options);
        CHECK((s.code == error_code::bad_workspace && s.expected == static_cast<double>(bytes) && s.found == 0));
        refuses<float>(context, "workspace", error_code::bad_workspace, [](call<float>&) {});
        context.reserve(bytes - 1);
        // 6 rows of logits, hidden and d_hidden in lines of 64 bytes; whatever else is in the formula's 2 KiB
        CHECK((bytes > 6 * 3 * 64 && bytes <= 6 * 3 * 64 + 6 * (16 + 21) + 2048));
        c.options.soft_cap = 30;
        CHECK(cohort::head_policy_gradient_workspace_bytes(c.in, c.out, c.options) == bytes + 6 * 64);
        c.options.chunk_rows = 2;
        CHECK(cohort::head_policy_gradient_workspace_bytes(c.in, c.out, c.options) < bytes);
      },
      0);
}

TEST_CASE("head_log_prob: calls that break a rule", "[gradient][head][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    using inputs = cohort::head_log_prob_inputs<T, cohort::host_space>;
    using outputs = cohort::head_log_prob_outputs<T, cohort::host_space>;
    auto const refused = [&](char const* argument, error_code code, auto const& broken) {
      call<T> c;
      inputs in{c.in.hidden, c.in.weights, c.in.bias, c.in.token, loose_vector(c.bytes.data(), 6)};
      outputs out{loose_vector(c.at(152), 6), loose_vector(c.at(160), 6), loose_vector(c.at(176), 6)};
      cohort::head_log_prob_options options;
      broken(c, in, out, options);
      auto const memory = c.memory;
      cases::refuses(
          "head_log_prob", argument, code, [&] { return cohort::check_head_log_prob<T>(context, in, out, options); },
          [&] { cohort::head_log_prob<T>(context, in, out, options); },
          [&] { return support::same_bits(c.memory, memory); });
    };
    refused("hidden", error_code::unsupported_layout,
            [](auto& c, auto& in, auto&, auto&) { in.hidden = loose_matrix(c.at(0), 6, 2, 1, 6); });
    refused("weights", error_code::shape_mismatch,
            [](auto& c, auto& in, auto&, auto&) { in.weights = loose_matrix(c.at(200), 5, 3, 3); });
    refused("mask", error_code::bad_rank,
            [](auto& c, auto& in, auto&, auto&) { in.mask = loose_matrix(c.bytes.data(), 2, 3, 3); });
    refused("token", error_code::shape_mismatch,
            [](auto& c, auto& in, auto&, auto&) { in.token = loose_vector(c.ids.data(), 7); });
    refused("log_prob", error_code::shape_mismatch,
            [](auto& c, auto&, auto& out, auto&) { out.log_prob = loose_vector(c.at(200), 7); });
    refused("entropy", error_code::overlap,
            [](auto& c, auto&, auto& out, auto&) { out.entropy = loose_vector(c.at(156), 6); });
    refused("log_sum_exp", error_code::overlap,
            [](auto& c, auto&, auto& out, auto&) { out.log_sum_exp = loose_vector(c.at(3), 6); });
    refused("chunk_rows", error_code::bad_parameter,
            [](auto&, auto&, auto&, auto& options) { options.chunk_rows = 0; });
    refused("soft_cap", error_code::bad_parameter, [](auto&, auto&, auto&, auto& options) { options.soft_cap = 0; });
  });
}
