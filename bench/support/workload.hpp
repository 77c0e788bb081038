// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The sizes that everybody is measured at, and how: the thread counts, the calls per sample, the copies of the data.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <new>
#include <sstream>
#include <vector>

#include <benchmark/benchmark.h>

#include <cohort/core/index.hpp>

namespace bench {

/// policy_loss: a padded batch, one token in eight masked, PPO with two clip ranges and k3.
namespace tokens {
inline constexpr cohort::index_t rows = 1024, columns = 4096, valid = rows * columns / 8 * 7;
inline constexpr double low = 0.2, high = 0.28, beta = 0.04;
} // namespace tokens

/// group_advantage: uniform groups.
namespace rewards {
inline constexpr cohort::index_t groups = 1'000'000, size = 8;
inline constexpr double epsilon = 1e-6;
} // namespace rewards

/// gae: rows x columns of rewards and values, no mask.
namespace returns {
inline constexpr double gamma = 0.99, lambda = 0.95;
}

/// The logits tiers: a padded batch of 32 columns, PPO with two clip ranges, mean over the tokens; a head's width.
namespace logits {
inline constexpr cohort::index_t columns = 32, vocabulary = 151'936, width = 896;
inline constexpr cohort::index_t vocabularies[] = {vocabulary, 32'000, 262'144}; // the others for a picture
inline constexpr double low = 0.2, high = 0.28;

/// Rows of logits: COHORT_BENCH_TOKENS, else 512.
inline cohort::index_t tokens() {
  char const* const given = std::getenv("COHORT_BENCH_TOKENS");
  return (std::max)(cohort::index_t{1}, cohort::index_t{given ? std::atoll(given) : 512} / columns) * columns;
}
} // namespace logits

/// Memory as frameworks hand it out: at a multiple of a cache line. A vector's own is 16 bytes off for large sizes, and
/// every 64-byte access then touches two lines.
template <class T>
struct line_allocator {
  using value_type = T;
  line_allocator() = default;
  template <class U>
  line_allocator(line_allocator<U> const&) {}
  static T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), line)); }
  static void deallocate(T* p, std::size_t) { ::operator delete(p, line); }
  friend bool operator==(line_allocator, line_allocator) { return true; }

private:
  static constexpr std::align_val_t line{64};
};
template <class T>
using buffer = std::vector<T, line_allocator<T>>;

inline constexpr int calls_per_sample = 5;

/// COHORT_BENCH_SAMPLES, else 9.
inline int samples() {
  char const* const given = std::getenv("COHORT_BENCH_SAMPLES");
  return given ? (std::max)(1, std::atoi(given)) : 9;
}

/// Copies of a call's data that one after another leave nothing of the first in a shared cache: 400 MB and more.
inline std::size_t copies(std::size_t bytes_of_a_call) { return 400'000'000 / bytes_of_a_call + 1; }

/// Those of COHORT_BENCH_THREADS, else 1 and 2.
inline std::vector<int> thread_counts() {
  char const* const given = std::getenv("COHORT_BENCH_THREADS");
  std::istringstream list(given ? given : "1 2");
  return {std::istream_iterator<int>(list), {}};
}

/// One argument per thread count.
inline void threads(benchmark::internal::Benchmark* measured) {
  for (int const count : thread_counts()) measured->Arg(count);
}

/// A sample is the mean of a few calls; the report takes the samples' median and minimum.
inline void sampled(benchmark::internal::Benchmark* measured) {
  measured->Iterations(calls_per_sample)->Repetitions(samples())->Unit(benchmark::kMillisecond)->UseRealTime();
}

} // namespace bench
