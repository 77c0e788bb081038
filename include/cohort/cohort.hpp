// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Everything that needs nothing but the standard library. Add <cohort/backend/eigen.hpp> and
/// <cohort/interop/eigen.hpp> where Eigen is at hand.
#pragma once

#include <cohort/version.hpp>

#include <cohort/reward/kl_penalty.hpp>
#include <cohort/reward/verify.hpp>

#include <cohort/advantage/gae.hpp>
#include <cohort/advantage/group_advantage.hpp>
#include <cohort/advantage/group_statistics.hpp>
#include <cohort/advantage/process_advantage.hpp>
#include <cohort/advantage/return_to_go.hpp>
#include <cohort/advantage/whiten.hpp>

#include <cohort/formula/absolute_kl.hpp>
#include <cohort/formula/cispo.hpp>
#include <cohort/formula/clamped_kl.hpp>
#include <cohort/formula/dual_clip.hpp>
#include <cohort/formula/k1.hpp>
#include <cohort/formula/k2.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/log_ratio_bounds.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/formula/ratio_corrected.hpp>
#include <cohort/formula/sapo.hpp>
#include <cohort/formula/squared_error.hpp>
#include <cohort/formula/straight_through.hpp>
#include <cohort/formula/two_sided_clip.hpp>
#include <cohort/formula/vespo.hpp>
#include <cohort/objective/importance_ratio.hpp>
#include <cohort/objective/metrics.hpp>
#include <cohort/objective/policy_loss.hpp>
#include <cohort/objective/ratio_level.hpp>
#include <cohort/objective/value_loss.hpp>

#include <cohort/gradient/accumulate_policy_gradient.hpp>
#include <cohort/gradient/head_log_prob.hpp>
#include <cohort/gradient/head_policy_gradient.hpp>
#include <cohort/gradient/logits_policy_gradient.hpp>
#include <cohort/gradient/token_log_prob.hpp>

#include <cohort/backend/reference.hpp>
#include <cohort/interop/span.hpp>
