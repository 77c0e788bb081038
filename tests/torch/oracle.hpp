// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The policy loss and its gradients by libtorch's operations and its automatic differentiation. Numbers go in and come
/// out as doubles: nothing of libtorch is seen here, nothing of cohort there.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace torch_oracle {

using values = std::vector<double>;

enum class surrogate { ppo_clip, dual_clip, two_sided_clip, sapo, cispo, vespo };
enum class penalty {
  none,
  k1,
  k2,
  k3,
  absolute,
  clamped_k3,
  straight_through_k1,
  straight_through_clamped_k3,
  ratio_corrected_k3
};
enum class ratio_level { token, sequence, sequence_token, sequence_product };
enum class denominator { tokens, sequences, sequence_means, constant };

inline constexpr double infinity = std::numeric_limits<double>::infinity();

struct normalizer {
  denominator by = denominator::tokens;
  double count = 0; ///< 0: what the mask has
};

/// rows x columns tokens, row-major, with a mask.
struct problem {
  bool in_float = false;
  std::int64_t rows = 0, columns = 0, vocabulary = 0;
  std::vector<std::uint8_t> mask;
  std::vector<std::int64_t> token;
  values logits, ref_logits; ///< a vocabulary per token
  values old_log_prob, ref_log_prob, advantage, correction;
  bool advantage_per_token = false;
  torch_oracle::surrogate surrogate{};
  values parameters; ///< the surrogate's, in the order of its fields
  torch_oracle::penalty penalty{};
  double beta = 0, limit = 0;
  torch_oracle::ratio_level level{};
  double log_ratio_low = -infinity, log_ratio_high = infinity;
  torch_oracle::normalizer normalizer, entropy_normalizer;
  double temperature = 1, entropy = 0, distribution_kl = 0;
};

struct derivative {
  double policy_loss, loss;             ///< without and with the terms of whole distributions
  double size;                          ///< sum of the absolute terms of the loss
  double mean_entropy, mean_divergence; ///< over the tokens in the mask
  values log_prob, d_log_prob;          ///< of the policy's terms alone
  values d_logits;
  double closest_edge; ///< distance of the nearest number to where a bound or a kink changes its gradient
};

derivative differentiate(problem const& p);

} // namespace torch_oracle
