// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Calls of policy_loss that break a rule: which one, by name, and nothing written.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/losses.hpp>

namespace {

using cases::far;
using cases::huge;
using cases::loose_matrix;
using cases::loose_vector;
using cohort::error_code;
using cohort::index_t;

constexpr double endless = cohort::infinity, undefined = cohort::not_a_number;

/// A valid call over two rows of three tokens, in memory that a test can lay arguments over.
template <class T>
struct call {
  using inputs = cohort::policy_loss_inputs<T, cohort::host_space>;
  using outputs = cohort::policy_loss_outputs<T, cohort::host_space>;

  std::vector<T> memory = std::vector<T>(64, T(0.5));
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(6, 1);
  cohort::loss_sums report{.loss = 77, .tokens = 78};
  cohort::policy_objective<cohort::ppo_clip, cohort::k3> f{{}, {0.1}};
  cohort::policy_loss_options options{cohort::by_tokens(6)};
  inputs in{.layout = cohort::padded{2, 3},
            .log_prob = tokens(0),
            .old_log_prob = tokens(8),
            .ref_log_prob = tokens(16),
            .advantage = per_token(tokens(24)),
            .mask = loose_matrix(bytes.data(), 2, 3, 3)};
  outputs out{tokens(40), &report};

  [[nodiscard]] auto tokens(index_t at) { return loose_matrix(memory.data() + at, 2, 3, 3); }
  [[nodiscard]] T* at(index_t i) { return memory.data() + i; }
  template <class X>
  static cohort::advantage_view<T, cohort::host_space> per_token(X const& x) {
    return cohort::per_token(x);
  }
  template <class X>
  static cohort::advantage_view<T, cohort::host_space> per_sequence(X const& x) {
    return cohort::per_sequence(x);
  }
  template <class Offsets>
  void pack(Offsets const& offsets) {
    auto const run = [&](index_t i) { return loose_vector(memory.data() + i, 6); };
    in = {.layout = cohort::packed(offsets),
          .log_prob = run(0),
          .old_log_prob = run(8),
          .ref_log_prob = run(16),
          .advantage = per_token(run(24))};
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
      "policy_loss", argument, code, [&] { return cohort::check_policy_loss<T>(context, c.in, c.out, c.f, c.options); },
      [&] { cohort::policy_loss<T>(context, c.in, c.out, c.f, c.options); },
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

TEST_CASE("policy_loss: a valid call passes", "[objective][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    call<T> c;
    CHECK(cohort::check_policy_loss<T>(context, c.in, c.out, c.f, c.options).ok());
    cohort::policy_loss<T>(context, c.in, c.out, c.f, c.options);
    CHECK(c.report.tokens == 6);
  });
}

TEST_CASE("policy_loss: shapes, pointers and strides", "[objective][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    token_rules<T>(context, "log_prob", [](call<T>& c, auto x) { c.in.log_prob = x; });
    token_rules<T>(context, "old_log_prob", [](call<T>& c, auto x) { c.in.old_log_prob = x; });
    token_rules<T>(context, "ref_log_prob", [](call<T>& c, auto x) { c.in.ref_log_prob = x; });
    token_rules<T>(context, "advantage", [](call<T>& c, auto x) { c.in.advantage = call<T>::per_token(x); });
    token_rules<T>(context, "mask", [](call<T>& c, auto x) { c.in.mask = x; });
    token_rules<T>(context, "d_log_prob", [](call<T>& c, auto x) { c.out.d_log_prob = x; });
    auto const advantage = [&](error_code code, auto const& shape) {
      refuses<T>(context, "advantage", code, [&](call<T>& c) { c.in.advantage = call<T>::per_sequence(shape(c)); });
    };
    advantage(error_code::null_data, [](call<T>&) { return loose_vector<T>(nullptr, 2); });
    advantage(error_code::bad_extent, [](call<T>& c) { return loose_vector(c.at(48), -2); });
    advantage(error_code::shape_mismatch, [](call<T>& c) { return loose_vector(c.at(48), 3); });
    advantage(error_code::bad_stride, [](call<T>& c) { return loose_vector(c.at(48), 2, far); });
    refuses<T>(context, "old_log_prob", error_code::shape_mismatch,
               [](call<T>& c) { c.in.old_log_prob = loose_vector(c.at(8), 5); });
    refuses<T>(context, "ref_log_prob", error_code::missing_argument, [](call<T>& c) { c.in.ref_log_prob = {}; });
  });
}

