// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cub/device/device_scan.cuh>
#include <cuda/std/iterator>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include "benches.cuh"
#include "support/context.cuh"
#include "support/oracle.cuh"
#include "support/random.cuh"

namespace bench {
namespace {

constexpr double discount = 0.99, decay = 0.95;

/// One thread per sequence, from its last token to its first: in double the oracle, in float a peer.
template <class T>
__global__ void sequence_kernel(float const* reward, float const* value, index_t const* offsets, index_t sequences,
                                T* advantage, T* returns) {
  index_t const s = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (s >= sequences) return;
  T later = 0, next = 0;
  for (index_t t = offsets[s + 1] - 1; t >= offsets[s]; --t) {
    T const now = static_cast<T>(value[t]);
    later =
        static_cast<T>(reward[t]) + static_cast<T>(discount) * next - now + static_cast<T>(discount * decay) * later;
    advantage[t] = later;
    returns[t] = later + now;
    next = now;
  }
}
template <class T>
void one_thread_per_sequence(cudaStream_t stream, float const* reward, float const* value,
                             buffer<index_t> const& offsets, T* advantage, T* returns) {
  index_t const n = offsets.size() - 1;
  sequence_kernel<<<static_cast<unsigned>((n + 127) / 128), 128, 0, stream>>>(reward, value, offsets.data(), n,
                                                                              advantage, returns);
  require(cudaGetLastError(), "sequence_kernel");
}

/// CUB's scan by key over the tokens in reverse, then a kernel for the returns.
struct step {
  float gain, carry;
};
struct compose_steps {
  __device__ step operator()(step const& later, step const& now) const {
    return {now.gain + now.carry * later.gain, now.carry * later.carry};
  }
};
struct reversed_steps {
  float const *reward, *value;
  std::int32_t const* sequence;
  int last;
  __device__ step operator()(int i) const {
    int const t = last - i;
    bool const goes_on = t < last && sequence[t + 1] == sequence[t];
    return {reward[t] + (goes_on ? static_cast<float>(discount) * value[t + 1] : 0.0F) - value[t],
            static_cast<float>(discount * decay)};
  }
};
struct reversed_sequence {
  std::int32_t const* sequence;
  int last;
  __device__ std::int32_t operator()(int i) const { return sequence[last - i]; }
};
__global__ void returns_kernel(step const* scanned, float const* value, int tokens, float* advantage, float* returns) {
  int const t = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (t >= tokens) return;
  float const x = scanned[tokens - 1 - t].gain;
  advantage[t] = x;
  returns[t] = x + value[t];
}
class scan_by_key {
  int tokens_;
  buffer<std::int32_t> sequence_;
  buffer<step> scanned_;
  std::size_t bytes_ = 0;
  buffer<std::byte> temporary_{};

