// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Loss and gradient of logits: ours, ours in three calls, plain kernels in three passes.
#pragma once

#include "logits.cuh"
#include "three_pass.cuh"

namespace bench {

enum class logits_variant : int { dense, flat, zeros_written, rows_listed, sequences };
inline char const* name_of(logits_variant v) {
  char const* const names[] = {"dense", "flat", "zeros_written", "rows_listed", "sequences"};
  return names[static_cast<int>(v)];
}

template <class L>
struct update_of_logits {
  session& run;
  logits_variant how;
  logits_batch<L> batch;
  logits_objective objective;
  logits_truth wanted;
  std::vector<buffer<L>> logits{}; ///< overwritten by gradients, restored outside the timing
  buffer<std::int64_t> live;
  buffer<float> log_prob, seed, log_sum_exp, value, kl, clipped, totals;
  buffer<cohort::logits_sums> report{1};
  buffer<cohort::loss_sums> token_report{1};
  owned_context context;

  static logits_objective objective_of(logits_variant how) {
    if (how == logits_variant::sequences) return {{.low = 0.02, .high = 0.02, .beta = 0}, true};
    bool const mix = how == logits_variant::zeros_written || how == logits_variant::rows_listed;
    return {{.beta = mix ? 0.0 : 0.04}, false};
  }
  [[nodiscard]] cohort::logits_policy_gradient_options options() const {
    return {.normalizer = cohort::by_tokens(wanted.tokens),
            .ratio = how == logits_variant::sequences ? cohort::ratio_level::sequence : cohort::ratio_level::token,
            .zero_rows = how == logits_variant::rows_listed ? cohort::zero_rows::leave : cohort::zero_rows::write};
  }