TEST_CASE("policy_loss: layouts", "[objective][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const layout = [&](error_code code, auto const& x) {
      refuses<T>(context, "layout", code, [&](call<T>& c) { c.in.layout = x; });
    };
    layout(error_code::bad_extent, cohort::padded{-2, 3});
    layout(error_code::bad_extent, cohort::padded{2, -3});
    layout(error_code::size_overflow, cohort::padded{huge, huge});
    auto const packed = [&](char const* argument, error_code code, auto const& offsets) {
      refuses<T>(context, argument, code, [&](call<T>& c) { c.pack(offsets); });
    };
    packed("layout", error_code::bad_offsets, std::vector<std::int32_t>{1, 3, 6});
    packed("layout", error_code::bad_offsets, std::vector<std::int64_t>{0, 4, 3, 6});
    packed("layout", error_code::bad_offsets, std::vector<std::int64_t>{0, 3, 5});
    packed("layout", error_code::bad_offsets, std::vector<std::int32_t>{0, 3, 7});
    packed("layout", error_code::bad_offsets, std::vector<std::int32_t>{0, -1, 6});
    packed("layout", error_code::bad_offsets, std::vector<std::int64_t>{});
    packed("layout", error_code::null_data, loose_vector<std::int64_t>(nullptr, 3));
    std::vector<std::int64_t> const offsets{0, 3, 6};
    refuses<T>(context, "log_prob", error_code::bad_rank,
               [&](call<T>& c) { c.pack(offsets), c.in.log_prob = c.tokens(0); });
    refuses<T>(context, "d_log_prob", error_code::bad_rank,
               [&](call<T>& c) { c.pack(offsets), c.out.d_log_prob = c.tokens(40); });
  });
}

TEST_CASE("policy_loss: parameters", "[objective][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const parameter = [&](char const* name, auto const& set, std::initializer_list<double> values,
                               error_code code = error_code::bad_parameter) {
      for (double const value : values) {
        INFO("value " << value);
        refuses<T>(context, name, code, [&](call<T>& c) { set(c, value); });
      }
    };
    parameter("low", [](call<T>& c, double x) { c.f.surrogate.low = x; }, {-0.1, 1.1, undefined, endless});
    parameter("high", [](call<T>& c, double x) { c.f.surrogate.high = x; }, {-0.1, undefined, endless});
    parameter("beta", [](call<T>& c, double x) { c.f.kl.beta = x; }, {-0.1, undefined, endless});
    parameter(
        "normalizer", [](call<T>& c, double x) { c.options.normalizer = cohort::by_tokens(x); },
        {-1, undefined, endless}, error_code::bad_normalizer);
    parameter(
        "normalizer", [](call<T>& c, double x) { c.options.normalizer = cohort::by_constant(x); },
        {-1, undefined, endless}, error_code::bad_normalizer);
  });
}

TEST_CASE("policy_loss: a gradient that overlaps an input without being it", "[objective][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (index_t const at : {index_t{1}, index_t{5}, index_t{9}, index_t{17}, index_t{22}, index_t{26}})
      refuses<T>(context, "d_log_prob", error_code::overlap, [&](call<T>& c) { c.out.d_log_prob = c.tokens(at); });
    refuses<T>(context, "d_log_prob", error_code::overlap,
               [&](call<T>& c) { c.out.d_log_prob = loose_matrix(c.at(0), 2, 3, 1, 2); });
    refuses<T>(context, "d_log_prob", error_code::overlap,
               [&](call<T>& c) { c.out.d_log_prob = loose_matrix(c.at(10), 2, 3, -3, -1); });
    refuses<T>(context, "d_log_prob", error_code::overlap,
               [&](call<T>& c) { c.in.advantage = call<T>::per_sequence(loose_vector(c.at(45), 2)); });
    refuses<T>(context, "d_log_prob", error_code::overlap, [&](call<T>& c) { c.in.correction = c.tokens(44); });
    refuses<T>(context, "d_log_prob", error_code::overlap, [&](call<T>& c) { c.in.mask = c.tokens(40); });
    cases::over_integers<T>({0, 3, 6}, [&](auto const& offsets, T* values) {
      refuses<T>(context, "d_log_prob", error_code::overlap,
                 [&](call<T>& c) { c.pack(offsets), c.out.d_log_prob = loose_vector(values, 6); });
    });
  });
}

TEST_CASE("policy_loss: too little workspace, in bytes", "[objective][contract]") {
  auto const check = [](auto& context) {
    for (cohort::normalizer const& by :
         {cohort::normalizer(cohort::by_tokens()), cohort::normalizer(cohort::by_sequences()),
          cohort::normalizer(cohort::by_sequence_means())}) {
      refuses<float>(context, "workspace", error_code::bad_workspace,
                     [&](call<float>& c) { c.options.normalizer = by; });
      call<float> c;
      c.options.normalizer = by;
      auto const s = cohort::check_policy_loss<float>(context, c.in, c.out, c.f, c.options);
      CHECK(s.found == 0);
      CHECK(s.expected == static_cast<double>(cohort::policy_loss_workspace_bytes(c.options)));
    }
  };
  support::on_every_context(check, 0);
}
