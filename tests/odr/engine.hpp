// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What every engine of these tests offers, whatever it was compiled with: no type of the library is in it.
#pragma once

namespace odr {

inline constexpr int groups = 2, samples = 8, columns = 5, tokens = samples * columns, vocabulary = 11;

struct outcome {
  float advantage[samples];
  float seed[tokens];
  float log_prob[2];
  double loss;
};

struct engine {
  void (*run)(outcome& out); ///< group_advantage, policy_loss and token_log_prob on two threads
  int (*refuse)();           ///< the code of a broken call; throws it where errors throw
  void const* (*where)();    ///< an address inside its own policy_loss
  char const* target;        ///< the instruction set in its name
  int lanes;
};

} // namespace odr
