// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <torch/oracle.hpp>

#include <ATen/ATen.h>

namespace torch_oracle {

namespace {

using at::Tensor;

/// The problem as tensors.
struct batch {
  problem const& p;

  [[nodiscard]] at::ScalarType type() const { return p.in_float ? at::kFloat : at::kDouble; }
  template <class X>
  [[nodiscard]] Tensor tensor(std::vector<X> const& x, at::IntArrayRef shape) const {
    auto const own = std::is_same_v<X, double> ? at::kDouble : std::is_same_v<X, std::int64_t> ? at::kLong : at::kByte;
    return at::from_blob(const_cast<X*>(x.data()), shape, at::TensorOptions(own)).clone();
  }
  [[nodiscard]] Tensor numbers(values const& x, at::IntArrayRef shape) const { return tensor(x, shape).to(type()); }
  [[nodiscard]] Tensor tokens(values const& x) const { return numbers(x, {p.rows, p.columns}); }
  [[nodiscard]] Tensor distributions(values const& x) const { return numbers(x, {p.rows, p.columns, p.vocabulary}); }
  [[nodiscard]] Tensor ids() const { return tensor(p.token, {p.rows, p.columns, 1}); }
  [[nodiscard]] Tensor mask() const { return tensor(p.mask, {p.rows, p.columns}).to(type()); }
  [[nodiscard]] Tensor advantage() const {
    return p.advantage_per_token ? tokens(p.advantage) : numbers(p.advantage, {p.rows, 1}).expand({p.rows, p.columns});
  }

