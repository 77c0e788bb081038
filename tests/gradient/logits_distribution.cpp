// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The entropy bonus and the KL over the whole distribution in logits_policy_gradient: closed form in long double, and the
/// differences of the reported loss over every logit.
#include <cohort/formula/k2.hpp>

#include "logits_parts.hpp"

#include <support/dual.hpp>

using namespace oracle;

namespace {

constexpr cohort::ratio_level levels[] = {cohort::ratio_level::token, cohort::ratio_level::sequence};

/// What divides a token of a sequence with that many.
long double divisor(cohort::normalizer const& by, long double tokens, long double sequences, long double own) {
  if (by.kind == cohort::normalizer_kind::tokens) return tokens;
  if (by.kind == cohort::normalizer_kind::sequences) return sequences;
  if (by.kind == cohort::normalizer_kind::sequence_means) return sequences * own;
  return static_cast<long double>(by.count.value());
}

/// Valid tokens of each token's sequence, of all, and sequences with one.
template <class L>
struct counts {
  std::vector<long double> of_sequence;
  long double tokens = 0, sequences = 0;
  explicit counts(policy_batch<L> const& b) : of_sequence(b.tokens(), 0) {
    for (std::size_t r = 0; r + 1 < b.offsets.size(); ++r) {
      auto const first = static_cast<std::size_t>(b.offsets[r]), end = static_cast<std::size_t>(b.offsets[r + 1]);
      long double n = 0;
      for (auto t = first; t < end; ++t) n += b.valid(t);
      for (auto t = first; t < end; ++t) of_sequence[t] = n;
      tokens += n, sequences += n > 0;
    }
  }
};

/// The whole gradient from the seeds of the log-probs, in shares of 16 u of what is added up; and the bonus of the loss.
template <class L>
void check_closed_form(policy_batch<L> const& b, policy_outcome<L> const& found,
                       cohort::logits_policy_gradient_options const& o) {
  counts<L> const n(b);
  double const u = support::unit_roundoff<cohort::compute_t<L>>;
  double const storage = sizeof(L) > 2 ? 0 : 0.51 * (std::is_same_v<L, cohort::half> ? 0x1p-10 : 0x1p-7);
  long double bonus = 0, entropies = 0, divergences = 0;
  double worst = 0;
  for (std::size_t t = 0; t < b.tokens(); ++t) {
    if (!b.valid(t)) continue;
    auto const row = static_cast<index_t>(t);
    exact_row const p(b.rows, row, o.temperature, b.shape.vocabulary),
        q(b.reference, row, o.temperature, b.shape.vocabulary);
    long double entropy = 0, divergence = 0;
    for (index_t v = 0; v < b.shape.vocabulary; ++v) {
      long double const z = b.rows.logit_at(row, v), log_p = p.log_prob(z), prob = p.prob(z);
      if (!(prob > 0)) continue;
      entropy -= prob * log_p;
      if (o.distribution_kl != 0) divergence += prob * (log_p - q.log_prob(b.reference.logit_at(row, v)));
    }
    long double const seed = found.d_log_prob[t],
                      by_entropy = -o.entropy.coefficient / divisor(o.entropy.normalizer.value_or(o.normalizer),
                                                                    n.tokens, n.sequences, n.of_sequence[t]),
                      by_kl = o.distribution_kl / divisor(o.normalizer, n.tokens, n.sequences, n.of_sequence[t]);
    bonus += by_entropy * entropy + by_kl * divergence, entropies += entropy, divergences += divergence;
    double const size = static_cast<double>(std::fabs(seed) + 8 * (std::fabs(by_entropy) + std::fabs(by_kl)));
    for (index_t v = 0; v < b.shape.vocabulary; ++v) {
      long double const z = b.rows.logit_at(row, v), log_p = p.log_prob(z), prob = p.prob(z);
      long double exact = seed * ((v == b.rows.token[t] ? 1.0L : 0.0L) - prob);
      if (prob > 0) exact -= by_entropy * prob * (log_p + entropy);
      if (prob > 0 && o.distribution_kl != 0)
        exact += by_kl * prob * (log_p - q.log_prob(b.reference.logit_at(row, v)) - divergence);
      exact /= o.temperature;
      double const allowed = 16 * u * size / o.temperature + storage * static_cast<double>(std::fabs(exact)) +
                             0x1p-25 * (std::is_same_v<L, cohort::half>);
      long double const x =
          value(found.d_logits[t * static_cast<std::size_t>(b.rows.pitch) + static_cast<std::size_t>(v)]);
      double const share = static_cast<double>(std::fabs(x - exact)) / allowed;
      worst = share < 1e9 ? std::fmax(worst, share) : 1e9;
    }
  }
  CHECK(worst <= 1);
  auto const r = cohort::report_of(found.sums);
  double const slack = 32 * u;
  CHECK(std::fabs(r.loss - r.policy.loss - static_cast<double>(bonus)) <= slack * 8);
  CHECK(std::fabs(r.entropy - static_cast<double>(entropies / n.tokens)) <= slack * 4);
  CHECK(std::fabs(r.distribution_kl - static_cast<double>(divergences / n.tokens)) <= slack * 16);
}

template <class L>
policy_call call_of(cohort::ratio_level level, cohort::normalizer const& by, double entropy, double kl) {
  return {.options = {.normalizer = by, .ratio = level, .entropy = {.coefficient = entropy}, .distribution_kl = kl},
          .reference = kl != 0};
}

} // namespace

