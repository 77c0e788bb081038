// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The first program of somebody else: rewards' advantages are given, one step of the policy loss is taken. Its exit
/// status says whether the gradient is the one that paper and pencil give. It needs no exceptions and no RTTI.
#include <cohort/cohort.hpp>

#if defined(CONSUMER_USES_EIGEN)
#include <cohort/backend/eigen.hpp>
#endif
#if defined(CONSUMER_USES_THRUST)
#include <cohort/backend/thrust.hpp>
#endif

#include <cmath>
#include <vector>

namespace {

template <class Context>
bool first_step_is_minus_advantage(Context& context) {
  std::vector<float> const log_prob(6, -1.0F);
  std::vector<float> const advantage{1.0F, -1.0F};
  std::vector<float> seed(6);
  cohort::loss_sums report;
  cohort::policy_loss<float>(context,
                             {.layout = cohort::padded{2, 3},
                              .log_prob = log_prob,
                              .old_log_prob = log_prob,
                              .advantage = cohort::per_sequence(advantage)},
                             {.d_log_prob = seed, .report = &report},
                             cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.2}),
                             {.normalizer = cohort::by_tokens(6)});
  bool right = cohort::read(context, &report).tokens == 6;
  for (std::size_t i = 0; i < seed.size(); ++i)
    right = right && std::abs(seed[i] + (i < 3 ? 1.0F : -1.0F) / 6.0F) < 1e-6F;
  return right;
}

} // namespace

int main() {
  cohort::reference_context reference;
  bool right = first_step_is_minus_advantage(reference);
#if defined(CONSUMER_USES_EIGEN)
  cohort::eigen_context eigen{{.threads = 2, .workspace_bytes = 1 << 16}};
  right = right && first_step_is_minus_advantage(eigen);
#endif
#if defined(CONSUMER_USES_THRUST)
  cohort::thrust_context sequential{THRUST_NS_QUALIFIER::seq};
  right = right && first_step_is_minus_advantage(sequential);
#endif
  return right ? 0 : 1;
}
