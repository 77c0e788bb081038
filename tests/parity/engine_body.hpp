// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The engine over a value type.
#pragma once

#include <cohort/interop/span.hpp>

#include <cases/tensors.hpp>
#include <engines/calls.hpp>
#include <parity/engine.hpp>

namespace parity {

template <class T>
std::vector<T> in(values const& x) {
  std::vector<T> y;
  for (double const v : x) y.push_back(static_cast<T>(v));
  return y;
}
template <class X>
values out(std::vector<X> const& x) {
  return in<double>(values(x.begin(), x.end()));
}

/// A frame as the library sees it: its layout, its mask where there is one, and the way in and out.
template <class T>
class framed {
public:
  using space = cohort::host_space;

  explicit framed(token_frame const& f) : frame_(f) {
    for (std::int64_t r = 0; r < f.rows; ++r) {
      for (std::int64_t c = 0; c < f.columns; ++c)
        if (auto const i = static_cast<std::size_t>(r * f.columns + c); f.mask[i]) kept_.push_back(i);
      offsets_.push_back(static_cast<std::int64_t>(kept_.size()));
    }
  }

  [[nodiscard]] cohort::token_layout<space> layout() const {
    if (frame_.packed) return cohort::packed(offsets_);
    return cohort::padded{frame_.rows, frame_.columns};
  }
  [[nodiscard]] cohort::mask_view<T, space> mask() const {
    return frame_.packed ? cohort::mask_view<T, space>{} : cohort::mask_view<T, space>(frame_.mask);
  }
  /// Numbers per token, `width` of them.
  template <class X = T, class From>
  [[nodiscard]] std::vector<X> in(std::vector<From> const& x, std::size_t width = 1) const {
    std::vector<X> y;
    auto const take = [&](std::size_t i) {
      for (std::size_t v = i * width; v < (i + 1) * width; ++v) y.push_back(static_cast<X>(x[v]));
    };
    if (x.empty()) return y;
    for (std::size_t i = 0; i < tokens(); ++i) take(frame_.packed ? kept_[i] : i);
    return y;
  }
  [[nodiscard]] std::size_t tokens() const { return frame_.packed ? kept_.size() : frame_.mask.size(); }
  /// Room for an output.
  [[nodiscard]] std::vector<T> room() const { return std::vector<T>(tokens(), T(77)); }
  [[nodiscard]] values out(std::vector<T> const& x, std::size_t width = 1) const {
    if (!frame_.packed) return parity::out(x);
    values y(frame_.mask.size() * width, 0.0);
    for (std::size_t i = 0; i < x.size(); ++i) y[kept_[i / width] * width + i % width] = static_cast<double>(x[i]);
    return y;
  }

private:
  token_frame const& frame_;
  std::vector<std::size_t> kept_;
  std::vector<std::int64_t> offsets_{0};
};

/// Compiled in a file of its own.
template <class T>
head_result run_head(engines::any_context& context, head_call const& call);

template <class T>
class engine_over final : public engine {
public:
  explicit engine_over(engines::choice const& made)
      : engine(made.name() + (std::is_same_v<T, float> ? " in float" : " in double"), std::is_same_v<T, float>),
        context_{made, 1 << 20} {}

  loss_result policy_loss(loss_call const& call) override {
    framed<T> const tokens(call.frame);
    auto const now = tokens.in(call.log_prob), old = tokens.in(call.old_log_prob), ref = tokens.in(call.ref_log_prob),
               correction = tokens.in(call.correction),
               advantage = call.advantage_per_token ? tokens.in(call.advantage) : in<T>(call.advantage);
    auto seed = tokens.room();
    cohort::loss_sums sums;
    std::visit(
        [&](auto const& f) {
          cohort::policy_loss<T>(context_,
                                 {.layout = tokens.layout(),
                                  .log_prob = now,
                                  .old_log_prob = old,
                                  .ref_log_prob = optional(ref),
                                  .advantage = advantage_of(call, advantage),
                                  .mask = tokens.mask(),
                                  .correction = optional(correction)},
                                 {.d_log_prob = seed, .report = &sums}, f, call.options);
        },
        call.objective);
    return {tokens.out(seed), cohort::read(context_, &sums)};
  }

