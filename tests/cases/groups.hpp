// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Group advantages: running them, random groups, and an oracle that follows the definition in long double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include <cohort/advantage/group_advantage.hpp>
#include <cohort/interop/span.hpp>

#include <cases/random.hpp>

namespace cases {

using cohort::index_t;
using group_options = cohort::group_advantage_options<cohort::host_space>;

template <class T>
struct group_outcome {
  std::vector<T> advantage;
  cohort::group_sums sums;
};

template <class T, class Context>
group_outcome<T> group_run(Context& context, std::vector<T> const& reward, group_options const& options) {
  group_outcome<T> out{std::vector<T>(reward.size(), T(77)), {}};
  cohort::group_advantage<T>(context, reward, {.advantage = out.advantage, .report = &out.sums}, options);
  return out;
}

/// Ragged groups: an id per sample in random order; ids may be negative, sparse and beyond 32 bits.
inline std::vector<std::int64_t> ragged_ids(random& source, int groups, int largest, bool wide = true) {
  std::vector<std::int64_t> ids;
  for (int g = 0; g < groups; ++g) {
    auto const bits = static_cast<std::int64_t>(source.bits());
    std::int64_t const id = (wide ? bits >> 12 : bits >> 40) * 1024 + g;
    ids.insert(ids.end(), 1 + below(source, static_cast<std::size_t>(largest)), id);
  }
  shuffle(source, ids);
  return ids;
}

/// Offsets of groups of those sizes.
template <class Integer>
std::vector<Integer> offsets_of(std::vector<int> const& sizes) {
  std::vector<Integer> offsets{0};
  for (int const n : sizes) offsets.push_back(offsets.back() + static_cast<Integer>(n));
  return offsets;
}

struct oracle_moments {
  long double count = 0, mean = 0, square = 0, low = INFINITY, high = -INFINITY;
  [[nodiscard]] long double variance(int ddof) const { return count > ddof ? square / (count - ddof) : 0; }
};

template <class T>
oracle_moments oracle_moments_of(std::vector<T> const& reward, std::vector<std::size_t> const& members) {
  oracle_moments m;
  for (auto const i : members)
    if (std::isfinite(reward[i])) {
      m.count += 1, m.mean += static_cast<long double>(reward[i]);
      m.low = std::min(m.low, static_cast<long double>(reward[i]));
      m.high = std::max(m.high, static_cast<long double>(reward[i]));
    }
  if (m.count > 0) m.mean /= m.count;
  for (auto const i : members)
    if (std::isfinite(reward[i]))
      m.square += (static_cast<long double>(reward[i]) - m.mean) * (static_cast<long double>(reward[i]) - m.mean);
  return m;
}

inline long double oracle_deviation(long double variance, group_options const& o) {
  auto const epsilon = static_cast<long double>(o.epsilon);
  if (o.scale == cohort::scale::none) return 1;
  if (o.epsilon_place == cohort::epsilon_place::inside_root) return std::sqrt(variance + epsilon);
  if (o.epsilon_place == cohort::epsilon_place::floor) return std::max(std::sqrt(variance), epsilon);
  return std::sqrt(variance) + epsilon;
}

struct group_expectation {
  std::vector<long double> advantage, tolerance; ///< tolerance: max |reward| of the group over the deviation
  long double groups = 0, zero_variance = 0, singletons = 0, samples = 0, excluded = 0, reward = 0, std = 0;
};

template <class T, class Id>
std::map<Id, std::vector<std::size_t>> members_of(std::vector<Id> const& ids) {
  std::map<Id, std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < ids.size(); ++i) members[ids[i]].push_back(i);
  return members;
}

template <class T, class Id>
group_expectation group_oracle(std::vector<T> const& reward, std::vector<Id> const& ids, group_options const& o) {
  group_expectation e;
  e.advantage.assign(reward.size(), 0), e.tolerance.assign(reward.size(), 0);
  std::vector<std::size_t> everyone(reward.size());
  for (std::size_t i = 0; i < everyone.size(); ++i) everyone[i] = i;
  long double const batch = oracle_moments_of(reward, everyone).variance(o.ddof);
  for (auto const& [id, members] : members_of<T>(ids)) {
    auto const m = oracle_moments_of(reward, members);
    bool const single = m.count == 1;
    long double const own = single ? 1 : m.variance(o.ddof);
    long double const deviation = oracle_deviation(o.scale == cohort::scale::batch_std ? batch : own, o);
    long double const factor =
        o.baseline == cohort::baseline::leave_one_out && m.count > 1 ? m.count / (m.count - 1) : 1;
    for (auto const i : members) {
      if (!std::isfinite(reward[i])) continue;
      auto const r = static_cast<long double>(reward[i]);
      e.tolerance[i] = std::max(std::fabs(m.low), std::fabs(m.high)) / deviation;
      if (single)
        e.advantage[i] = o.singleton == cohort::singleton::reward ? r / deviation : 0;
      else if (m.low < m.high)
        e.advantage[i] = factor * (r - m.mean) / deviation;
    }
    e.groups += 1, e.zero_variance += m.count > 1 && !(m.low < m.high), e.singletons += single;
    e.samples += m.count, e.excluded += static_cast<long double>(members.size()) - m.count;
    e.reward += m.count * m.mean, e.std += std::sqrt(m.variance(o.ddof));
  }
  return e;
}

} // namespace cases
