// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Group advantages as whole arrays of Eigen.
#pragma once

#include <vector>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/workload.hpp>

namespace bench {

/// (reward - mean) / (std + epsilon) in float, a group per column, an expression per step, as one writes NumPy in Eigen.
inline void eigen_group_advantage(std::vector<float> const& reward, std::vector<float>& advantage) {
  using array = Eigen::Array<float, rewards::size, Eigen::Dynamic>;
  Eigen::Map<array const> const x(reward.data(), rewards::size, rewards::groups);
  Eigen::Map<array> y(advantage.data(), rewards::size, rewards::groups);
  using row = Eigen::Array<float, 1, Eigen::Dynamic>;
  row const mean = x.colwise().mean();
  array const left = x.rowwise() - mean;
  row const deviation = (left.square().colwise().sum() / static_cast<float>(rewards::size - 1)).sqrt();
  y = left.rowwise() / (deviation + static_cast<float>(rewards::epsilon));
}

/// The largest difference from ours.
inline float difference_from_ours(std::vector<float> const& reward, std::vector<float> const& advantage) {
  cohort::eigen_context context{{}};
  std::vector<float> ours(reward.size());
  cohort::group_advantage<float>(context, reward, {.advantage = ours},
                                 {.groups = cohort::uniform_groups{rewards::size}, .epsilon = rewards::epsilon});
  auto const map = [](std::vector<float> const& x) {
    return Eigen::Map<Eigen::ArrayXf const>(x.data(), static_cast<Eigen::Index>(x.size()));
  };
  return (map(ours) - map(advantage)).abs().maxCoeff();
}

/// Timed beside ours, not where it differs: BENCHMARK(bench::eigen_groups)->Apply(bench::sampled);
inline void eigen_groups(benchmark::State& state) {
  struct batch {
    std::vector<float> reward = normal(rewards::groups * rewards::size, 1);
    std::vector<float> advantage = std::vector<float>(reward.size());
  };
  static rotation<batch> batches(copies(rewards::groups * rewards::size * 8), {});
  batch& first = batches.next();
  eigen_group_advantage(first.reward, first.advantage);
  if (difference_from_ours(first.reward, first.advantage) > 3e-5F)
    return state.SkipWithError("the advantages differ from ours");
  for (auto _ : state) {
    batch& b = batches.next();
    eigen_group_advantage(b.reward, b.advantage);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * rewards::groups);
}

} // namespace bench