  values importance_ratio(ratio_call const& call) override {
    framed<T> const tokens(call.frame);
    auto const now = tokens.in(call.log_prob), old = tokens.in(call.old_log_prob);
    auto ratio = tokens.room();
    cohort::importance_ratio<T>(
        context_, {.layout = tokens.layout(), .log_prob = now, .old_log_prob = old, .mask = tokens.mask()},
        {.ratio = ratio}, call.options);
    return tokens.out(ratio);
  }

  value_result value_loss(value_call const& call) override {
    framed<T> const tokens(call.frame);
    auto const value = tokens.in(call.value), old = tokens.in(call.old_value), returns = tokens.in(call.returns);
    auto d_value = tokens.room();
    cohort::value_sums sums;
    cohort::value_loss<T>(
        context_,
        {.layout = tokens.layout(), .value = value, .old_value = old, .returns = returns, .mask = tokens.mask()},
        {.d_value = d_value, .report = &sums}, call.formula, {.normalizer = cohort::by_tokens()});
    return {tokens.out(d_value), cohort::read(context_, &sums)};
  }

  values kl_penalty(penalty_call const& call) override {
    framed<T> const tokens(call.frame);
    auto const now = tokens.in(call.log_prob), ref = tokens.in(call.ref_log_prob), reward = tokens.in(call.reward);
    auto penalized = tokens.room();
    cohort::kl_penalty<T>(
        context_,
        {.layout = tokens.layout(), .log_prob = now, .ref_log_prob = ref, .reward = reward, .mask = tokens.mask()},
        {.reward = penalized}, cohort::k1{call.beta});
    return tokens.out(penalized);
  }

  gae_result gae(reward_call const& call) override {
    framed<T> const tokens(call.frame);
    auto const reward = tokens.in(call.reward), value = tokens.in(call.value);
    auto advantage = tokens.room(), returns = tokens.room();
    cohort::gae<T>(context_, {.layout = tokens.layout(), .reward = reward, .value = value, .mask = tokens.mask()},
                   {.advantage = advantage, .returns = returns}, {.gamma = call.gamma, .lambda = call.lambda});
    return {tokens.out(advantage), tokens.out(returns)};
  }

  values return_to_go(reward_call const& call) override {
    framed<T> const tokens(call.frame);
    auto const reward = tokens.in(call.reward);
    auto returns = tokens.room();
    cohort::return_to_go<T>(context_, {.layout = tokens.layout(), .reward = reward, .mask = tokens.mask()},
                            {.returns = returns}, {.gamma = call.gamma});
    return tokens.out(returns);
  }

  values whiten(token_frame const& frame, values const& x) override {
    framed<T> const tokens(frame);
    auto const some = tokens.in(x);
    auto whitened = tokens.room();
    cohort::whiten<T>(context_, {.layout = tokens.layout(), .values = some, .mask = tokens.mask()},
                      {.whitened = whitened});
    return tokens.out(whitened);
  }

  row_scores token_log_prob(logits_call const& call) override {
    framed<T> const tokens(call.frame);
    auto const logits = tokens.in(call.logits, width(call));
    auto const token = tokens.template in<std::int64_t>(call.token);
    auto log_prob = tokens.room(), entropy = tokens.room();
    cohort::token_log_prob<T>(context_, {.logits = matrix(logits, call), .token = token},
                              {.log_prob = log_prob, .entropy = entropy}, {.temperature = call.temperature});
    return {tokens.out(log_prob), tokens.out(entropy)};
  }

  values token_log_prob_backward(logits_call const& call, values const& d_log_prob, values const& d_entropy) override {
    framed<T> const tokens(call.frame);
    auto logits = tokens.in(call.logits, width(call));
    auto const token = tokens.template in<std::int64_t>(call.token);
    auto const seed = tokens.in(d_log_prob), entropy_seed = tokens.in(d_entropy);
    cohort::optional_view<T const, 1, space> d_entropy_view{};
    if (!d_entropy.empty()) d_entropy_view = entropy_seed;
    cohort::token_log_prob_backward<T>(context_,
                                       {.logits = matrix(logits, call),
                                        .token = token,
                                        .d_log_prob = seed,
                                        .d_entropy = d_entropy_view,
                                        .mask = tokens.mask()},
                                       {.d_logits = matrix(logits, call)}, {.temperature = call.temperature});
    return tokens.out(logits, width(call));
  }

