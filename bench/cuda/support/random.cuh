// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Random numbers of an index and a seed: the same here and in peers/generator.py, to the bit.
#pragma once

#include <cstdint>

#include <cohort/core/numeric.hpp>

#include "device.cuh"

namespace bench {

[[nodiscard]] COHORT_HOST_DEVICE inline std::uint32_t mixed(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return x ^ (x >> 16);
}
[[nodiscard]] COHORT_HOST_DEVICE inline std::uint32_t random_bits(index_t i, std::uint32_t seed) {
  auto const at = static_cast<std::uint64_t>(i);
  return mixed(static_cast<std::uint32_t>(at) ^ mixed(static_cast<std::uint32_t>(at >> 32) + seed * 0x9e3779b9U));
}
[[nodiscard]] COHORT_HOST_DEVICE inline index_t random_below(index_t n, index_t i, std::uint32_t seed) {
  return static_cast<index_t>(random_bits(i, seed)) % n;
}

/// The deviation of a sum of four 16-bit numbers.
inline constexpr double four_deviation = 37837.22;

/// About normal: four uniform numbers. `unit` is the deviation wanted over four_deviation, as a float.
[[nodiscard]] COHORT_HOST_DEVICE inline float random_normal(index_t i, std::uint32_t seed, float unit) {
  std::uint32_t const a = random_bits(i, 2 * seed), b = random_bits(i, 2 * seed + 1);
  std::uint32_t const sum = (a & 0xffffU) + (a >> 16) + (b & 0xffffU) + (b >> 16);
  return static_cast<float>(static_cast<std::int32_t>(sum) - 131070) * unit;
}
[[nodiscard]] inline float unit_of(double deviation) { return static_cast<float>(deviation / four_deviation); }

/// x[i] = f(i), for a functor of the device.
template <class T, class F>
__global__ void generate_kernel(T* x, index_t n, F f) {
  index_t const step = static_cast<index_t>(gridDim.x) * blockDim.x;
  for (index_t i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
    cohort::detail::narrow(x + i, f(i));
}
template <class T, class F>
void generate(cudaStream_t stream, buffer<T> const& x, F f) {
  if (x.size() == 0) return;
  generate_kernel<<<132 * 16, 256, 0, stream>>>(x.data(), x.size(), f);
  require(cudaGetLastError(), "generate");
}

struct normal_numbers {
  std::uint32_t seed;
  float unit;
  COHORT_HOST_DEVICE float operator()(index_t i) const { return random_normal(i, seed, unit); }
};
struct token_numbers {
  std::uint32_t seed;
  index_t vocabulary;
  COHORT_HOST_DEVICE index_t operator()(index_t i) const { return random_below(vocabulary, i, seed); }
};
/// Normal logits; the token's own is raised, so that its probability is that of a policy that chose it.
struct logit_numbers {
  index_t vocabulary;
  token_numbers token;
  float unit, raised;
  COHORT_HOST_DEVICE float operator()(index_t i) const {
    index_t const row = i / vocabulary;
    return random_normal(i, 1, unit) + (i - row * vocabulary == token(row) ? raised : 0.0F);
  }
};
/// Eight values from -2 to 2, none of them 0; of sequences whose number modulo 5 is below `constant` they are 0.
struct advantage_numbers {
  int constant = 0;
  COHORT_HOST_DEVICE float operator()(index_t sequence) const {
    auto const k = static_cast<int>(random_bits(sequence, 3) & 7U);
    return sequence % 5 < constant ? 0.0F : 0.5F * static_cast<float>(k < 4 ? k - 4 : k - 3);
  }
};
/// Rewards of five kinds: some groups of a few samples have no variance.
struct reward_numbers {
  COHORT_HOST_DEVICE float operator()(index_t i) const { return 0.25F * static_cast<float>(random_below(5, i, 5)); }
};

} // namespace bench
