// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <vector>

#include <cohort/core/index.hpp>

/// Rows of logits with a reward each, in groups of four.
struct engine_batch {
  cohort::index_t rows, vocabulary;
  std::vector<float> logits, reward, old;
  std::vector<std::int64_t> token;
};

/// One call on a stream of its own; 0 where everything was launched.
int engine_sm80(engine_batch const& in, std::vector<float>& d_logits);
int engine_sm90(engine_batch const& in, std::vector<float>& d_logits);
