// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The list of objectives.hpp as functions: instantiated in objectives_*.cpp only.
#pragma once

#include <tuple>

#include <properties/objectives.hpp>

namespace properties {

/// A formula with parameters at which bounds and limits bite now and then.
template <class Formula>
constexpr Formula sample() {
  if constexpr (std::same_as<Formula, cohort::cispo>)
    return {.low = 0.8, .high = 1.2};
  else if constexpr (requires(Formula f) { f.limit = 0.25; })
    return {.beta = 0.1, .limit = 0.25};
  else if constexpr (requires(Formula f) { f.beta = 0.1; })
    return {.beta = 0.1};
  else
    return {};
}

template <class T, class Context, class Surrogate, class Penalty>
struct runner {
  using outcome = cases::loss_outcome<T>;
  using options = cohort::policy_loss_options;

  static auto f() { return cohort::objective(sample<Surrogate>(), sample<Penalty>()); }
  static outcome packed(Context& context, cases::token_batch<T> const& b, options const& o) {
    return cases::run_packed(context, b, f(), o);
  }
  static outcome padded(Context& context, cases::token_batch<T> const& b, cases::rectangle const& shape,
                        options const& o) {
    return cases::run_padded(context, b, shape, f(), o);
  }
  static entry<T, Context> ready() { return {__PRETTY_FUNCTION__, packed, padded}; }
};

/// Packs take minutes and gigabytes to compile with sanitizers: there only the last penalty is met.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

/// With every penalty; but packs, which are slow to compile, meet all of them in float with one surrogate of each part
/// and in double with the first surrogate only.
template <class Surrogate, int Place, class T, class Context, class... Penalty>
void add(std::vector<entry<T, Context>>& list, formulas<Penalty...>) {
  using last = std::tuple_element_t<sizeof...(Penalty) - 1, std::tuple<Penalty...>>;
  constexpr bool packs = std::same_as<Context, cohort::eigen_context>;
  if constexpr (!packs || (!sanitized && Place < (std::same_as<T, float> ? parts : 1)))
    (list.push_back(runner<T, Context, Surrogate, Penalty>::ready()), ...);
  else
    list.push_back(runner<T, Context, Surrogate, last>::ready());
}

template <int Part, int Place, class T, class Context>
void add_every(std::vector<entry<T, Context>>&, formulas<>) {}

template <int Part, int Place, class T, class Context, class First, class... Rest>
void add_every(std::vector<entry<T, Context>>& list, formulas<First, Rest...>) {
  if constexpr (Place % parts == Part) add<First, Place>(list, penalties{});
  add_every<Part, Place + 1>(list, formulas<Rest...>{});
}

template <class T, class Context, int Part>
std::vector<entry<T, Context>> part() {
  std::vector<entry<T, Context>> list;
  add_every<Part, 0>(list, surrogates{});
  return list;
}

} // namespace properties
