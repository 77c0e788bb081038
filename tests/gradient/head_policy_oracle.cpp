// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// head_policy_gradient against the chain rule by plain loops, and that against differences of the loss.
#include <gradient/head_policy_cases.hpp>
#include <support/dual.hpp>

namespace {

using head::index_t;

cohort::ppo_clip const clip{.low = 0.2, .high = 0.28};
cases::batch_shape const small{.rows = 4, .longest = 5, .hole = 0.2, .empty = 0.2};

template <class L, class Objective>
void check_everywhere(head::problem<L> const& p, Objective const& f,
                      cohort::head_policy_gradient_options const& options) {
  auto const e = head::expected(p, f, options);
  bool const capped = options.soft_cap < cohort::infinity;
  support::on_every_context(
      [&](auto& context) { head::check(head::run(context, p, f, options), e, p.batch.mask, capped); });
}

} // namespace

TEMPLATE_TEST_CASE("head_policy_gradient: the chain rule, for every way to make logits", "[gradient][head]", float,
                   double, cohort::half, cohort::bfloat16) {
  head::for_each_shaping([](head::shaping const& s) {
    head::problem<TestType> p(11, small, 6, 13, s);
    for (index_t const chunk : {1, 3, 1024}) {
      check_everywhere(p, cohort::objective(clip), head::shaped(cohort::by_tokens(), s, chunk));
      check_everywhere(p, cohort::objective(clip, cohort::k3{0.1}),
                       head::shaped(cohort::by_sequence_means(), s, chunk));
    }
    p.m.bias.clear();
    check_everywhere(p, cohort::objective(clip), head::shaped(cohort::by_tokens(), s));
  });
}

TEMPLATE_TEST_CASE("head_policy_gradient: ratios of sequences, bonus, corrections", "[gradient][head]", float, double,
                   cohort::half, cohort::bfloat16) {
  head::shaping const s{.temperature = 0.8, .soft_cap = 6};
  head::problem<TestType> p(12, small, 6, 13, s);
  p.batch = cases::corrected(p.batch, 3);
  for (index_t const chunk : {2, 1024}) {
    auto options = head::shaped(cohort::by_tokens(), s, chunk);
    for (auto const level :
         {cohort::ratio_level::sequence, cohort::ratio_level::sequence_token, cohort::ratio_level::sequence_product}) {
      options.ratio = level;
      check_everywhere(p, engines::run_time_objective(clip, cohort::k2{0.05}), options);
    }
    options.entropy.coefficient = 0.02;
    check_everywhere(p, cohort::objective(clip), options);
    options.ratio = cohort::ratio_level::token;
    check_everywhere(p, engines::run_time_objective(clip, cohort::k1{0.03}), options);
  }
}

TEST_CASE("head_policy_gradient: the chain rule is the loss's differences", "[gradient][head]") {
  head::shaping const s{.temperature = 1.4, .logit_scale = 0.7, .soft_cap = 4};
  head::problem<double> const p(13, {.rows = 3, .longest = 3, .hole = 0.2, .empty = 0}, 4, 7, s);
  auto const f = cohort::objective(clip, cohort::k3{0.2});
  auto options = head::shaped(cohort::by_sequence_means(), s);
  options.entropy = {.coefficient = 0.05, .normalizer = cohort::by_tokens()};
  for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence}) {
    options.ratio = level;
    auto const e = head::expected(p, f, options);
    auto const differs = [&](std::vector<double> head::model<double>::*argument, std::vector<double> const& gradient,
                             double offset) {
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        auto const loss = [&](double x) {
          auto moved = p;
          (moved.m.*argument)[i] = x;
          return head::expected(moved, f, options).loss;
        };
        double const difference = support::central_difference(loss, (p.m.*argument)[i]);
        REQUIRE(gradient[i] - offset == approx(difference).epsilon(1e-7).margin(1e-8));
      }
    };
    differs(&head::model<double>::hidden, e.d_hidden, 0);
    differs(&head::model<double>::weights, e.d_weights, head::before);
    differs(&head::model<double>::bias, e.d_bias, head::before);
    support::on_every_context([&](auto& context) { head::check(head::run(context, p, f, options), e, p.batch.mask); });
  }
}
