// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An engine's own tensor and its own 16-bit float, known to cohort by one specialisation each: nothing is copied.
#include <cohort/cohort.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <vector>

// [engine]
namespace engine {
struct brain_float { // the upper half of a float
  std::uint16_t bits;
};

/// Rows of a matrix, `pitch` elements apart.
template <class T>
struct matrix {
  T* memory;
  int rows, columns, pitch;
};
} // namespace engine
// [end]

// [traits]
template <class T>
struct cohort::tensor_traits<engine::matrix<T>> {
  using value_type = T;                    // of the elements, without const
  using memory_space = cohort::host_space; // where they live
  static constexpr int rank = 2;
  static constexpr bool row_major = true; // optional: a column-major matrix of logits then does not compile
  static T* data(engine::matrix<T> const& m) { return m.memory; }
  static cohort::index_t extent(engine::matrix<T> const& m, int axis) { return axis == 0 ? m.rows : m.columns; }
  static cohort::index_t stride(engine::matrix<T> const& m, int axis) { return axis == 0 ? m.pitch : 1; } // elements
};

template <>
struct cohort::scalar_traits<engine::brain_float> {
  using storage = cohort::bfloat16; // same size, same representation
};
// [end]

int main() {
  // [use]
  constexpr int rows = 2, vocabulary = 3, pitch = 4;
  std::uint16_t const zero = 0x0000, one = 0x3f80, sentinel = 0x4242; // 0, 1 and a column that is padding
  std::vector<engine::brain_float> memory{{one}, {zero}, {zero}, {sentinel}, {zero}, {zero}, {zero}, {sentinel}};
  engine::matrix<engine::brain_float> const logits{memory.data(), rows, vocabulary, pitch};
  std::vector<int> const token{0, 2};
  std::vector<float> log_prob(rows), log_sum_exp(rows), seed{1, -1};

  cohort::reference_context context;
  cohort::row_sums sums;
  cohort::token_log_prob<cohort::bfloat16>(context, {.logits = logits, .token = token},
                                           {.log_prob = log_prob, .log_sum_exp = log_sum_exp, .report = &sums});
  cohort::token_log_prob_backward<cohort::bfloat16>(
      context, {.logits = logits, .token = token, .log_sum_exp = log_sum_exp, .d_log_prob = seed},
      {.d_logits = logits}); // in place
  // [end]

  std::printf("log-probs %.6f %.6f, rows %d\n", log_prob[0], log_prob[1], int(cohort::read(context, &sums).rows));
  bool const scored =
      std::abs(log_prob[0] - (1 - std::log(std::exp(1.0) + 2))) < 1e-6 && std::abs(log_prob[1] + std::log(3.0)) < 1e-6;
  float const third = cohort::to_float(cohort::bfloat16{memory[4].bits}); // -1 * (0 - 1/3)
  bool const in_place = std::abs(third - 1.0F / 3) < 1e-3F && memory[3].bits == sentinel && memory[7].bits == sentinel;
  return scored && in_place ? 0 : 1;
}
