// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// One valid call of every algorithm over memory in one piece, and what happens when a test breaks it.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <cohort/cohort.hpp>

#include <cases/tensors.hpp>
#include <support/contexts.hpp>

namespace cases {

using cohort::host_space;
using cohort::index_t;

/// Everything that the calls read and write, in one piece.
struct arena {
  alignas(64) float reward[8] = {1, 2, 3, 4, 5, 6}, advantage[8] = {}, log_prob[8] = {}, old[8] = {}, seed[8] = {};
  float logits[2][4] = {}, d_logits[2][4] = {}, ref_logits[2][4] = {}, row[2] = {}, other_row[2] = {};
  double mean[2] = {};
  std::int64_t ids[6] = {1, 1, 1, 2, 2, 2}, offsets[3] = {0, 3, 6}, step_offsets[3] = {0, 1, 3};
  std::int32_t token[2] = {0, 3}, step_end[3] = {2, 0, 2};
  std::uint8_t mask[6] = {1, 1, 1, 1, 1, 1};
  cohort::group_sums groups{.groups = 77};
  cohort::loss_sums loss{.tokens = 77};
  cohort::row_sums rows{.rows = 77};
  cohort::logits_sums sums{};
  std::uint32_t allowed[4] = {15, 15, 15, 15};
  std::int64_t live[4] = {77, 77, 77, 77};
};
/// An address that no float stands at.
inline float* askew(float* p) { return reinterpret_cast<float*>(reinterpret_cast<char*>(p) + 1); }

struct statistics_call {
  arena& a;
  cohort::view<float const, 1, host_space> reward = loose_vector(a.reward, 6);
  cohort::group_statistics_outputs<host_space> out{.mean = a.mean, .report = &a.groups};
  cohort::group_statistics_options<host_space> options{.groups = cohort::uniform_groups{3}};
  auto check(auto& context) const { return cohort::check_group_statistics<float>(context, reward, out, options); }
  void run(auto& context) const { cohort::group_statistics<float>(context, reward, out, options); }
};
struct advantage_call {
  arena& a;
  cohort::view<float const, 1, host_space> reward = loose_vector(a.reward, 6);
  cohort::group_advantage_outputs<float, host_space> out{loose_vector(a.advantage, 6), &a.groups};
  cohort::group_advantage_options<host_space> options{.groups = cohort::uniform_groups{3}};
  auto check(auto& context) const { return cohort::check_group_advantage<float>(context, reward, out, options); }
  void run(auto& context) const { cohort::group_advantage<float>(context, reward, out, options); }
};
struct process_call {
  arena& a;
  cohort::process_advantage_inputs<float, host_space> in{
      .layout = cohort::padded{2, 3},
      .steps = cohort::step_list(a.step_offsets, a.step_end, loose_vector(a.reward, 3))};
  cohort::process_advantage_outputs<float, host_space> out{loose_vector(a.advantage, 6), &a.groups};
  cohort::process_advantage_options<host_space> options{.groups = cohort::uniform_groups{2}};
  auto check(auto& context) const { return cohort::check_process_advantage<float>(context, in, out, options); }
  void run(auto& context) const { cohort::process_advantage<float>(context, in, out, options); }
};
struct loss_call {
  arena& a;
  cohort::policy_loss_inputs<float, host_space> in{.layout = cohort::packed(a.offsets),
                                                   .log_prob = loose_vector(a.log_prob, 6),
                                                   .old_log_prob = loose_vector(a.old, 6),
                                                   .advantage = cohort::per_token(loose_vector(a.advantage, 6)),
                                                   .mask = a.mask};
  cohort::policy_loss_outputs<float, host_space> out{loose_vector(a.seed, 6), &a.loss};
  cohort::policy_objective<cohort::ppo_clip, cohort::no_kl> f{};
  cohort::policy_loss_options options{cohort::by_tokens(6)};
  auto check(auto& context) const { return cohort::check_policy_loss<float>(context, in, out, f, options); }
  void run(auto& context) const { cohort::policy_loss<float>(context, in, out, f, options); }
};
struct forward_call {
  arena& a;
  cohort::token_log_prob_inputs<float, host_space> in{.logits = a.logits, .token = a.token};
  cohort::token_log_prob_outputs<float, host_space> out{
      .log_prob = a.row, .log_sum_exp = a.other_row, .report = &a.rows};
  cohort::token_log_prob_options options{};
  auto check(auto& context) const { return cohort::check_token_log_prob<float>(context, in, out, options); }
  void run(auto& context) const { cohort::token_log_prob<float>(context, in, out, options); }
};
struct backward_call {
  arena& a;
  cohort::token_log_prob_backward_inputs<float, host_space> in{
      .logits = a.logits, .token = a.token, .log_sum_exp = a.other_row, .d_log_prob = a.row};
  cohort::token_log_prob_backward_outputs<float, host_space> out{.d_logits = a.d_logits, .report = &a.rows};
  cohort::token_log_prob_backward_options options{};
  auto check(auto& context) const { return cohort::check_token_log_prob_backward<float>(context, in, out, options); }
  void run(auto& context) const { cohort::token_log_prob_backward<float>(context, in, out, options); }
};

/// Two tokens in a sequence each.
struct logits_call {
  arena& a;
  cohort::logits_policy_gradient_inputs<float, host_space> in{.layout = cohort::padded{2, 1},
                                                              .logits = a.logits,
                                                              .token = a.token,
                                                              .old_log_prob = loose_vector(a.old, 2),
                                                              .advantage = cohort::per_token(loose_vector(a.reward, 2)),
                                                              .mask = loose_vector(a.mask, 2),
                                                              .ref_logits = a.ref_logits,
                                                              .vocabulary_mask = loose_matrix(a.allowed, 2, 1, 1)};
  cohort::logits_policy_gradient_outputs<float, host_space> out{.d_logits = a.d_logits,
                                                                .log_prob = loose_vector(a.log_prob, 2),
                                                                .log_sum_exp = a.other_row,
                                                                .entropy = a.row,
                                                                .d_log_prob = loose_vector(a.seed, 2),
                                                                .live_rows = loose_vector(a.live, 2),
                                                                .report = &a.sums};
  cohort::policy_objective<cohort::ppo_clip, cohort::no_kl> f{};
  cohort::logits_policy_gradient_options options{.normalizer = cohort::by_tokens(2), .distribution_kl = 0.5};
  auto check(auto& context) const { return cohort::check_logits_policy_gradient<float>(context, in, out, f, options); }
  void run(auto& context) const { cohort::logits_policy_gradient<float>(context, in, out, f, options); }
};

/// One row: what is wrong with a valid call, and what is said of it.
template <class Call>
struct entry {
  cohort::error_code code;
  index_t index;
  char const* sentence;
  void (*breaks)(Call&, arena&);
};

template <class Call>
void refuses(auto& context, entry<Call> const& row) {
  INFO(row.sentence);
  arena a;
  Call call{a};
  REQUIRE(call.check(context).ok());
  row.breaks(call, a);
  arena before;
  std::memcpy(&before, &a, sizeof a);
  auto const scratch = context.scratch();
  std::vector<std::byte> const workspace(scratch.data, scratch.data + scratch.bytes);
  cohort::status const s = call.check(context);
  CHECK(static_cast<int>(s.code) == static_cast<int>(row.code));
  CHECK(s.index == row.index);
  CHECK(std::strstr(row.sentence, s.function) == row.sentence);
  try {
    call.run(context);
    FAIL_CHECK("no contract_error");
  } catch (cohort::contract_error const& error) {
    CHECK(std::string(error.what()) == row.sentence);
  }
  CHECK(std::memcmp(&before, &a, sizeof a) == 0);
  if (row.code != cohort::error_code::small_group) // found by sorting the ids
    CHECK((workspace.empty() || std::memcmp(workspace.data(), scratch.data, workspace.size()) == 0));
}

template <class Call, std::size_t Rows>
void refuses_each(entry<Call> const (&table)[Rows], index_t workspace_bytes = 1024) {
  support::on_every_context(
      [&](auto& context) {
        for (auto const& row : table) refuses<Call>(context, row);
      },
      workspace_bytes);
}

} // namespace cases
