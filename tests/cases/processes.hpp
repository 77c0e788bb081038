// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Process advantages: random step lists, their dense forms, and the definition in long double, token by token.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <cohort/advantage/process_advantage.hpp>
#include <cohort/interop/span.hpp>

#include <cases/groups.hpp>

namespace cases {

using process_options = cohort::process_advantage_options<cohort::host_space>;

/// Sequences with lengths, groups and steps. At most one step ends at a token, so that the dense form says the same.
struct process {
  std::vector<int> length;
  std::vector<std::int64_t> ids;
  std::vector<std::vector<index_t>> end;
  std::vector<std::vector<double>> reward;

  [[nodiscard]] std::size_t rows() const { return length.size(); }
};

inline process random_process(random& source, int groups, int longest) {
  process p;
  p.ids = ragged_ids(source, groups, 5);
  for (auto const id : p.ids) {
    int const n = static_cast<int>(source.integer(0, longest));
    p.length.push_back(n);
    p.end.emplace_back(), p.reward.emplace_back();
    for (index_t c = 0; c < n; ++c) {
      if (!chance(source, 0.2)) continue;
      p.end.back().push_back(c);
      p.reward.back().push_back(id % 5 == 0 ? 0.7 : std::floor(4 * source.normal()) / 4);
    }
  }
  return p;
}

/// The same sequences in another order.
inline process reordered(process const& p, std::vector<std::size_t> const& order) {
  return {taken(p.length, order), taken(p.ids, order), taken(p.end, order), taken(p.reward, order)};
}

/// The lists of a process as tensors.
template <class T>
struct step_tensors {
  std::vector<std::int32_t> token_offsets{0};
  std::vector<std::int64_t> step_offsets{0};
  std::vector<std::int32_t> step_end;
  std::vector<T> step_reward;

  explicit step_tensors(process const& p) {
    for (std::size_t r = 0; r < p.rows(); ++r) {
      for (std::size_t j = 0; j < p.end[r].size(); ++j) {
        step_end.push_back(static_cast<std::int32_t>(p.end[r][j]));
        step_reward.push_back(static_cast<T>(p.reward[r][j]));
      }
      token_offsets.push_back(token_offsets.back() + p.length[r]);
      step_offsets.push_back(static_cast<std::int64_t>(step_end.size()));
    }
  }
  [[nodiscard]] auto list() const { return cohort::step_list(step_offsets, step_end, step_reward); }
};

/// A rectangle of that many columns: rewards at tokens, where steps end, which tokens exist. Cells outside hold
/// `poison`.
template <class T>
struct dense_tensors {
  index_t rows, columns;
  std::vector<T> reward;
  std::vector<std::uint8_t> step, mask;

  dense_tensors(process const& p, index_t width, T poison)
      : rows(static_cast<index_t>(p.rows())), columns(width),
        reward(p.rows() * static_cast<std::size_t>(width), poison), step(reward.size(), 0), mask(reward.size(), 0) {
    for (std::size_t r = 0; r < p.rows(); ++r) {
      std::size_t const first = r * static_cast<std::size_t>(width);
      for (std::size_t c = 0; c < static_cast<std::size_t>(width); ++c) {
        mask[first + c] = static_cast<index_t>(c) < p.length[r];
        if (!mask[first + c]) step[first + c] = 1; // nothing outside is looked at
      }
      for (std::size_t j = 0; j < p.end[r].size(); ++j) {
        std::size_t const at = first + static_cast<std::size_t>(p.end[r][j]);
        reward[at] = static_cast<T>(p.reward[r][j]), step[at] = 1;
      }
    }
  }
};

template <class T>
struct process_outcome {
  std::vector<T> advantage; ///< packed
  cohort::group_sums sums;
};

template <class T, class Context>
process_outcome<T> run_packed_list(Context& context, process const& p, process_options const& options) {
  step_tensors<T> const steps(p);
  process_outcome<T> out{std::vector<T>(static_cast<std::size_t>(steps.token_offsets.back()), T(77)), {}};
  cohort::process_advantage<T>(context, {.layout = cohort::packed(steps.token_offsets), .steps = steps.list()},
                               {.advantage = out.advantage, .report = &out.sums}, options);
  return out;
}

/// The valid tokens of a rectangle, one sequence after the other; `padding_is_zero` is cleared where another cell is
/// not 0.
template <class T>
std::vector<T> packed_tokens(process const& p, index_t width, std::vector<T> const& x, bool& padding_is_zero) {
  std::vector<T> tokens;
  for (std::size_t r = 0; r < p.rows(); ++r)
    for (index_t c = 0; c < width; ++c) {
      T const value = x[r * static_cast<std::size_t>(width) + static_cast<std::size_t>(c)];
      if (c < p.length[r])
        tokens.push_back(value);
      else
        padding_is_zero = padding_is_zero && support::same_bits(value, T(0));
    }
  return tokens;
}

/// advantage[t] = sum of (reward - mean) / deviation over the steps that end at t or later: two loops per token.
template <class T>
std::vector<long double> process_oracle(process const& p, process_options const& o,
                                        std::vector<long double>& tolerance) {
  std::vector<T> rewards;
  std::vector<std::int64_t> ids;
  for (std::size_t r = 0; r < p.rows(); ++r)
    for (double const x : p.reward[r]) rewards.push_back(static_cast<T>(x)), ids.push_back(p.ids[r]);
  auto const members = members_of<T>(ids);
  std::vector<long double> advantage;
  group_options const deviation{
      .groups = cohort::uniform_groups{1}, .ddof = o.ddof, .epsilon = o.epsilon, .epsilon_place = o.epsilon_place};
  for (std::size_t r = 0; r < p.rows(); ++r) {
    auto const m = p.reward[r].empty() ? oracle_moments{} : oracle_moments_of(rewards, members.at(p.ids[r]));
    for (int t = 0; t < p.length[r]; ++t) {
      long double sum = 0, absolute = 0;
      for (std::size_t j = 0; j < p.end[r].size(); ++j) {
        if (p.end[r][j] < t || !(m.low < m.high)) continue;
        auto const reward = static_cast<long double>(static_cast<T>(p.reward[r][j]));
        auto const term = (reward - m.mean) / oracle_deviation(m.variance(o.ddof), deviation);
        sum += term, absolute += std::fabs(term);
      }
      advantage.push_back(sum), tolerance.push_back(absolute);
    }
  }
  return advantage;
}

} // namespace cases