  void scan(cudaStream_t stream, void* memory, float const* reward, float const* value) {
    auto const at = thrust::make_counting_iterator(0);
    auto const keys = thrust::make_transform_iterator(at, reversed_sequence{sequence_.data(), tokens_ - 1});
    auto const steps =
        thrust::make_transform_iterator(at, reversed_steps{reward, value, sequence_.data(), tokens_ - 1});
    require(cub::DeviceScan::InclusiveScanByKey(memory, bytes_, keys, steps, scanned_.data(), compose_steps{}, tokens_,
                                                cuda::std::equal_to<>{}, stream),
            "cub");
  }

public:
  scan_by_key(cudaStream_t stream, std::vector<std::int32_t> const& sequence)
      : tokens_(static_cast<int>(sequence.size())), sequence_(sequence), scanned_(tokens_) {
    scan(stream, nullptr, nullptr, nullptr);
    temporary_ = buffer<std::byte>(static_cast<index_t>(bytes_));
  }
  void operator()(cudaStream_t stream, float const* reward, float const* value, float* advantage, float* returns) {
    scan(stream, temporary_.data(), reward, value);
    returns_kernel<<<static_cast<unsigned>((tokens_ + 255) / 256), 256, 0, stream>>>(scanned_.data(), value, tokens_,
                                                                                     advantage, returns);
    require(cudaGetLastError(), "returns_kernel");
  }
  [[nodiscard]] double bytes() const {
    return static_cast<double>(sequence_.bytes() + scanned_.bytes() + temporary_.bytes());
  }
};

struct batch {
  std::vector<buffer<float>> reward, value, advantage, returns;
};

/// The lengths of sequences: one for all, or log-normal with that mean, at most 32,768.
std::vector<index_t> offsets_of(index_t sequences, index_t length, bool ragged) {
  std::vector<index_t> offsets{0};
  for (index_t s = 0; s < sequences; ++s) {
    double const drawn = std::exp(static_cast<double>(random_normal(s, 11, unit_of(1))) - 0.5);
    auto const own = static_cast<index_t>(drawn * static_cast<double>(length));
    offsets.push_back(offsets.back() + (ragged ? std::clamp<index_t>(own, 1, 32768) : length));
  }
  return offsets;
}

void one(session& run, index_t sequences, index_t length, bool ragged) {
  std::vector<index_t> const starts = offsets_of(sequences, length, ragged);
  index_t const tokens = starts.back();
  std::vector<std::int32_t> sequence;
  for (index_t s = 0; s < sequences; ++s)
    sequence.insert(
        sequence.end(),
        static_cast<std::size_t>(starts[static_cast<std::size_t>(s + 1)] - starts[static_cast<std::size_t>(s)]),
        static_cast<std::int32_t>(s));
  buffer<index_t> const offsets(starts);
  double const bytes = 16.0 * static_cast<double>(tokens);
  batch b;
  int const sets = sets_for(bytes);
  for (int i = 0; i < sets; ++i) {
    for (auto* x : {&b.reward, &b.value, &b.advantage, &b.returns}) x->emplace_back(tokens);
    generate(run.stream(), b.reward.back(), normal_numbers{9, unit_of(1)});
    generate(run.stream(), b.value.back(), normal_numbers{10, unit_of(1)});
  }
  buffer<double> const truth(tokens), returns(tokens);
  one_thread_per_sequence(run.stream(), b.reward[0].data(), b.value[0].data(), offsets, truth.data(), returns.data());
  run.wait();
  auto const wanted = truth.download(), wanted_returns = returns.download();

  owned_context context(run.stream(), 64 << 10);
  buffer<cohort::token_counts> const report(1);
  auto const offsets_view = offsets.view();
  scan_by_key by_key(run.stream(), sequence);
  auto const ours = [&](int i) {
    auto const k = static_cast<std::size_t>(i);
    auto const layout = ragged ? cohort::token_layout<device_space>(cohort::packed(offsets_view))
                               : cohort::token_layout<device_space>(cohort::padded{sequences, length});
    cohort::gae<float>(*context, {.layout = layout, .reward = b.reward[k].view(), .value = b.value[k].view()},
                       {.advantage = b.advantage[k].view(), .returns = b.returns[k].view(), .report = report.data()},
                       {.gamma = discount, .lambda = decay});
  };
  std::vector<candidate> candidates{{.name = "cohort", .call = ours, .workspace = static_cast<double>(context.bytes())},
                                    {.name = "one thread per sequence, no metrics",
                                     .call =
                                         [&](int i) {
                                           auto const k = static_cast<std::size_t>(i);
                                           one_thread_per_sequence(run.stream(), b.reward[k].data(), b.value[k].data(),
                                                                   offsets, b.advantage[k].data(), b.returns[k].data());
                                         }},
                                    {.name = "CUB scan by key, no metrics",
                                     .call =
                                         [&](int i) {
                                           auto const k = static_cast<std::size_t>(i);
                                           by_key(run.stream(), b.reward[k].data(), b.value[k].data(),
                                                  b.advantage[k].data(), b.returns[k].data());
                                         },
                                     .workspace = by_key.bytes()}};
  for (auto& who : candidates) {
    who.call(0);
    run.wait();
    who.errors = {{"advantage", largest_error(b.advantage[0].download(), wanted)},
                  {"returns", largest_error(b.returns[0].download(), wanted_returns)}};
    who.accepted = who.errors[0].second <= 2e-4 && who.errors[1].second <= 2e-4;
  }
  std::string const name = std::to_string(sequences) + "x" + std::to_string(length) + (ragged ? "/ragged" : "");
  compare(run, {.algorithm = "gae", .name = name, .bytes = bytes, .sets = sets}, candidates);
}

} // namespace

void gae(session& run) {
  auto const attempt = [&](index_t sequences, index_t length, bool ragged) {
    run.attempt("gae", [&] { one(run, sequences, length, ragged); });
  };
  attempt(256, 4096, false);
  if (run.options.quick) return;
  attempt(1024, 8192, false);
  attempt(1024, 8192, true);
  attempt(4096, 2048, true);
  attempt(8192, 8192, false);
}

} // namespace bench
