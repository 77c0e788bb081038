// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cub/device/device_segmented_reduce.cuh>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include "benches.cuh"
#include "support/context.cuh"
#include "support/oracle.cuh"
#include "support/random.cuh"

namespace bench {
namespace {

constexpr double epsilon = 1e-6;

/// The starts of groups: of one size, or of sizes around it.
std::vector<index_t> offsets_of(index_t groups, index_t size, bool ragged) {
  std::vector<index_t> offsets{0};
  for (index_t g = 0; g < groups; ++g)
    offsets.push_back(offsets.back() + (ragged ? 1 + random_below(2 * size, g, 6) : size));
  return offsets;
}

/// One group per thread, in double.
__global__ void truth_kernel(float const* reward, index_t const* offsets, index_t groups, double* advantage) {
  index_t const g = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (g >= groups) return;
  index_t const first = offsets[g], last = offsets[g + 1];
  double mean = 0, squares = 0;
  bool constant = true;
  for (index_t i = first; i < last; ++i) {
    mean += static_cast<double>(reward[i]) / static_cast<double>(last - first);
    constant = constant && reward[i] == reward[first];
  }
  for (index_t i = first; i < last; ++i) squares += (reward[i] - mean) * (reward[i] - mean);
  double const deviation = sqrt(squares / static_cast<double>(last - first - 1)) + epsilon;
  for (index_t i = first; i < last; ++i) advantage[i] = constant ? 0 : (reward[i] - mean) / deviation;
}

/// What is made of CUB's segmented sums: three kernels, no metrics.
struct squared_deviation {
  float const *reward, *sum;
  int size;
  __device__ float operator()(int i) const {
    float const x = reward[i] - sum[i / size] / static_cast<float>(size);
    return x * x;
  }
};
struct start_of {
  int size;
  __host__ __device__ int operator()(int g) const { return g * size; }
};
__global__ void normalise_kernel(float const* reward, float const* sum, float const* squares, int size, int samples,
                                 float* advantage) {
  int const i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= samples) return;
  int const g = i / size;
  float const n = static_cast<float>(size);
  advantage[i] = (reward[i] - sum[g] / n) / (sqrtf(squares[g] / (n - 1)) + static_cast<float>(epsilon));
}
class cub_chain {
  int groups_, size_;
  buffer<float> sum_, squares_;
  std::size_t bytes_ = 0;
  buffer<std::byte> temporary_{};

  template <class In>
  void reduce(cudaStream_t stream, void* memory, In in, float* out) {
    auto const starts = thrust::make_transform_iterator(thrust::make_counting_iterator(0), start_of{size_});
    require(cub::DeviceSegmentedReduce::Sum(memory, bytes_, in, out, groups_, starts, starts + 1, stream), "cub");
  }

public:
  cub_chain(cudaStream_t stream, index_t groups, index_t size)
      : groups_(static_cast<int>(groups)), size_(static_cast<int>(size)), sum_(groups), squares_(groups) {
    reduce(stream, nullptr, static_cast<float const*>(nullptr), sum_.data());
    temporary_ = buffer<std::byte>(static_cast<index_t>((std::max)(bytes_, std::size_t{1})));
  }
  void operator()(cudaStream_t stream, float const* reward, float* advantage) {
    int const samples = groups_ * size_;
    reduce(stream, temporary_.data(), reward, sum_.data());
    auto const deviations = thrust::make_transform_iterator(thrust::make_counting_iterator(0),
                                                            squared_deviation{reward, sum_.data(), size_});
    reduce(stream, temporary_.data(), deviations, squares_.data());
    normalise_kernel<<<static_cast<unsigned>((samples + 255) / 256), 256, 0, stream>>>(
        reward, sum_.data(), squares_.data(), size_, samples, advantage);
    require(cudaGetLastError(), "normalise_kernel");
  }
  [[nodiscard]] double bytes() const {
    return static_cast<double>(sum_.bytes() + squares_.bytes() + temporary_.bytes());
  }
};

void judge(candidate& who, buffer<float> const& advantage, std::vector<double> const& wanted) {
  who.errors = {{"advantage", largest_error(advantage.download(), wanted)}};
  who.accepted = who.errors.front().second <= 2e-4; // float sums of CUB's; ours is far below
}

void one(session& run, index_t groups, index_t size, bool ragged) {
  std::vector<index_t> const starts = offsets_of(groups, size, ragged);
  index_t const samples = starts.back();
  buffer<index_t> const offsets(starts);
  double const bytes = 8.0 * static_cast<double>(samples) + (ragged ? 8.0 * static_cast<double>(groups) : 0.0);
  int const sets = sets_for(bytes);
  std::vector<buffer<float>> reward, advantage;
  for (int i = 0; i < sets; ++i) {
    reward.emplace_back(samples);
    advantage.emplace_back(samples);
    generate(run.stream(), reward.back(), reward_numbers{});
  }
  buffer<double> const truth(samples);
  truth_kernel<<<static_cast<unsigned>((groups + 127) / 128), 128, 0, run.stream()>>>(reward[0].data(), offsets.data(),
                                                                                      groups, truth.data());
  run.wait();
  auto const wanted = truth.download();

  owned_context context(run.stream(), 64 << 10);
  buffer<cohort::group_sums> const report(1);
  auto const groups_view = offsets.view();
  auto const call = [&](int i) {
    auto const out = advantage[static_cast<std::size_t>(i)].view();
    auto const in = reward[static_cast<std::size_t>(i)].view();
    if (ragged)
      cohort::group_advantage<float>(*context, in, {.advantage = out, .report = report.data()},
                                     {.groups = cohort::group_offsets(groups_view), .epsilon = epsilon});
    else
      cohort::group_advantage<float>(*context, in, {.advantage = out, .report = report.data()},
                                     {.groups = cohort::uniform_groups{size}, .epsilon = epsilon});
  };
  std::vector<candidate> candidates{
      {.name = "cohort", .call = call, .workspace = static_cast<double>(context.bytes())}};
  call(0);
  run.wait();
  judge(candidates[0], advantage[0], wanted);

  std::optional<cub_chain> chain;
  if (!ragged) {
    chain.emplace(run.stream(), groups, size);
    candidates.push_back({.name = "CUB segmented reduce, three kernels, no metrics",
                          .call =
                              [&](int i) {
                                (*chain)(run.stream(), reward[static_cast<std::size_t>(i)].data(),
                                         advantage[static_cast<std::size_t>(i)].data());
                              },
                          .workspace = chain->bytes()});
    candidates[1].call(0);
    run.wait();
    judge(candidates[1], advantage[0], wanted);
  }
  std::string const name = std::to_string(groups) + "x" + std::to_string(size) + (ragged ? "/ragged" : "");
  compare(run, {.algorithm = "group_advantage", .name = name, .bytes = bytes, .sets = sets}, candidates);
}

} // namespace

void group_advantage(session& run) {
  auto const attempt = [&](index_t groups, index_t size) {
    for (bool const ragged : {false, true}) run.attempt("group_advantage", [&] { one(run, groups, size, ragged); });
  };
  if (run.options.quick) return attempt(65536, 8);
  for (index_t const size : {8, 16, 64, 4}) attempt(1000000, size);
  for (index_t const groups : {65536, 4096, 64}) attempt(groups, 8);
}

} // namespace bench
