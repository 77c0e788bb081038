// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Step rewards, as lists or per token.
///
///   step_list(step_offsets, step_end, step_reward)  sequence r has the steps offsets[r] .. offsets[r + 1]; step j ends
///                                                   at token step_end[j] of it and has reward step_reward[j]
///   dense_steps(token_reward, step_mask)            a reward per token; a step ends where the mask is not 0
///   dense_steps(token_reward)                       every valid token is a step
#pragma once

#include <cohort/core/mask.hpp>
#include <cohort/core/token_layout.hpp>

COHORT_NAMESPACE_BEGIN

template <class Offsets, class Ends, class Rewards>
struct step_list {
  Offsets const& offsets;
  Ends const& ends;
  Rewards const& rewards;
  constexpr step_list(Offsets const& step_offsets, Ends const& step_end, Rewards const& step_reward)
      : offsets(step_offsets), ends(step_end), rewards(step_reward) {}
};

namespace detail {
struct every_token {};
} // namespace detail

template <class Rewards, class Mask = detail::every_token>
struct dense_steps {
  Rewards const& rewards;
  Mask const& mask;
  constexpr dense_steps(Rewards const& token_reward, Mask const& step_mask) : rewards(token_reward), mask(step_mask) {}
};
template <class Rewards>
struct dense_steps<Rewards, detail::every_token> {
  Rewards const& rewards;
  constexpr explicit dense_steps(Rewards const& token_reward) : rewards(token_reward) {}
};
template <class Rewards>
dense_steps(Rewards const&) -> dense_steps<Rewards>;
template <class Rewards, class Mask>
dense_steps(Rewards const&, Mask const&) -> dense_steps<Rewards, Mask>;

/// Either form, seen from a memory space.
template <class T, class Space>
struct process_steps {
  index_view<Space> offsets{};
  index_view<Space> ends{};
  optional_view<T const, 1, Space> list{};
  optional_token_view<T const, Space> dense{};
  mask_view<T, Space> mask{};

  template <class Offsets, class Ends, class Rewards>
  constexpr process_steps(step_list<Offsets, Ends, Rewards> const& s)
      : offsets(s.offsets), ends(s.ends), list(s.rewards) {}
  template <class Rewards>
  constexpr process_steps(dense_steps<Rewards, detail::every_token> const& s) : dense(s.rewards) {}
  template <class Rewards, class Mask>
  constexpr process_steps(dense_steps<Rewards, Mask> const& s) : dense(s.rewards), mask(s.mask) {}
  /// For the sentence that it prints.
  template <class X>
  requires(!std::same_as<X, process_steps>) constexpr process_steps(X const&) {
    static_assert(
        std::same_as<X, void>,
        "cohort: steps are step_list(offsets, ends, rewards), dense_steps(rewards) or dense_steps(rewards, mask)");
  }

  [[nodiscard]] constexpr bool is_list() const { return list.given; }
};

COHORT_NAMESPACE_END
