// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <device/large.hpp>

namespace device {

stories::outcome large_oracle(std::vector<index_t> const& rows) {
  auto const n = static_cast<index_t>(rows.size()), columns = large_batch::vocabulary;
  large_inputs const in(rows);
  std::vector<cohort::bfloat16> logits;
  for (index_t const r : rows)
    for (index_t v = 0; v < columns; ++v) logits.push_back(large_batch::logit(r * columns + v));
  std::vector<float> log_prob(rows.size());
  cohort::view<cohort::bfloat16, 2, cohort::host_space> const matrix{logits.data(), {n, columns}, {columns, 1}};
  cohort::reference_context context{{.workspace_bytes = 1 << 20}};
  cohort::logits_policy_gradient<cohort::bfloat16>(context,
                                                   {.layout = cohort::padded{n, 1},
                                                    .logits = matrix,
                                                    .token = in.token,
                                                    .old_log_prob = in.old_log_prob,
                                                    .advantage = cohort::per_token(in.advantage)},
                                                   {.d_logits = matrix, .log_prob = log_prob}, large_objective(),
                                                   large_options());
  // Weights are at most exp(2) / 8; the ratio carries the score's 8 u |log_prob|.
  stories::outcome out;
  out.columns.push_back({"d_logits",
                         {},
                         {.absolute = 256 * 0x1p-24, .relative = 256 * 0x1p-24, .places = 1},
                         stories::precision_of<cohort::bfloat16>()});
  out.columns.push_back({"log_prob",
                         {log_prob.begin(), log_prob.end()},
                         {.absolute = 16 * 0x1p-24 * 20},
                         stories::precision_of<float>()});
  for (auto const x : logits) out.columns[0].values.push_back(double(cohort::to_float(x)));
  return out;
}

} // namespace device
