// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// <name>_workspace_bytes is exact: that much works, 64 bytes less is refused.
#include <cases/contexts.hpp>
#include <cases/groups.hpp>
#include <cases/losses.hpp>
#include <cases/processes.hpp>
#include <cohort/gradient/logits_policy_gradient.hpp>

namespace {

using cohort::index_t;

template <class Call>
void exact(index_t bytes, Call const& call) {
  INFO(bytes << " bytes");
  support::on_every_context(
      [&](auto& context) {
        CHECK(context.scratch().bytes == bytes);
        CHECK_NOTHROW(call(context));
      },
      bytes);
  if (bytes == 0) return;
  support::on_every_context(
      [&](auto& context) {
        try {
          call(context);
          FAIL_CHECK("a short workspace passed");
        } catch (cohort::contract_error const& error) {
          CHECK(static_cast<int>(error.status().code) == static_cast<int>(cohort::error_code::bad_workspace));
          CHECK(error.status().found == static_cast<double>(bytes - 64));
          CHECK(error.status().expected == static_cast<double>(bytes));
          CHECK(std::string(error.what()).find(std::to_string(bytes)) != std::string::npos);
          context.reserve(bytes);
          CHECK_NOTHROW(call(context));
        }
      },
      bytes - 64);
}

} // namespace

TEST_CASE("workspace: group_advantage and group_statistics", "[backend][workspace]") {
  for (int const n : {1, 7, 8, 9, 64, 1001}) {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(n), 3);
    std::vector<float> const reward(ids.size(), 0.5F);
    for (auto const scale : {cohort::scale::group_std, cohort::scale::batch_std})
      for (cases::group_options options : {cases::group_options{.groups = cohort::group_ids(ids)},
                                           cases::group_options{.groups = cohort::uniform_groups{n}}}) {
        options.scale = scale;
        exact(cohort::group_advantage_workspace_bytes(n, options),
              [&](auto& context) { cases::group_run(context, reward, options); });
      }
    cohort::group_statistics_options<cohort::host_space> const options{.groups = cohort::group_ids(ids)};
    exact(cohort::group_statistics_workspace_bytes(n, options),
          [&](auto& context) { cohort::group_statistics<float>(context, reward, {}, options); });
  }
}

TEST_CASE("workspace: process_advantage", "[backend][workspace]") {
  for (std::size_t const n : {1U, 8U, 9U, 130U}) {
    cases::process const p{std::vector<int>(n, 2), std::vector<std::int64_t>(n, 1),
                           std::vector<std::vector<index_t>>(n, {1}), std::vector<std::vector<double>>(n, {0.5})};
    for (cases::process_options const& options :
         {cases::process_options{.groups = cohort::group_ids(p.ids)},
          cases::process_options{.groups = cohort::uniform_groups{static_cast<index_t>(n)}}})
      exact(cohort::process_advantage_workspace_bytes(static_cast<index_t>(n), options),
            [&](auto& context) { cases::run_packed_list<float>(context, p, options); });
  }
}

TEST_CASE("workspace: policy_loss", "[backend][workspace]") {
  auto const b = cases::random_batch<float>(61, {.rows = 5, .longest = 9});
  for (cohort::normalizer const& by :
       {cohort::normalizer(cohort::by_tokens()), cohort::normalizer(cohort::by_sequences()),
        cohort::normalizer(cohort::by_tokens(4))}) {
    cohort::policy_loss_options const options{by};
    exact(cohort::policy_loss_workspace_bytes(options),
          [&](auto& context) { cases::run_packed(context, b, cohort::objective(cohort::ppo_clip{}), options); });
  }
}

TEST_CASE("workspace: logits_policy_gradient", "[backend][workspace]") {
  for (index_t const n : {1, 63, 64, 65, 1001}) {
    auto const tokens = static_cast<std::size_t>(n);
    std::vector<float> const logits(tokens * 3, 0.5F), x(tokens, 1);
    std::vector<float> d_logits(logits.size());
    std::vector<int> const token(tokens, 2);
    cohort::view<float const, 2, cohort::host_space> const rows(logits.data(), {n, 3}, {3, 1});
    cohort::logits_policy_gradient_options options{.normalizer = cohort::by_tokens()};
    for (int i = 0; i < 3; ++i) {
      if (i == 1) options.entropy = {.coefficient = 0.1, .normalizer = cohort::by_sequences()};
      if (i == 2) options.ratio = cohort::ratio_level::sequence, options.normalizer = cohort::by_constant(3);
      exact(cohort::logits_policy_gradient_workspace_bytes<float>(n, options), [&](auto& context) {
        cohort::logits_policy_gradient<float>(context,
                                              {.layout = cohort::padded{n, 1},
                                               .logits = rows,
                                               .token = token,
                                               .old_log_prob = x,
                                               .advantage = cohort::per_token(x)},
                                              {.d_logits = cases::loose_matrix(d_logits.data(), n, 3, 3)},
                                              cohort::objective(cohort::ppo_clip{}), options);
      });
    }
  }
}

TEST_CASE("workspace: 16 bytes per row of logits and 64 KiB, whatever the vocabulary", "[backend][workspace]") {
  cohort::logits_policy_gradient_options const options{
      .normalizer = cohort::by_tokens(), .entropy = {.coefficient = 0.1, .normalizer = cohort::by_sequences()}};
  for (index_t const rows : {index_t{0}, index_t{1}, index_t{4096}, index_t{1} << 40}) {
    CHECK(cohort::logits_policy_gradient_workspace_bytes<float>(rows, options) <= 16 * rows + 65536);
    CHECK(cohort::logits_policy_gradient_workspace_bytes<cohort::bfloat16>(rows, options) <= 16 * rows + 65536);
  }
}

TEST_CASE("workspace: extents beyond memory are refused, not wrapped", "[backend][workspace]") {
  std::int64_t const id = 0;
  float const reward = 0;
  for (auto const& [power, code] :
       {std::pair{58, cohort::error_code::bad_workspace}, {59, cohort::error_code::size_overflow}})
    support::on_every_context([&, n = index_t{1} << power, expected = code](auto& context) {
      auto const ids = cases::loose_vector(&id, n, 0);
      auto const rewards = cases::loose_vector(&reward, n, 0);
      auto const out = cases::loose_vector(const_cast<float*>(&reward), n, 0);
      cohort::view<float const, 1, cohort::host_space> const in(rewards);
      auto const s =
          cohort::check_group_advantage<float>(context, in, {.advantage = out}, {.groups = cohort::group_ids(ids)});
      CHECK(static_cast<int>(s.code) == static_cast<int>(expected));
      CHECK(std::string(s.argument) == "workspace");
    });
}