  update_of_logits(session& r, logits_shape s, logits_variant v)
      : run(r), how(v), batch(r, s), objective(objective_of(v)), wanted(truth_of(batch, objective)), live(s.tokens()),
        log_prob(s.tokens()), seed(s.tokens()), log_sum_exp(s.tokens()), value(s.tokens()), kl(s.tokens()),
        clipped(s.tokens()), totals(3),
        context(r.stream(), cohort::logits_policy_gradient_workspace_bytes<L>(s.tokens(), options())) {
    for (int i = 0; i < sets_for(batch.bytes()); ++i) logits.emplace_back(batch.original.size());
  }
  [[nodiscard]] buffer<L>& at(int i) { return logits[static_cast<std::size_t>(i)]; }
  void restore(int i) {
    require(cudaMemcpyAsync(at(i).data(), batch.original.data(), at(i).bytes(), cudaMemcpyDeviceToDevice, run.stream()),
            "restore");
  }
  template <class Objective>
  void ours(int i, Objective const& f) {
    auto const rows = at(i).matrix(batch.shape.tokens());
    auto const advantage = batch.advantage.view();
    cohort::logits_policy_gradient_inputs<L, device_space> in{.layout =
                                                                  cohort::padded{batch.shape.rows, batch.shape.columns},
                                                              .logits = rows,
                                                              .token = batch.token.view(),
                                                              .old_log_prob = batch.old_log_prob.view(),
                                                              .advantage = cohort::per_sequence(advantage)};
    if (objective.policy.beta > 0) in.ref_log_prob = batch.ref_log_prob.view();
    if (batch.shape.mix) in.mask = batch.mask.view();
    cohort::logits_policy_gradient_outputs<L, device_space> out{
        .d_logits = rows, .log_prob = log_prob.view(), .report = report.data()};
    if (how == logits_variant::rows_listed) out.live_rows = live.view();
    cohort::logits_policy_gradient<L>(*context, in, out, f, options());
  }
  void ours(int i) {
    cohort::ppo_clip const clip{.low = objective.policy.low, .high = objective.policy.high};
    if (objective.policy.beta > 0)
      ours(i, cohort::objective(clip, cohort::k3{.beta = objective.policy.beta}));
    else
      ours(i, cohort::objective(clip));
  }
  /// The same bodies in three calls, which read every row twice and write it once.
  void three_calls(int i) {
    auto const rows = at(i).matrix(batch.shape.tokens());
    auto const advantage = batch.advantage.view();
    cohort::token_log_prob<L>(*context, {.logits = rows, .token = batch.token.view()},
                              {.log_prob = log_prob.view(), .log_sum_exp = log_sum_exp.view()}, {});
    cohort::policy_loss<float>(
        *context,
        {.layout = cohort::padded{batch.shape.rows, batch.shape.columns},
         .log_prob = log_prob.view(),
         .old_log_prob = batch.old_log_prob.view(),
         .ref_log_prob = batch.ref_log_prob.view(),
         .advantage = cohort::per_sequence(advantage)},
        {.d_log_prob = seed.view(), .report = token_report.data()},
        cohort::objective(cohort::ppo_clip{.low = objective.policy.low, .high = objective.policy.high},
                          cohort::k3{.beta = objective.policy.beta}),
        {.normalizer = cohort::by_tokens(wanted.tokens)});
    cohort::token_log_prob_backward<L>(
        *context,
        {.logits = rows, .token = batch.token.view(), .log_sum_exp = log_sum_exp.view(), .d_log_prob = seed.view()},
        {.d_logits = rows}, {});
  }
  void plain(int i) {
    three_pass(run.stream(), at(i).data(), batch.shape.tokens(),
               {batch.shape.vocabulary, batch.token.data(), batch.old_log_prob.data(), batch.ref_log_prob.data(),
                batch.token_advantage.data(), log_sum_exp.data(), log_prob.data(), value.data(), kl.data(),
                clipped.data(), totals.data(), static_cast<float>(1 / wanted.tokens)});
  }
  template <class Loss>
  void judge(candidate& who, Loss const& loss) {
    restore(0);
    who.call(0);
    run.wait();
    judge_gradient(who, batch, at(0), wanted, loss(), how == logits_variant::rows_listed);
  }
  /// Reads and writes of rows with a gradient, once each; zeros; the rows of sequence ratios are read again.
  [[nodiscard]] double bytes() const {
    auto const all = static_cast<double>(batch.shape.tokens());
    double const row = batch.bytes() / all, dead = all - wanted.live;
    if (how == logits_variant::sequences) return 3 * all * row;
    return (2 * wanted.live + (how == logits_variant::zeros_written ? dead : 0)) * row;
  }
};

template <class L>
void compare_logits(session& run, logits_shape shape, logits_variant how) {
  update_of_logits<L> u(run, shape, how);
  auto const restore = [&](int i) { u.restore(i); };
  std::vector<candidate> candidates{{.name = "cohort",
                                     .call = [&](int i) { u.ours(i); },
                                     .restore = restore,
                                     .workspace = static_cast<double>(u.context.bytes())}};
  u.judge(candidates[0], [&] { return cohort::read(*u.context, u.report.data()).loss; });
  if (how == logits_variant::dense || how == logits_variant::flat) {
    candidates.push_back(
        {.name = "cohort in three calls, three passes",
         .call = [&](int i) { u.three_calls(i); },
         .restore = restore,
         .workspace = static_cast<double>(u.context.bytes()) + 12.0 * static_cast<double>(shape.tokens())});
    u.judge(candidates[1], [&] { return cohort::read(*u.context, u.token_report.data()).loss; });
    candidates.push_back({.name = "plain kernels, three passes",
                          .call = [&](int i) { u.plain(i); },
                          .restore = restore,
                          .workspace = 20.0 * static_cast<double>(shape.tokens())});
    u.judge(candidates[2], [&] { return static_cast<double>(u.totals.download()[0]); });
  }
  compare(run,
          {.algorithm = "logits_policy_gradient",
           .name = name_of(shape, kind_of<L>, name_of(how)),
           .bytes = u.bytes(),
           .sets = static_cast<int>(u.logits.size())},
          candidates);
}

} // namespace bench