TEMPLATE_TEST_CASE("the bonus and the divergence in closed form", "[gradient][logits_distribution]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{});
  for (auto const level : levels)
    for (cohort::normalizer const& by : {every_normalizer[0], every_normalizer[3]})
      for (auto const& [entropy, kl] : {std::pair{0.01, 0.0}, std::pair{0.0, 0.1}, std::pair{-0.5, 2.0}}) {
        auto const b = random_policy<L>(101, {.vocabulary = 45, .packed = kl > 1, .padding = 3});
        auto call = call_of<L>(level, by, entropy, kl);
        CAPTURE(static_cast<int>(level), entropy, kl);
        support::on_every_context([&](auto& context) {
          for (double const temperature : {1.0, 0.5}) {
            call.options.temperature = temperature, call.options.entropy.normalizer.reset();
            check_closed_form(b, run_policy(context, b, f, call), call.options);
            call.options.entropy.normalizer = cohort::by_constant(5);
            check_closed_form(b, run_policy(context, b, f, call), call.options);
          }
        });
      }
}

TEST_CASE("wide rows with a bonus and a divergence", "[gradient][logits_distribution]") {
  auto const f = cohort::objective(cohort::ppo_clip{});
  auto b = random_policy<float>(102, {.sequences = 3, .longest = 3, .vocabulary = 4500});
  for (std::size_t t = 0; t < b.tokens(); ++t) // -inf in the policy's own row, whatever the reference has there
    for (index_t v = 0; b.valid(t) && v < 2100; v += 2) {
      bool const hidden = v != b.rows.token[t];
      if (hidden) b.rows.at(static_cast<index_t>(t), v) = static_cast<float>(-cohort::infinity);
      if (hidden && v % 4 == 0) b.reference.at(static_cast<index_t>(t), v) = static_cast<float>(-cohort::infinity);
    }
  auto const call = call_of<float>(cohort::ratio_level::token, cohort::by_tokens(), 0.3, 0.7);
  support::on_every_context(
      [&](auto& context) { check_closed_form(b, run_policy(context, b, f, call), call.options); });
}

TEST_CASE("the gradient is the difference of the reported loss", "[gradient][logits_distribution]") {
  auto const f =
      engines::run_time_objective(cohort::ppo_clip{.low = 0.9, .high = 50}, cohort::k2{0.2}); // no kink at hand
  auto b = random_policy<double>(103, {.sequences = 3, .longest = 3, .vocabulary = 9, .hole = 0.1, .no_advantage = 0});
  engines::any_context reference{{engines::place::reference}, support::default_workspace};
  for (auto const level : every_level)
    for (cohort::normalizer const& by : {every_normalizer[0], every_normalizer[3], every_normalizer[5]}) {
      if (level == cohort::ratio_level::sequence_token) continue; // not the gradient of its loss
      auto call = call_of<double>(level, by, 0.3, 0.7);
      call.options.temperature = 0.7, call.options.entropy.normalizer = cohort::by_sequences(2);
      auto const loss = [&](std::size_t at, double x) {
        auto moved = b;
        moved.rows.logits[at] = x;
        return cohort::report_of(run_policy(reference, moved, f, call).sums).loss;
      };
      std::vector<double> expected(b.rows.logits.size(), 0);
      for (std::size_t at = 0; at < expected.size(); ++at)
        if (b.valid(at / 9))
          expected[at] = support::central_difference([&](double x) { return loss(at, x); }, b.rows.logits[at]);
      CAPTURE(static_cast<int>(level), static_cast<int>(by.kind));
      support::on_every_context([&](auto& context) {
        auto const found = run_policy(context, b, f, call).d_logits;
        double worst = 0, size = 0;
        for (std::size_t at = 0; at < expected.size(); ++at)
          worst = std::fmax(worst, std::fabs(found[at] - expected[at])),
          size = std::fmax(size, std::fabs(expected[at]));
        CHECK(worst <= 1e-7 * std::fmax(1, size));
        CHECK(size > 1e-3);
      });
    }
}
