// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One function per algorithm, each in the file of that name.
#pragma once

#include "support/measure.cuh"

namespace bench {

void probe_limits(session&, char const* when);
void group_advantage(session&);
void gae(session&);
void policy_loss(session&);
void token_log_prob(session&);
void logits_policy_gradient(session&);
void head_policy_gradient(session&);
void update(session&);

} // namespace bench
