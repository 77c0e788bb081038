// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The token loss that everybody is measured at: ours, as a plain loop, and as whole arrays of Eigen.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include <Eigen/Core>

#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/workload.hpp>

namespace bench {

template <class Context, class Layout>
void run_policy_loss(Context& context, token_batch& b, cohort::loss_sums& report, Layout const& layout,
                     cohort::mask_view<float, cohort::host_space> const& mask,
                     cohort::policy_loss_options const& options) {
  cohort::ppo_clip const clip{.low = tokens::low, .high = tokens::high};
  cohort::policy_loss<float>(context,
                             {.layout = layout,
                              .log_prob = b.log_prob,
                              .old_log_prob = b.old_log_prob,
                              .ref_log_prob = b.ref_log_prob,
                              .advantage = cohort::per_sequence(b.advantage),
                              .mask = mask},
                             {.d_log_prob = b.d_log_prob, .report = &report},
                             cohort::objective(clip, cohort::k3{.beta = tokens::beta}), options);
}

/// As the peers compute it: padded, masked, a ratio per token, the mean over a given count of tokens.
template <class Context>
void run_policy_loss(Context& context, token_batch& b, cohort::loss_sums& report) {
  run_policy_loss(context, b, report, cohort::padded{tokens::rows, tokens::columns}, b.mask,
                  {.normalizer = cohort::by_tokens(tokens::valid)});
}

namespace rounded {
inline constexpr auto floor = static_cast<float>(1 - tokens::low), ceiling = static_cast<float>(1 + tokens::high),
                      beta = static_cast<float>(tokens::beta), share = static_cast<float>(1.0 / tokens::valid);
}

/// What one writes first: a loop with std::exp, the loss and its gradient, no metrics.
inline double plain_policy_loss(token_batch& b) {
  using namespace rounded;
  double loss = 0;
  for (std::size_t i = 0; i < b.log_prob.size(); ++i) {
    b.d_log_prob[i] = 0;
    if (!b.mask[i]) continue;
    float const a = b.advantage[i / tokens::columns], ratio = std::exp(b.log_prob[i] - b.old_log_prob[i]);
    float const clipped = std::fmin(std::fmax(ratio, floor), ceiling), delta = b.ref_log_prob[i] - b.log_prob[i];
    float const e = std::exp(delta);
    loss += static_cast<double>(-std::fmin(ratio * a, clipped * a) + beta * (e - delta - 1));
    b.d_log_prob[i] = share * ((clipped * a < ratio * a ? 0.0F : -ratio * a) + beta * (1 - e));
  }
  return loss / tokens::valid;
}

/// The same in whole arrays, a temporary per step, as one writes NumPy in Eigen. No metrics.
inline double eigen_policy_loss(token_batch& b) {
  using namespace rounded;
  using array = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using bytes = Eigen::Array<std::uint8_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  auto const map = [](std::vector<float> const& x) {
    return Eigen::Map<array const>(x.data(), tokens::rows, tokens::columns);
  };
  auto const advantage = Eigen::Map<Eigen::ArrayXf const>(b.advantage.data(), tokens::rows);
  array const mask = Eigen::Map<bytes const>(b.mask.data(), tokens::rows, tokens::columns).cast<float>();
  array const ratio = (map(b.log_prob) - map(b.old_log_prob)).exp();
  array const unclipped = ratio.colwise() * advantage;
  array const clipped = ratio.max(floor).min(ceiling).colwise() * advantage;
  array const delta = map(b.ref_log_prob) - map(b.log_prob);
  array const e = delta.exp();
  Eigen::Map<array>(b.d_log_prob.data(), tokens::rows, tokens::columns) =
      share * mask * ((clipped < unclipped).select(0.0F, -unclipped) + beta * (1 - e));
  array const term = mask * (beta * (e - delta - 1) - unclipped.min(clipped));
  return term.rowwise().sum().cast<double>().sum() / tokens::valid;
}

/// Empty where loss and gradient are those expected, and what differs where not. A ratio within rounding of a bound may
/// fall on either side of it: such tokens are left out.
inline std::string differs(token_batch const& b, double loss, token_batch const& expected, double expected_loss) {
  float largest = 0, error = 0;
  for (std::size_t i = 0; i < b.d_log_prob.size(); ++i) {
    float const ratio = std::exp(b.log_prob[i] - b.old_log_prob[i]);
    largest = (std::max)(largest, std::fabs(expected.d_log_prob[i]));
    if (std::fabs(ratio - rounded::floor) < 1e-6F || std::fabs(ratio - rounded::ceiling) < 1e-6F) continue;
    error = (std::max)(error, std::fabs(b.d_log_prob[i] - expected.d_log_prob[i]));
  }
  if (std::fabs(loss - expected_loss) <= 1e-5 && error <= 1e-5F * largest) return {};
  return "loss differs by " + std::to_string(loss - expected_loss) + ", the gradient by " +
         std::to_string(static_cast<double>(error / largest)) + " of its largest element";
}

} // namespace bench
