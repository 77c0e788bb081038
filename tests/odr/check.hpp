// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What an engine must give, in plain double arithmetic that shares nothing with the library.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstring>

#include "engine.hpp"

namespace odr {

inline int failures = 0;

inline void check(bool holds, char const* what, char const* target) {
  if (holds) return;
  ++failures;
  std::printf("%s: %s\n", target, what);
}

inline bool near_to(double found, double expected) {
  return std::fabs(found - expected) <= 2e-6 * std::fabs(expected) + 1e-7;
}

/// (r - mean) / std over the group of a sample, ddof 1.
inline double expected_advantage(int sample) {
  int const size = samples / groups, first = sample / size * size;
  double mean = 0, square = 0;
  for (int i = first; i < first + size; ++i) mean += (i * i) % 5 / static_cast<double>(size);
  for (int i = first; i < first + size; ++i) square += ((i * i) % 5 - mean) * ((i * i) % 5 - mean);
  return ((sample * sample) % 5 - mean) / std::sqrt(square / (size - 1));
}

/// The loss of one token times the number of tokens, and its derivative.
inline double token_loss(int i, double& slope) {
  double const advantage = expected_advantage(i / columns), delta = -1.05F + 1 + 0.03 * (i % 13);
  double const ratio = std::exp(-delta), held = std::fmin(std::fmax(ratio, 0.8), 1.28);
  bool const clipped = held * advantage < ratio * advantage;
  slope = (clipped ? 0 : -ratio * advantage) + 0.04 * (1 - std::exp(delta));
  return -(clipped ? held : ratio) * advantage + 0.04 * (std::exp(delta) - delta - 1);
}

inline double expected_log_prob(int row, int token) {
  double sum = 0;
  for (int v = 0; v < vocabulary; ++v) sum += std::exp((row * vocabulary + v) % 4);
  return (row * vocabulary + token) % 4 - std::log(sum);
}

inline outcome run(engine const& e) {
  outcome out{};
  e.run(out);
  double loss = 0, slope = 0;
  for (int i = 0; i < samples; ++i) check(near_to(out.advantage[i], expected_advantage(i)), "advantage", e.target);
  for (int i = 0; i < tokens; ++i) {
    loss += token_loss(i, slope) / tokens;
    check(near_to(out.seed[i] * tokens, slope), "d_log_prob", e.target);
  }
  check(near_to(out.loss, loss) && std::fabs(loss) > 1e-3, "loss", e.target);
  check(near_to(out.log_prob[0], expected_log_prob(0, 3)), "log_prob[0]", e.target);
  check(near_to(out.log_prob[1], expected_log_prob(1, 0)), "log_prob[1]", e.target);
  return out;
}

inline bool same_bits(outcome const& a, outcome const& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// Whether this processor runs what a wide engine was compiled to.
inline bool runs_wide() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#else
  return true;
#endif
}

} // namespace odr