  logits_result logits_policy_gradient(logits_call const& call, loss_call const& loss) override {
    framed<T> const tokens(call.frame);
    auto logits = tokens.in(call.logits, width(call));
    auto const ref_logits = tokens.in(call.ref_logits, width(call));
    auto const token = tokens.template in<std::int64_t>(call.token);
    auto const old = tokens.in(loss.old_log_prob), ref = tokens.in(loss.ref_log_prob),
               correction = tokens.in(loss.correction),
               advantage = loss.advantage_per_token ? tokens.in(loss.advantage) : in<T>(loss.advantage);
    auto log_prob = tokens.room(), entropy = tokens.room(), seed = tokens.room();
    cohort::optional_view<T const, 2, space> reference{};
    if (!ref_logits.empty()) reference = matrix(ref_logits, call);
    cohort::logits_sums sums;
    std::visit(
        [&](auto const& f) {
          cohort::logits_policy_gradient<T>(context_,
                                            {.layout = tokens.layout(),
                                             .logits = matrix(logits, call),
                                             .token = token,
                                             .old_log_prob = old,
                                             .ref_log_prob = optional(ref),
                                             .advantage = advantage_of(loss, advantage),
                                             .mask = tokens.mask(),
                                             .correction = optional(correction),
                                             .ref_logits = reference},
                                            {.d_logits = matrix(logits, call),
                                             .log_prob = log_prob,
                                             .entropy = entropy,
                                             .d_log_prob = seed,
                                             .report = &sums},
                                            f, options_of(call, loss));
        },
        loss.objective);
    return {tokens.out(logits, width(call)),
            tokens.out(seed),
            {tokens.out(log_prob), tokens.out(entropy)},
            cohort::read(context_, &sums)};
  }

  head_result head_policy_gradient(head_call const& call) override { return run_head<T>(context_, call); }

  values group_advantage(values const& reward, group_options const& options) override {
    auto const x = in<T>(reward);
    std::vector<T> advantage(x.size());
    cohort::group_advantage(context_, x, advantage, options);
    return out(advantage);
  }

  statistics_result group_statistics(values const& reward, std::int64_t group_size) override {
    auto const x = in<T>(reward);
    auto const groups = x.size() / static_cast<std::size_t>(group_size);
    statistics_result s{{}, values(groups), {}};
    std::vector<cohort::index_t> count(groups);
    std::vector<std::uint8_t> equal(groups);
    cohort::group_statistics<T>(
        context_, x, {.count = count, .std = s.std, .zero_variance = equal},
        {.groups = cohort::uniform_groups{group_size}, .non_finite = cohort::non_finite::exclude});
    s.count = out(count), s.zero_variance = out(equal);
    return s;
  }

private:
  engines::any_context context_;
  using space = cohort::host_space;
  using token_input = cohort::optional_token_view<T const, space>;
  using advantage_input = cohort::advantage_view<T, space>;

  static token_input optional(std::vector<T> const& x) { return x.empty() ? token_input{} : token_input(x); }

  static advantage_input advantage_of(loss_call const& call, std::vector<T> const& x) {
    return call.advantage_per_token ? advantage_input(cohort::per_token(x)) : advantage_input(cohort::per_sequence(x));
  }

  static cohort::logits_policy_gradient_options options_of(logits_call const& call, loss_call const& loss) {
    return {.normalizer = loss.options.normalizer,
            .ratio = loss.options.ratio,
            .log_ratio = loss.options.log_ratio,
            .temperature = call.temperature,
            .entropy = call.entropy,
            .distribution_kl = call.distribution_kl,
            .score = call.score};
  }

  static std::size_t width(logits_call const& call) { return static_cast<std::size_t>(call.vocabulary); }
  /// tokens x vocabulary over a run
  template <class X>
  static auto matrix(X& x, logits_call const& call) {
    auto const rows = static_cast<cohort::index_t>(x.size()) / call.vocabulary;
    return cases::loose_matrix(x.data(), rows, call.vocabulary, call.vocabulary);
  }
};

} // namespace parity
