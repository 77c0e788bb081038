// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <parity/engine_body.hpp>

namespace parity {

template <class T>
head_result run_head(engines::any_context& context, head_call const& call) {
  using space = cohort::host_space;
  framed<T> const tokens(call.loss.frame);
  auto const width = static_cast<std::size_t>(call.width);
  auto const hidden = tokens.in(call.hidden, width);
  auto const weights = in<T>(call.weights), bias = in<T>(call.bias), advantage = in<T>(call.loss.advantage),
             old = tokens.in(call.loss.old_log_prob), ref = tokens.in(call.loss.ref_log_prob),
             correction = tokens.in(call.loss.correction);
  auto const token = tokens.template in<std::int64_t>(call.token);
  auto const rows = static_cast<cohort::index_t>(token.size());
  std::vector<T> d_hidden(hidden.size()), d_weights(weights.size()), d_bias(bias.size());
  auto const matrix = [&](auto& x, cohort::index_t n) {
    return cases::loose_matrix(x.data(), n, call.width, call.width);
  };
  cohort::logits_sums sums;
  cohort::head_policy_gradient_inputs<T, space> arguments{.layout = tokens.layout(),
                                                          .hidden = matrix(hidden, rows),
                                                          .weights = matrix(weights, call.vocabulary),
                                                          .bias = bias,
                                                          .token = token,
                                                          .old_log_prob = old,
                                                          .advantage = cohort::per_sequence(advantage),
                                                          .mask = tokens.mask()};
  if (!ref.empty()) arguments.ref_log_prob = ref;
  if (!correction.empty()) arguments.correction = correction;
  cohort::head_policy_gradient_outputs<T, space> const results{.d_hidden = matrix(d_hidden, rows),
                                                               .d_weights = matrix(d_weights, call.vocabulary),
                                                               .d_bias = d_bias,
                                                               .report = &sums};
  cohort::head_policy_gradient_options const options{.normalizer = call.loss.options.normalizer,
                                                     .ratio = call.loss.options.ratio,
                                                     .log_ratio = call.loss.options.log_ratio,
                                                     .temperature = call.temperature,
                                                     .chunk_rows = 10,
                                                     .score = cohort::score_rows::all}; // metrics over all tokens
  std::visit([&](auto const& f) { cohort::head_policy_gradient<T>(context, arguments, results, f, options); },
             call.loss.objective);
  return {tokens.out(d_hidden, width), out(d_weights), out(d_bias), cohort::read(context, &sums).policy};
}

template head_result run_head<float>(engines::any_context&, head_call const&);
template head_result run_head<double>(engines::any_context&, head_call const&);

} // namespace parity
