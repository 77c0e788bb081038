// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Returns to go: hand-checked numbers, the definition, rewards that are not finite, broken rules.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/rewards.hpp>

namespace {

using cohort::error_code;

template <class T>
cases::recursion<T> run(auto& context, cases::reward_batch<T> const& b, double gamma) {
  cases::recursion<T> out{{}, std::vector<T>(b.tokens(), T(77)), {}};
  auto const offsets = b.offsets();
  cohort::return_to_go<T>(
      context,
      {.layout = cohort::packed(offsets), .reward = b.reward, .mask = b.mask, .done = b.done, .bootstrap = b.bootstrap},
      {.returns = out.returns, .report = &out.counts}, {.gamma = gamma});
  return out;
}

template <class T>
struct call {
  std::vector<T> memory = std::vector<T>(16, T(3)), bootstrap{1, 2};
  std::vector<std::uint8_t> mask = std::vector<std::uint8_t>(6, 1);
  cohort::token_counts report{.tokens = 77};
  cohort::return_to_go_inputs<T, cohort::host_space> in{.layout = cohort::padded{2, 3},
                                                        .reward = cases::loose_matrix(memory.data(), 2, 3, 3),
                                                        .mask = cases::loose_matrix(mask.data(), 2, 3, 3),
                                                        .bootstrap = bootstrap};
  cohort::return_to_go_outputs<T, cohort::host_space> out{cases::loose_matrix(memory.data() + 8, 2, 3, 3), &report};
  cohort::return_to_go_options options{};
};

template <class T, class Context>
void refuses(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  call<T> c;
  broken(c);
  auto const memory = c.memory;
  cases::refuses(
      "return_to_go", argument, code, [&] { return cohort::check_return_to_go<T>(context, c.in, c.out, c.options); },
      [&] { cohort::return_to_go<T>(context, c.in, c.out, c.options); },
      [&] { return support::same_bits(c.memory, memory) && c.report.tokens == 77; });
}

} // namespace

TEST_CASE("return_to_go: REINFORCE++ by hand", "[advantage][golden]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    // Terminal rewards 1 and 0, with -beta k1 folded in.
    cases::reward_batch<T> const b{{3, 2},
                                   cases::in<T>({-0.001, 0.002, 0.997, -0.002, -0.001}),
                                   std::vector<T>(5, T(0)),
                                   {1, 1, 1, 1, 1},
                                   {0, 0, 0, 0, 0},
                                   {0, 0}};
    auto const out = run(context, b, 1);
    CHECK(cases::distance(out.returns, std::vector<double>{0.998, 0.999, 0.997, -0.003, -0.001}) <
          4 * support::unit_roundoff<T>);
  });
}

TEST_CASE("return_to_go: random batches against the definition", "[advantage][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const gamma : {0.0, 0.5, 0.97, 1.0}) {
      auto b = cases::random_rewards<T>(21, 23, 300);
      b.value.assign(b.tokens(), T(0));
      long double largest = 0;
      auto const expected = cases::recursion_oracle(b, gamma, 1, largest);
      auto const out = run(context, b, gamma);
      double const reach = gamma < 1 ? 1 / (1 - gamma) : 300;
      CHECK(cases::distance(out.returns, expected.returns) <
            4 * support::unit_roundoff<T> * reach * static_cast<double>(largest));
      std::vector<T> in_place = b.reward;
      auto const offsets = b.offsets();
      cohort::return_to_go<T>(context,
                              {.layout = cohort::packed(offsets),
                               .reward = in_place,
                               .mask = b.mask,
                               .done = b.done,
                               .bootstrap = b.bootstrap},
                              {.returns = in_place}, {.gamma = gamma});
      CHECK(support::same_bits(in_place, out.returns));
    }
  });
}

TEST_CASE("return_to_go: a reward that is not finite", "[advantage][data]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto b = cases::random_rewards<T>(22, 5, 30, 0);
    b.mask.assign(b.tokens(), 1);
    auto masked = b;
    masked.mask[7] = 0, b.reward[7] = static_cast<T>(NAN);
    auto const out = run(context, b, 0.9);
    CHECK(support::same_bits(out.returns, run(context, masked, 0.9).returns));
    CHECK_THROWS_AS(cohort::read(context, &out.counts), cohort::data_error);
    CHECK(cohort::read(context, &out.counts, cohort::on_data_error::accept).first_bad_slot == 7);
  });
}

TEST_CASE("return_to_go: broken rules", "[advantage][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    using cases::loose_matrix;
    std::vector<T> other(32, T(1));
    refuses<T>(context, "reward", error_code::null_data,
               [](call<T>& c) { c.in.reward = loose_matrix<T>(nullptr, 2, 3, 3); });
    refuses<T>(context, "returns", error_code::shape_mismatch,
               [&](call<T>& c) { c.out.returns = loose_matrix(other.data(), 2, 4, 4); });
    refuses<T>(context, "mask", error_code::shape_mismatch,
               [&](call<T>& c) { c.in.mask = loose_matrix(other.data(), 3, 3, 3); });
    refuses<T>(context, "done", error_code::bad_extent,
               [&](call<T>& c) { c.in.done = loose_matrix(other.data(), -2, 3, 3); });
    refuses<T>(context, "bootstrap", error_code::shape_mismatch, [&](call<T>& c) { c.in.bootstrap = other; });
    refuses<T>(context, "layout", error_code::bad_extent, [](call<T>& c) { c.in.layout = cohort::padded{-2, 3}; });
    refuses<T>(context, "returns", error_code::overlap,
               [](call<T>& c) { c.out.returns = loose_matrix(c.memory.data() + 1, 2, 3, 3); });
    refuses<T>(context, "returns", error_code::overlap,
               [](call<T>& c) { c.out.returns = loose_matrix(c.memory.data() + 8, 2, 3, 0); });
    cases::over_integers<T>({0, 3, 6}, [&](auto const& offsets, T* values) {
      refuses<T>(context, "returns", error_code::overlap, [&](call<T>& c) {
        c.in = {.layout = cohort::packed(offsets), .reward = cases::loose_vector(c.memory.data(), 6)};
        c.out.returns = cases::loose_vector(values, 6);
      });
    });
    for (double const gamma : {-0.1, 1.1, cohort::infinity, cohort::not_a_number})
      refuses<T>(context, "gamma", error_code::bad_parameter, [&](call<T>& c) { c.options.gamma = gamma; });
  });
}
