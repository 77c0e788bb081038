// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Every objective against the same one written with libtorch's operations and differentiated by it: loss and d_log_prob
/// of policy_loss, loss and d_logits of logits_policy_gradient, float and double, padded and packed.
#include <cmath>
#include <string>

#include <parity/engine.hpp>
#include <support/catch.hpp>
#include <torch/draw.hpp>

namespace {

using namespace torch_oracle;

// ---- a problem in cohort's words ------------------------------------------------------------------------------------

template <class F>
parity::any_objective with_penalty(F const& f, problem const& p) {
  using cohort::k1, cohort::k3, engines::run_time_objective;
  double const beta = p.beta;
  switch (p.penalty) {
  case penalty::none:
    return run_time_objective(f);
  case penalty::k1:
    return run_time_objective(f, k1{beta});
  case penalty::k2:
    return run_time_objective(f, cohort::k2{beta});
  case penalty::k3:
    return run_time_objective(f, k3{beta});
  case penalty::absolute:
    return run_time_objective(f, cohort::absolute_kl{beta});
  case penalty::clamped_k3:
    return run_time_objective(f, engines::clamped_k3{beta, p.limit});
  case penalty::straight_through_k1:
    return run_time_objective(f, cohort::straight_through<k1>{beta});
  case penalty::straight_through_clamped_k3:
    return run_time_objective(f, cohort::straight_through<engines::clamped_k3>{beta});
  case penalty::ratio_corrected_k3:
    return run_time_objective(f, engines::unbiased_k3{beta});
  }
  return run_time_objective(f);
}

parity::any_objective objective_of(problem const& p) {
  auto const& x = p.parameters;
  switch (p.surrogate) {
  case surrogate::ppo_clip:
    return with_penalty(cohort::ppo_clip{x[0], x[1]}, p);
  case surrogate::dual_clip:
    return with_penalty(cohort::dual_clip{x[0], x[1], x[2]}, p);
  case surrogate::two_sided_clip:
    return with_penalty(cohort::two_sided_clip{x[0], x[1], x[2]}, p);
  case surrogate::sapo:
    return with_penalty(cohort::sapo{x[0], x[1]}, p);
  case surrogate::cispo:
    return with_penalty(cohort::cispo{x[0], x[1]}, p);
  case surrogate::vespo:
    return with_penalty(cohort::vespo{x[0], x[1], x[2], x[3]}, p);
  }
  return {};
}

template <class By>
cohort::normalizer counted(double count) {
  return count != 0 ? By(count) : By();
}
cohort::normalizer normalizer_of(torch_oracle::normalizer const& n) {
  if (n.by == denominator::tokens) return counted<cohort::by_tokens>(n.count);
  if (n.by == denominator::sequences) return counted<cohort::by_sequences>(n.count);
  if (n.by == denominator::sequence_means) return counted<cohort::by_sequence_means>(n.count);
  return cohort::by_constant(n.count);
}

parity::loss_call loss_of(problem const& p, parity::token_frame const& frame, values const& log_prob) {
  return {.frame = frame,
          .log_prob = log_prob,
          .old_log_prob = p.old_log_prob,
          .ref_log_prob = p.ref_log_prob,
          .advantage = p.advantage,
          .correction = p.correction,
          .advantage_per_token = p.advantage_per_token,
          .objective = objective_of(p),
          .options = {.normalizer = normalizer_of(p.normalizer),
                      .ratio = static_cast<cohort::ratio_level>(p.level),
                      .log_ratio = {p.log_ratio_low, p.log_ratio_high}}};
}

parity::logits_call logits_of(problem const& p, parity::token_frame const& frame, cohort::score_rows score) {
  cohort::entropy_bonus bonus{.coefficient = p.entropy};
  bool const same = p.normalizer.by == p.entropy_normalizer.by && p.normalizer.count == p.entropy_normalizer.count;
  if (!same) bonus.normalizer = normalizer_of(p.entropy_normalizer);
  return {.frame = frame,
          .vocabulary = p.vocabulary,
          .logits = p.logits,
          .token = p.token,
          .temperature = p.temperature,
          .ref_logits = p.ref_logits,
          .entropy = bonus,
          .distribution_kl = p.distribution_kl,
          .score = score};
}

// ---- comparison -----------------------------------------------------------------------------------------------------

struct verdict {
  double allowed;
  std::vector<std::uint8_t> const& mask;

