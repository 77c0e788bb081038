// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Writes what the peers are given and what they must reproduce, raw and little endian: bench_inputs DIRECTORY [PROGRAM ...]
/// PROGRAM: a part of the names of the benchmarks whose inputs are wanted.
#include <algorithm>
#include <bit>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

#include <support/batch.hpp>
#include <support/head.hpp>
#include <support/logits.hpp>
#include <support/policy.hpp>
#include <support/workload.hpp>

static_assert(std::endian::native == std::endian::little);

namespace {

struct folder {
  std::filesystem::path path;

  folder(std::filesystem::path const& parent, char const* name) : path(parent / name) {
    std::filesystem::create_directories(path);
  }
  template <class T, class Memory>
  void write(char const* name, std::vector<T, Memory> const& values) const {
    std::ofstream file(path / name, std::ios::binary);
    file.exceptions(std::ios::failbit | std::ios::badbit);
    file.write(reinterpret_cast<char const*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
  }
  void write(std::initializer_list<std::pair<char const*, double>> facts) const {
    std::ofstream file(path / "facts.json");
    file.exceptions(std::ios::failbit | std::ios::badbit);
    file.precision(17);
    char const* separator = "{";
    for (auto const& [name, value] : facts) file << std::exchange(separator, ", ") << '"' << name << "\": " << value;
    file << "}\n";
  }
};

void policy_loss(folder const& to) {
  using namespace bench::tokens;
  cohort::eigen_context context{{}};
  bench::token_batch b(rows, columns);
  cohort::loss_sums sums;
  bench::run_policy_loss(context, b, sums);
  cohort::loss_report const r = cohort::read(context, &sums);
  to.write("log_prob.f32", b.log_prob);
  to.write("old_log_prob.f32", b.old_log_prob);
  to.write("ref_log_prob.f32", b.ref_log_prob);
  to.write("advantage.f32", b.advantage);
  to.write("mask.u8", b.mask);
  to.write("d_log_prob.f32", b.d_log_prob);
  to.write({{"rows", rows},
            {"columns", columns},
            {"count", valid},
            {"low", low},
            {"high", high},
            {"beta", beta},
            {"loss", r.loss},
            {"kl", r.kl},
            {"approx_kl", r.approx_kl},
            {"clip_low", r.clip_low},
            {"clip_high", r.clip_high},
            {"clip_low_min", r.clip_low_min},
            {"clip_high_max", r.clip_high_max},
            {"ratio_min", r.ratio_min},
            {"ratio_mean", r.ratio_mean},
            {"ratio_max", r.ratio_max}});
}

void group_advantage(folder const& to) {
  using namespace bench::rewards;
  cohort::eigen_context context{{}};
  auto const reward = bench::normal(groups * size, 1);
  std::vector<float> advantage(reward.size());
  cohort::group_sums sums;
  cohort::group_advantage<float>(context, reward, {.advantage = advantage, .report = &sums},
                                 {.groups = cohort::uniform_groups{size}, .epsilon = epsilon});
  cohort::group_report const r = cohort::read(context, &sums);
  to.write("reward.f32", reward);
  to.write("advantage.f32", advantage);
  to.write({{"groups", groups},
            {"size", size},
            {"epsilon", epsilon},
            {"fraction_zero_variance", r.fraction_zero_variance},
            {"reward", r.reward},
            {"reward_std", r.reward_std}});
}

/// The recursion from the last token to the first, in double: the peers and gae are compared with it.
void gae(folder const& to, cohort::index_t rows, cohort::index_t columns) {
  constexpr double discount = bench::returns::gamma, decay = discount * bench::returns::lambda;
  auto const reward = bench::normal(static_cast<std::size_t>(rows * columns), 1);
  auto const value = bench::normal(static_cast<std::size_t>(rows * columns), 2);
  std::vector<float> advantage(reward.size());
  for (std::size_t end = reward.size(); end > 0; end -= static_cast<std::size_t>(columns)) {
    double next_value = 0, sum = 0;
    for (std::size_t i = end; i-- > end - static_cast<std::size_t>(columns);) {
      sum = static_cast<double>(reward[i]) + discount * next_value - static_cast<double>(value[i]) + decay * sum;
      next_value = static_cast<double>(value[i]);
      advantage[i] = static_cast<float>(sum);
    }
  }
  to.write("reward.f32", reward);
  to.write("value.f32", value);
  to.write("advantage.f32", advantage);
  to.write({{"rows", rows}, {"columns", columns}, {"gamma", discount}, {"lambda", bench::returns::lambda}});
}

/// Logits of L, what ours makes of them, and in a file called after the type what they are.
template <class L>
void logits_of(folder const& to, std::string const& type, cohort::index_t vocabulary, double& loss) {
  bench::logits_batch<L> b(vocabulary);
  bench::buffer<L> gradient(b.original.size());
  cohort::logits_policy_gradient_options const options{.normalizer = cohort::by_tokens(b.tokens)};
  cohort::eigen_context context{
      {.workspace_bytes = cohort::logits_policy_gradient_workspace_bytes<L>(b.tokens, options)}};
  cohort::logits_sums sums;
  bench::run_logits(context, b, b.original, gradient, sums);
  loss = cohort::read(context, &sums).loss;
  to.write(("logits." + type).c_str(), b.original);
  to.write(("d_logits." + type).c_str(), gradient);
  to.write(("log_prob_" + type + ".f32").c_str(), b.log_prob);
  to.write(("entropy_" + type + ".f32").c_str(), b.entropy);
  to.write(("old_log_prob_" + type + ".f32").c_str(), b.old_log_prob);
  to.write("token.i64", b.token);
  to.write("advantage.f32", b.advantage);
}
void logits(folder const& to, cohort::index_t vocabulary, bool with_bf16) {
  using namespace bench::logits;
  double loss_f32 = 0, loss_bf16 = 0;
  logits_of<float>(to, "f32", vocabulary, loss_f32);
  if (with_bf16) logits_of<cohort::bfloat16>(to, "bf16", vocabulary, loss_bf16);
  to.write({{"tokens", tokens()},
            {"columns", columns},
            {"vocabulary", vocabulary},
            {"low", low},
            {"high", high},
            {"loss_f32", loss_f32},
            {"loss_bf16", loss_bf16}});
}

void head(folder const& to) {
  using namespace bench::logits;
  bench::head_batch b(vocabulary);
  auto context = b.context_for(bench::thread_counts().back());
  cohort::logits_sums sums;
  b.gradient(context, sums);
  to.write("hidden.f32", b.hidden);
  to.write("weights.f32", b.weights);
  to.write("token.i64", b.token);
  to.write("old_log_prob.f32", b.old_log_prob);
  to.write("advantage.f32", b.advantage);
  to.write("log_prob.f32", b.log_prob);
  to.write("d_hidden.f32", b.d_hidden);
  to.write("d_weights.f32", b.d_weights);
  to.write({{"tokens", tokens()},
            {"columns", columns},
            {"vocabulary", vocabulary},
            {"width", width},
            {"low", low},
            {"high", high},
            {"loss", cohort::read(context, &sums).loss}});
}

} // namespace

int main(int count, char** arguments) {
  if (count < 2) return std::fputs("usage: bench_inputs DIRECTORY [PROGRAM ...]\n", stderr), 2;
  std::filesystem::path const root = arguments[1];
  auto const wanted = [&](std::string const& program) {
    return count == 2 || std::any_of(arguments + 2, arguments + count,
                                     [&](char const* part) { return program.find(part) != std::string::npos; });
  };
  if (wanted("policy_loss")) policy_loss({root, "policy_loss"});
  if (wanted("group_advantage")) group_advantage({root, "group_advantage"});
  if (wanted("gae")) gae({root, "gae_64x2048"}, 64, 2048), gae({root, "gae_256x4096"}, 256, 4096);
  for (cohort::index_t const vocabulary : bench::logits::vocabularies)
    if (bool const main_one = vocabulary == bench::logits::vocabulary;
        wanted("logits_policy_gradient") || (main_one && wanted("token_log_prob")))
      logits({root, ("logits_" + std::to_string(vocabulary)).c_str()}, vocabulary, main_one);
  if (wanted("head_policy_gradient")) head({root, "head"});
}