  /// 1 / count, or 1 / (count * tokens of the row); 0 where there is nothing to divide by.
  [[nodiscard]] Tensor weight(normalizer const& by) const {
    Tensor const m = mask().to(at::kDouble), length = m.sum(1, true), full = (length > 0).to(at::kDouble);
    bool const of_tokens = by.by == denominator::tokens;
    double const count = by.count != 0 ? by.count : (of_tokens ? m : full).sum().item<double>();
    if (count == 0) return at::zeros_like(mask());
    Tensor const divisor = by.by == denominator::sequence_means ? length.clamp(1) * count : at::full_like(m, count);
    return (m / divisor).to(type());
  }
};

Tensor log_ratio_of(batch const& b, Tensor const& log_prob, Tensor const& old) {
  Tensor const own = (log_prob - old) * b.mask(), length = b.mask().sum(1, true).clamp(1);
  if (b.p.level == ratio_level::token) return own;
  if (b.p.level == ratio_level::sequence_product) return own.sum(1, true).expand_as(own);
  Tensor const mean = (own.sum(1, true) / length).expand_as(own);
  if (b.p.level == ratio_level::sequence) return mean;
  return mean.detach() + own - own.detach();
}

/// -min(ratio * A, clamp(ratio) * A)
Tensor clipped(Tensor const& ratio, Tensor const& bounded, Tensor const& advantage) {
  return -at::min(ratio * advantage, bounded * advantage);
}
Tensor vespo_weight(values const& x, Tensor const& ratio, Tensor const& advantage) {
  auto const weight = [&](double k, double lambda) { return ratio.pow(k) * ((1 - ratio) * lambda).exp(); };
  return at::where(advantage >= 0, weight(x[0], x[1]), weight(x[2], x[3]));
}
Tensor sapo_term(values const& x, Tensor const& ratio, Tensor const& advantage) {
  auto const term = [&](double tau) { return -(4 / tau) * at::sigmoid(tau * (ratio - 1)) * advantage; };
  return at::where(advantage > 0, term(x[0]), term(x[1]));
}

Tensor surrogate_of(problem const& p, Tensor const& ratio, Tensor const& advantage, Tensor const& log_prob) {
  auto const& x = p.parameters;
  if (p.surrogate == surrogate::sapo) return sapo_term(x, ratio, advantage);
  if (p.surrogate == surrogate::cispo) return -ratio.clamp(x[0], x[1]).detach() * advantage * log_prob;
  if (p.surrogate == surrogate::vespo) return -vespo_weight(x, ratio, advantage).detach() * advantage * log_prob;
  Tensor const bounded = ratio.clamp(1 - x[0], 1 + x[1]);
  if (p.surrogate == surrogate::two_sided_clip) return clipped(ratio.clamp_max(x[2]), bounded, advantage);
  Tensor const term = clipped(ratio, bounded, advantage);
  if (p.surrogate == surrogate::ppo_clip) return term;
  return at::where(advantage < 0, at::min(term, -x[2] * advantage), term);
}

Tensor penalty_of(problem const& p, Tensor const& log_prob, Tensor const& ref, Tensor const& ratio) {
  Tensor const k1 = log_prob - ref, k2 = k1 * k1 / 2, k3 = (-k1).exp() + k1 - 1;
  auto const straight_through = [&](Tensor const& x) { return x.detach() + k2 - k2.detach(); };
  switch (p.penalty) {
  case penalty::none:
    return at::zeros_like(k1);
  case penalty::k1:
    return k1;
  case penalty::k2:
    return k2;
  case penalty::k3:
    return k3;
  case penalty::absolute:
    return k1.abs();
  case penalty::clamped_k3:
    return k3.clamp(-p.limit, p.limit);
  case penalty::straight_through_k1:
    return straight_through(k1);
  case penalty::straight_through_clamped_k3:
    return straight_through(k3.clamp(-10, 10));
  case penalty::ratio_corrected_k3:
    return ratio * k3;
  }
  return {};
}

/// Where a gradient jumps: bounds of the ratio, of its logarithm, of the penalty.
double closest_edge(problem const& p, Tensor const& mask, Tensor const& log_ratio, Tensor const& ratio,
                    Tensor const& k3, Tensor const& k1) {
  double closest = infinity;
  auto const edge = [&](Tensor const& x, double at) {
    if (at == infinity || at == -infinity) return;
    Tensor const apart = at::where(mask > 0, (x - at).abs(), at::full_like(x, infinity));
    closest = (std::min)(closest, apart.min().item<double>());
  };
  auto const& x = p.parameters;
  if (p.surrogate == surrogate::cispo) edge(ratio, x[0]), edge(ratio, x[1]);
  if (p.surrogate < surrogate::sapo) edge(ratio, 1 - x[0]), edge(ratio, 1 + x[1]);
  if (p.surrogate == surrogate::dual_clip || p.surrogate == surrogate::two_sided_clip) edge(ratio, x[2]);
  edge(log_ratio, p.log_ratio_low), edge(log_ratio, p.log_ratio_high);
  if (p.penalty == penalty::clamped_k3) edge(k3, p.limit);
  if (p.penalty == penalty::straight_through_clamped_k3) edge(k3, 10);
  if (p.penalty == penalty::absolute) edge(k1, 0);
  return closest;
}

values out(Tensor const& x) {
  Tensor const y = x.detach().to(at::kDouble).contiguous();
  return {y.data_ptr<double>(), y.data_ptr<double>() + y.numel()};
}
double mean(Tensor const& x, Tensor const& mask) { return ((x * mask).sum() / mask.sum().clamp(1)).item<double>(); }

} // namespace

derivative differentiate(problem const& p) {
  batch const b{p};
  Tensor const mask = b.mask(), weight = b.weight(p.normalizer), advantage = b.advantage();
  Tensor logits = b.distributions(p.logits);
  logits.requires_grad_(true);

  Tensor const all = at::log_softmax(logits / p.temperature, -1);
  Tensor const log_prob = all.gather(-1, b.ids()).squeeze(-1);
  log_prob.retain_grad();
  Tensor const log_ratio = log_ratio_of(b, log_prob, b.tokens(p.old_log_prob));
  Tensor const ratio = log_ratio.clamp(p.log_ratio_low, p.log_ratio_high).exp();
  Tensor const ref = b.tokens(p.ref_log_prob);
  Tensor surrogate = surrogate_of(p, ratio, advantage, log_prob);
  if (!p.correction.empty()) surrogate = surrogate * b.tokens(p.correction);
  Tensor const term = weight * (surrogate + p.beta * penalty_of(p, log_prob, ref, ratio)), policy = term.sum();

  Tensor const entropy = -(all.exp() * all).sum(-1);
  Tensor const bonus = b.weight(p.entropy_normalizer) * entropy * p.entropy;
  Tensor divergence = at::zeros_like(entropy);
  if (!p.ref_logits.empty())
    divergence = (all.exp() * (all - at::log_softmax(b.distributions(p.ref_logits) / p.temperature, -1))).sum(-1);
  Tensor const loss = policy - bonus.sum() + (weight * divergence).sum() * p.distribution_kl;
  loss.backward();

  Tensor const k1 = (log_prob - ref).detach(), k3 = (-k1).exp() + k1 - 1;
  derivative d{};
  d.policy_loss = policy.item<double>();
  d.loss = loss.item<double>();
  d.size = (term.abs() + bonus.abs()).sum().item<double>();
  d.mean_entropy = mean(entropy, mask);
  d.mean_divergence = mean(divergence, mask);
  d.log_prob = out(log_prob);
  d.d_log_prob = out(log_prob.grad());
  d.d_logits = out(logits.grad());
  d.closest_edge = closest_edge(p, mask, log_ratio.detach(), ratio.detach(), k3, k1);
  return d;
}

} // namespace torch_oracle
