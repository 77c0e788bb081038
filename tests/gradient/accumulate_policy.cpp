// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// From rewards to parameters: policy_loss seeds times the scores of a linear softmax policy are the derivative of the
/// loss with respect to its weights.
#include <cases/contexts.hpp>
#include <cases/scores.hpp>

#include <cohort/formula/k3.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/objective/policy_loss.hpp>
#include <support/dual.hpp>

namespace {

using cases::index_t;
using numbers = std::vector<double>;

/// pi(action | x) = softmax over 3 actions of W x, with 4 features: 12 weights.
struct linear_policy {
  numbers w;

  [[nodiscard]] numbers log_probs(double const* x) const {
    numbers y(3);
    double sum = 0;
    for (std::size_t a = 0; a < 3; ++a) {
      for (std::size_t i = 0; i < 4; ++i) y[a] += w[4 * a + i] * x[i];
      sum += std::exp(y[a]);
    }
    for (double& value : y) value -= std::log(sum);
    return y;
  }
  /// d log pi(action | x) / d W = (1[a == action] - pi(a | x)) x.
  void score(double const* x, std::size_t action, double* out) const {
    auto const y = log_probs(x);
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t i = 0; i < 4; ++i) out[4 * a + i] = ((a == action) - std::exp(y[a])) * x[i];
  }
};

struct rollouts {
  static constexpr index_t rows = 6, columns = 5;
  numbers state, old_log_prob, ref_log_prob, advantage;
  std::vector<std::size_t> action;
  std::vector<std::uint8_t> mask;

  explicit rollouts(linear_policy const& now) {
    cases::random source(71);
    state = source.normals<double>(rows * columns * 4);
    advantage = source.normals<double>(rows);
    for (std::size_t t = 0; t < rows * columns; ++t) {
      action.push_back(cases::below(source, 3));
      double const log_prob = now.log_probs(&state[4 * t])[action[t]];
      old_log_prob.push_back(log_prob + 0.3 * source.normal());
      ref_log_prob.push_back(log_prob + 0.3 * source.normal());
      mask.push_back(!cases::chance(source, 0.2));
    }
  }
  [[nodiscard]] numbers log_prob(linear_policy const& policy) const {
    numbers x;
    for (std::size_t t = 0; t < action.size(); ++t) x.push_back(policy.log_probs(&state[4 * t])[action[t]]);
    return x;
  }
};

template <class Context>
double loss_of(Context& context, rollouts const& b, linear_policy const& policy, cohort::ratio_level level,
               numbers& seed) {
  cohort::loss_sums sums;
  seed.resize(b.action.size());
  cohort::policy_loss<double>(context,
                              {.layout = cohort::padded{b.rows, b.columns},
                               .log_prob = b.log_prob(policy),
                               .old_log_prob = b.old_log_prob,
                               .ref_log_prob = b.ref_log_prob,
                               .advantage = cohort::per_sequence(b.advantage),
                               .mask = b.mask},
                              {.d_log_prob = seed, .report = &sums},
                              cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}, cohort::k3{.beta = 0.1}),
                              {.normalizer = cohort::by_tokens(), .ratio = level});
  return cohort::read(context, &sums).loss;
}

} // namespace

TEST_CASE("accumulate: seeds times scores are d loss / d weights", "[gradient][accumulate]") {
  linear_policy const policy{cases::random(70).normals<double>(12, 0.5)};
  rollouts const b(policy);
  for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence})
    support::on_every_context([&](auto& context) {
      numbers seed, gradient(12), unused;
      loss_of(context, b, policy, level, seed);
      auto const scores = [&](index_t first, index_t count, cohort::view<double, 2, cohort::host_space> rows) {
        for (index_t i = 0; i < count; ++i) {
          auto const t = static_cast<std::size_t>(first + i);
          policy.score(&b.state[4 * t], b.action[t], rows.data + i * rows.stride[0]);
        }
      };
      cohort::accumulate_policy_gradient<double>(
          context, {.scores = cohort::scores_from(scores), .d_log_prob = seed, .mask = b.mask}, {.gradient = gradient},
          {.chunk_tokens = 4});
      for (std::size_t i = 0; i < 12; ++i) {
        auto const moved = [&](double x) {
          auto other = policy;
          other.w[i] = x;
          return loss_of(context, b, other, level, unused);
        };
        double const expected = support::central_difference(moved, policy.w[i]);
        REQUIRE(gradient[i] == approx(expected).epsilon(1e-6).margin(1e-9));
      }
    });
}
