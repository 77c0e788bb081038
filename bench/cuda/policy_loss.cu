// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "benches.cuh"
#include "support/context.cuh"
#include "support/oracle.cuh"
#include "support/random.cuh"

namespace bench {
namespace {

constexpr index_t columns = 1024;
constexpr double not_compared = 1e300; ///< a ratio on the edge of a clip range falls on either side

struct log_prob_numbers {
  float unit = unit_of(1);
  __host__ __device__ float operator()(index_t i) const { return -fabsf(random_normal(i, 12, unit)); }
};
/// Near the log-probs of now.
struct near_numbers {
  std::uint32_t seed;
  float unit;
  log_prob_numbers now{};
  __host__ __device__ float operator()(index_t i) const { return now(i) + random_normal(i, seed, unit); }
};
__global__ void mask_kernel(std::uint8_t* mask, index_t n) {
  index_t const i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) mask[i] = i % 8 != 7 ? 1 : 0;
}

struct token_sums {
  double loss, kl, low, high;
};
__global__ void truth_kernel(float const* log_prob, float const* old, float const* ref, float const* advantage,
                             std::uint8_t const* mask, index_t n, double weight, double* slope, token_sums* sums) {
  index_t const step = static_cast<index_t>(gridDim.x) * blockDim.x;
  token_sums mine{};
  for (index_t i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    slope[i] = 0;
    if (!mask[i]) continue;
    auto const now = static_cast<double>(log_prob[i]);
    auto const t = token_policy{}(now - static_cast<double>(old[i]), static_cast<double>(advantage[i / columns]),
                                  static_cast<double>(ref[i]) - now);
    slope[i] = t.near_edge ? not_compared : t.slope * weight;
    mine.loss += t.value * weight;
    mine.kl += t.kl * weight;
    mine.low += t.low ? weight : 0;
    mine.high += t.high ? weight : 0;
  }
  sums[static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x] = mine;
}

struct batch {
  buffer<float> log_prob, old_log_prob, ref_log_prob, advantage, seed;
  buffer<std::uint8_t> mask;

  batch(session& run, index_t n)
      : log_prob(n), old_log_prob(n), ref_log_prob(n), advantage(n / columns), seed(n), mask(n) {
    generate(run.stream(), log_prob, log_prob_numbers{});
    generate(run.stream(), old_log_prob, near_numbers{13, unit_of(0.2)});
    generate(run.stream(), ref_log_prob, near_numbers{14, unit_of(0.2)});
    generate(run.stream(), advantage, advantage_numbers{});
    mask_kernel<<<static_cast<unsigned>((n + 255) / 256), 256, 0, run.stream()>>>(mask.data(), n);
    require(cudaGetLastError(), "mask_kernel");
  }
};

/// Errors of the seed over the weight of a token, of the loss, and of the metrics.
void judge(session& run, candidate& who, batch const& b, cohort::loss_report const& seen) {
  index_t const n = b.seed.size();
  double const weight = 1 / (static_cast<double>(n) * 7 / 8);
  buffer<double> const slope(n);
  buffer<token_sums> const sums(132 * 16 * 256);
  truth_kernel<<<132 * 16, 256, 0, run.stream()>>>(b.log_prob.data(), b.old_log_prob.data(), b.ref_log_prob.data(),
                                                   b.advantage.data(), b.mask.data(), n, weight, slope.data(),
                                                   sums.data());
  require(cudaGetLastError(), "truth_kernel");
  run.wait();
  token_sums all{};
  for (auto const& s : sums.download()) all.loss += s.loss, all.kl += s.kl, all.low += s.low, all.high += s.high;
  double worst = 0;
  auto const wanted = slope.download();
  auto const found = b.seed.download();
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (wanted[i] == not_compared) continue;
    double const error = std::fabs(static_cast<double>(found[i]) - wanted[i]) / weight;
    if (!(error <= worst)) worst = error;
  }
  who.loss = seen.loss;
  who.errors = {{"seed", worst},
                {"loss", std::fabs(seen.loss - all.loss)},
                {"kl", std::fabs(seen.kl - all.kl)},
                {"clip", std::fabs(seen.clip_low - all.low) + std::fabs(seen.clip_high - all.high)}};
  who.accepted =
      worst <= 2e-5 && who.errors[1].second <= 1e-6 && who.errors[2].second <= 1e-6 && who.errors[3].second <= 1e-4;
}

void one(session& run, index_t n) {
  double const bytes = 17.0 * static_cast<double>(n); // log_prob, old, ref, mask in; seed out
  int const sets = sets_for(bytes);
  std::vector<batch> batches;
  for (int i = 0; i < sets; ++i) batches.emplace_back(run, n);
  owned_context context(run.stream(), 64 << 10);
  buffer<cohort::loss_sums> const report(1);
  auto const call = [&](int i) {
    batch& b = batches[static_cast<std::size_t>(i)];
    auto const advantage = b.advantage.view();
    cohort::policy_loss<float>(*context,
                               {.layout = cohort::padded{n / columns, columns},
                                .log_prob = b.log_prob.view(),
                                .old_log_prob = b.old_log_prob.view(),
                                .ref_log_prob = b.ref_log_prob.view(),
                                .advantage = cohort::per_sequence(advantage),
                                .mask = b.mask.view()},
                               {.d_log_prob = b.seed.view(), .report = report.data()},
                               cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}, cohort::k3{.beta = 0.04}),
                               {.normalizer = cohort::by_tokens(static_cast<double>(n) * 7 / 8)});
  };
  std::vector<candidate> candidates{
      {.name = "cohort", .call = call, .workspace = static_cast<double>(context.bytes())}};
  call(0);
  judge(run, candidates[0], batches[0], cohort::read(*context, report.data()));
  compare(run, {.algorithm = "policy_loss", .name = std::to_string(n), .bytes = bytes, .sets = sets}, candidates);
}

} // namespace

void policy_loss(session& run) {
  std::vector<index_t> const sizes =
      run.options.quick ? std::vector<index_t>{65536} : std::vector<index_t>{4096, 65536, 1 << 20, 1 << 24};
  for (index_t const n : sizes) run.attempt("policy_loss", [&] { one(run, n); });
}

} // namespace bench