  /// A sum whose terms have that size.
  void check(char const* what, double found, double expected, double size) const {
    INFO(what << ": " << found << ", libtorch: " << expected);
    CHECK(std::fabs(found - expected) <= allowed * std::fmax(1, size));
  }
  /// `width` numbers per token; 0 where the mask is.
  void check(char const* what, values const& found, values const& expected, std::size_t width = 1) const {
    REQUIRE(found.size() == expected.size());
    double worst = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      double const x = mask[i / width] ? expected[i] : 0, d = std::fabs(found[i] - x) / std::fmax(1, std::fabs(x));
      worst = d <= worst ? worst : std::isnan(d) ? infinity : d;
    }
    INFO(what << ": " << worst << " apart");
    CHECK(worst <= allowed);
  }
};

/// Where every valid row is read.
void check_scores(verdict const& by, problem const& p, parity::logits_result const& found, derivative const& expected) {
  by.check("log_prob", found.scores.log_prob, expected.log_prob);
  by.check("entropy", found.report.entropy, expected.mean_entropy, expected.mean_entropy);
  if (p.entropy != 0 || p.distribution_kl != 0) return;
  std::int64_t without_gradient = 0;
  for (std::size_t t = 0; t < p.mask.size(); ++t) without_gradient += p.mask[t] && found.d_log_prob[t] == 0;
  CHECK(found.report.rows_without_gradient == without_gradient);
}

void check_layout(parity::engine& e, problem const& p, derivative const& expected, bool packed) {
  INFO((packed ? "packed" : "padded"));
  parity::token_frame const frame{p.rows, p.columns, p.mask, packed};
  verdict const by{p.in_float ? 1e-5 : 1e-12, p.mask};
  auto const loss = loss_of(p, frame, expected.log_prob);

  auto const policy = e.policy_loss(loss);
  by.check("policy_loss", policy.report.loss, expected.policy_loss, expected.size);
  by.check("d_log_prob of policy_loss", policy.d_log_prob, expected.d_log_prob);

  for (auto const score : {cohort::score_rows::all, cohort::score_rows::live}) {
    INFO((score == cohort::score_rows::all ? "all rows" : "live rows"));
    auto const found = e.logits_policy_gradient(logits_of(p, frame, score), loss);
    by.check("loss", found.report.loss, expected.loss, expected.size);
    by.check("loss of the policy", found.report.policy.loss, expected.policy_loss, expected.size);
    by.check("d_log_prob", found.d_log_prob, expected.d_log_prob);
    by.check("d_logits", found.d_logits, expected.d_logits, static_cast<std::size_t>(p.vocabulary));
    if (p.distribution_kl != 0)
      by.check("KL", found.report.distribution_kl, expected.mean_divergence, expected.mean_divergence);
    if (score == cohort::score_rows::all) check_scores(by, p, found, expected);
  }
}

/// Random problems; those whose gradient rounding could turn over are not asked about.
void check_surrogate(surrogate s) {
  int const each = 30, penalties = 9;
  auto const in_double = parity::eigen_engine(), in_float = parity::eigen_float_engine();
  for (int k = 0; k < penalties; ++k)
    for (bool const single : {false, true}) {
      draw any(static_cast<std::uint64_t>(1000 * static_cast<int>(s) + 10 * k + (single ? 1 : 0)));
      for (int done = 0; done < each;) {
        auto const p = any(s, static_cast<penalty>(k), single);
        auto const expected = differentiate(p);
        if (!(expected.closest_edge > 1e-4)) continue;
        INFO("penalty " << k << ", case " << done << (single ? " in float" : " in double") << ", ratio level "
                        << static_cast<int>(p.level) << ", V = " << p.vocabulary);
        for (bool const packed : {false, true}) check_layout(single ? *in_float : *in_double, p, expected, packed);
        ++done;
      }
    }
}

} // namespace

TEST_CASE("libtorch: ppo_clip with every penalty", "[torch]") { check_surrogate(surrogate::ppo_clip); }
TEST_CASE("libtorch: dual_clip with every penalty", "[torch]") { check_surrogate(surrogate::dual_clip); }
TEST_CASE("libtorch: two_sided_clip with every penalty", "[torch]") { check_surrogate(surrogate::two_sided_clip); }
TEST_CASE("libtorch: sapo with every penalty", "[torch]") { check_surrogate(surrogate::sapo); }
TEST_CASE("libtorch: cispo with every penalty", "[torch]") { check_surrogate(surrogate::cispo); }
TEST_CASE("libtorch: vespo with every penalty", "[torch]") { check_surrogate(surrogate::vespo); }
