// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// No algorithm allocates inside a call, on success or on refusal.
#include <atomic>
#include <cstdlib>
#include <new>

#include <cases/contexts.hpp>
#include <cases/groups.hpp>
#include <cases/losses.hpp>
#include <cases/processes.hpp>
#include <cases/rewards.hpp>
#include <cases/values.hpp>
#include <cohort/gradient/logits_policy_gradient.hpp>
#include <cohort/objective/importance_ratio.hpp>
#include <cohort/reward/kl_penalty.hpp>

#include <cases/scores.hpp>
#include <cohort/advantage/whiten.hpp>

namespace {

std::atomic<long> allocations{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  allocations.fetch_add(1);
  std::size_t const whole = (bytes + alignment - 1) / alignment * alignment;
  void* const memory = std::aligned_alloc(alignment, whole > 0 ? whole : alignment);
  if (!memory) throw std::bad_alloc();
  return memory;
}

void released(void* memory) noexcept __attribute__((noinline));
void released(void* memory) noexcept { std::free(memory); }

} // namespace

void* operator new(std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new[](std::size_t bytes) { return counted(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, std::nothrow_t const&) noexcept {
  return counted(bytes, alignof(std::max_align_t));
}
void* operator new[](std::size_t bytes, std::nothrow_t const&) noexcept {
  return counted(bytes, alignof(std::max_align_t));
}
void operator delete(void* memory) noexcept { released(memory); }
void operator delete[](void* memory) noexcept { released(memory); }
void operator delete(void* memory, std::size_t) noexcept { released(memory); }
void operator delete[](void* memory, std::size_t) noexcept { released(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { released(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { released(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { released(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { released(memory); }

namespace {

template <class Call>
long allocated_by(Call const& call) {
  long const before = allocations.load();
  call();
  return allocations.load() - before;
}

/// The threads of TBB and OpenMP allocate when they first meet, whoever calls them.
void let_threads_meet() {
  std::vector<float> const reward(4096, 1.0F);
  std::vector<float> advantage(reward.size());
  for (engines::choice const& made : support::every_choice())
    if (made.is_thrust()) {
      engines::any_context context{made};
      for (int i = 0; i < 100; ++i)
        cohort::group_advantage(context, reward, advantage, {.groups = cohort::uniform_groups{8}});
    }
}

/// On every context, the first call and later ones.
template <class Call>
void allocates_nothing(Call const& call) {
  static bool const met = (let_threads_meet(), true);
  static_cast<void>(met);
  support::on_every_context([&](auto& context) {
    long count = 0;
    for (int i = 0; i < 3; ++i) count += allocated_by([&] { call(context); });
    CHECK(count == 0);
  });
}

} // namespace

TEST_CASE("allocations: they are counted", "[backend][allocations]") {
  CHECK(allocated_by([] { std::vector<int> const x(3); }) == 1);
}

TEST_CASE("allocations: group_advantage and group_statistics", "[backend][allocations]") {
  cases::random source(71);
  auto const reward = source.normals<float>(4096);
  std::vector<float> advantage(reward.size());
  std::vector<std::int64_t> ids(reward.size());
  for (auto& id : ids) id = source.integer(0, 400);
  for (auto const scale : {cohort::scale::group_std, cohort::scale::batch_std}) {
    allocates_nothing([&](auto& context) {
      cohort::group_advantage(context, reward, advantage, {.groups = cohort::uniform_groups{8}, .scale = scale});
    });
    allocates_nothing([&](auto& context) {
      cohort::group_advantage(context, reward, advantage, {.groups = cohort::group_ids(ids), .scale = scale});
    });
  }
  std::vector<double> mean(512);
  allocates_nothing([&](auto& context) {
    cohort::group_statistics<float>(context, reward, {.mean = mean}, {.groups = cohort::uniform_groups{8}});
  });
}

TEST_CASE("allocations: process_advantage", "[backend][allocations]") {
  cases::random source(72);
  auto const p = cases::random_process(source, 40, 50);
  cases::step_tensors<float> const steps(p);
  std::vector<float> advantage(static_cast<std::size_t>(steps.token_offsets.back()));
  allocates_nothing([&](auto& context) {
    cohort::process_advantage<float>(context, {.layout = cohort::packed(steps.token_offsets), .steps = steps.list()},
                                     {.advantage = advantage}, {.groups = cohort::group_ids(p.ids)});
  });
}

TEST_CASE("allocations: gae, return_to_go and whiten", "[backend][allocations]") {
  auto b = cases::random_rewards<float>(75, 300, 50);
  auto const offsets = b.offsets();
  std::vector<float> advantage(b.tokens()), returns(b.tokens());
  cohort::token_counts counts;
  cohort::moment_sums moments;
  b.bootstrap[0] = static_cast<float>(cohort::infinity);
  allocates_nothing([&](auto& context) {
    cohort::gae<float>(context,
                       {.layout = cohort::packed(offsets),
                        .reward = b.reward,
                        .value = b.value,
                        .mask = b.mask,
                        .done = b.done,
                        .bootstrap = b.bootstrap},
                       {.advantage = advantage, .returns = returns, .report = &counts});
    cohort::return_to_go<float>(context, {.layout = cohort::packed(offsets), .reward = b.reward}, {.returns = returns});
    cohort::moments<float>(context, {.layout = cohort::packed(offsets), .values = returns}, &moments);
    cohort::whiten<float>(context, {.layout = cohort::packed(offsets), .values = advantage}, {.whitened = advantage});
    static_cast<void>(cohort::read(context, &counts, cohort::on_data_error::accept));
    static_cast<void>(cohort::read(context, &moments));
  });
}

TEST_CASE("allocations: policy_loss", "[backend][allocations]") {
  auto const b = cases::random_batch<float>(73, {.rows = 300, .longest = 50});
  auto const offsets = b.offsets();
  std::vector<float> seed(b.tokens());
  cohort::loss_sums sums;
  for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence})
    allocates_nothing([&](auto& context) {
      cohort::policy_loss<float>(context,
                                 {.layout = cohort::packed(offsets),
                                  .log_prob = b.log_prob,
                                  .old_log_prob = b.old_log_prob,
                                  .ref_log_prob = b.ref_log_prob,
                                  .advantage = cohort::per_token(b.advantage),
                                  .mask = b.mask},
                                 {.d_log_prob = seed, .report = &sums},
                                 cohort::objective(cohort::ppo_clip{}, cohort::k3{0.04}),
                                 {cohort::by_sequence_means(), level});
      static_cast<void>(cohort::read(context, &sums));
    });
}

TEST_CASE("allocations: value_loss and importance_ratio", "[backend][allocations]") {
  auto const b = cases::random_batch<float>(75, {.rows = 300, .longest = 50});
  auto const offsets = b.offsets();
  std::vector<float> out(b.tokens()), sequence(b.rows());
  cohort::value_sums values;
  cohort::ratio_sums ratios;
  allocates_nothing([&](auto& context) {
    cohort::value_loss<float>(context,
                              {.layout = cohort::packed(offsets),
                               .value = b.log_prob,
                               .old_value = b.old_log_prob,
                               .returns = b.ref_log_prob,
                               .mask = b.mask},
                              {.d_value = out, .report = &values}, cohort::squared_error{.clip = 0.2},
                              {cohort::by_sequence_means()});
    cohort::importance_ratio<float>(
        context,
        {.layout = cohort::packed(offsets), .log_prob = b.log_prob, .old_log_prob = b.old_log_prob, .mask = b.mask},
        {.ratio = out, .sequence_ratio = sequence, .report = &ratios}, {.ratio = cohort::ratio_level::sequence});
    static_cast<void>(cohort::read(context, &values));
    static_cast<void>(cohort::read(context, &ratios));
  });
}

TEST_CASE("allocations: kl_penalty", "[backend][allocations]") {
  auto const b = cases::random_batch<float>(76, {.rows = 300, .longest = 50});
  auto const offsets = b.offsets();
  std::vector<float> reward(b.tokens());
  cohort::penalty_sums sums;
  allocates_nothing([&](auto& context) {
    cohort::kl_penalty<float>(context,
                              {.layout = cohort::packed(offsets),
                               .log_prob = b.log_prob,
                               .ref_log_prob = b.ref_log_prob,
                               .reward = b.advantage,
                               .mask = b.mask},
                              {.reward = reward, .report = &sums}, cohort::k3{0.04});
    static_cast<void>(cohort::read(context, &sums));
  });
}

TEST_CASE("allocations: token_log_prob and its gradient", "[backend][allocations]") {
  cases::random source(74);
  std::size_t const rows = 60, vocabulary = 500;
  auto const values = source.normals<float>(rows * vocabulary);
  std::vector<std::int32_t> token(rows);
  for (auto& x : token) x = static_cast<std::int32_t>(source.integer(0, 499));
  std::vector<float> log_prob(rows), log_sum_exp(rows), d_logits(values.size());
  auto const logits = cases::loose_matrix(values.data(), 60, 500, 500);
  auto const gradient = cases::loose_matrix(d_logits.data(), 60, 500, 500);
  allocates_nothing([&](auto& context) {
    cohort::token_log_prob<float>(context, {.logits = logits, .token = token},
                                  {.log_prob = log_prob, .log_sum_exp = log_sum_exp});
    cohort::token_log_prob_backward<float>(
        context, {.logits = logits, .token = token, .log_sum_exp = log_sum_exp, .d_log_prob = log_prob},
        {.d_logits = gradient});
  });
}

TEST_CASE("allocations: logits_policy_gradient", "[backend][allocations]") {
  cases::random source(77);
  std::size_t const rows = 60, vocabulary = 500;
  auto const values = source.normals<float>(rows * vocabulary), old = source.normals<float>(rows);
  std::vector<std::int32_t> const token(rows, 3);
  std::vector<float> log_prob(rows), d_logits(values.size());
  std::vector<std::int64_t> live(rows);
  cohort::logits_sums sums;
  cohort::view<float const, 2, cohort::host_space> const logits(values.data(), {60, 500}, {500, 1});
  for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence})
    for (double const weight : {0.0, 0.1})
      allocates_nothing([&](auto& context) {
        cohort::logits_policy_gradient<float>(context,
                                              {.layout = cohort::padded{12, 5},
                                               .logits = logits,
                                               .token = token,
                                               .old_log_prob = old,
                                               .advantage = cohort::per_token(old),
                                               .ref_logits = logits},
                                              {.d_logits = cases::loose_matrix(d_logits.data(), 60, 500, 500),
                                               .log_prob = log_prob,
                                               .live_rows = live,
                                               .report = &sums},
                                              cohort::objective(cohort::ppo_clip{}),
                                              {.normalizer = cohort::by_tokens(),
                                               .ratio = level,
                                               .entropy = {.coefficient = weight, .normalizer = cohort::by_sequences()},
                                               .distribution_kl = weight});
        static_cast<void>(cohort::read(context, &sums));
      });
}

TEST_CASE("allocations: accumulate_policy_gradient", "[backend][allocations]") {
  cases::score_batch<float, cohort::half> const b(40, 2100, 75);
  std::vector<float> gradient(2100);
  cohort::gradient_sums sums;
  auto const fill = [&](cohort::index_t first, cohort::index_t count,
                        cohort::view<cohort::half, 2, cohort::host_space> rows) {
    for (cohort::index_t i = 0; i < count; ++i)
      std::copy_n(&b.scores[static_cast<std::size_t>((first + i) * b.pitch)], b.parameters,
                  rows.data + i * rows.stride[0]);
  };
  allocates_nothing([&](auto& context) {
    cohort::accumulate_policy_gradient<float, cohort::half>(
        context, {.scores = b.rows(0, 40), .d_log_prob = b.seed, .mask = b.mask},
        {.gradient = gradient, .report = &sums});
    cohort::accumulate_policy_gradient<float, cohort::half>(
        context, {.scores = cohort::scores_from(fill), .d_log_prob = b.seed}, {.gradient = gradient, .report = &sums},
        {.chunk_tokens = 7});
    static_cast<void>(cohort::read(context, &sums));
  });
}

TEST_CASE("allocations: a refused call", "[backend][allocations]") {
  std::vector<float> const reward(6, 1.0F);
  std::vector<float> advantage(5);
  allocates_nothing([&](auto& context) {
    cohort::view<float const, 1, cohort::host_space> const in(reward);
    if (cohort::check_group_advantage<float>(context, in, {.advantage = advantage},
                                             {.groups = cohort::uniform_groups{3}})
            .ok())
      std::abort();
  });
}
