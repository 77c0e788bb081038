// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The one list that every property of policy_loss goes over: every surrogate of engines/formulas.hpp with every penalty.
/// Normalisers, levels, layouts, bounds and corrections are values: properties draw them.
#pragma once

#include <concepts>
#include <string>
#include <variant>
#include <vector>

#include <cases/losses.hpp>

#include <engines/calls.hpp>
#include <support/contexts.hpp>

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

/// One objective, ready to run in either type.
struct entry {
  using options = cohort::policy_loss_options;
  std::string name;
  engines::any_objective objective;

  template <class T>
  cases::loss_outcome<T> packed(engines::any_context& context, cases::token_batch<T> const& b, options const& o) const {
    return std::visit([&](auto const& f) { return cases::run_packed(context, b, f, o); }, objective);
  }
  template <class T>
  cases::loss_outcome<T> padded(engines::any_context& context, cases::token_batch<T> const& b,
                                cases::rectangle const& shape, options const& o) const {
    return std::visit([&](auto const& f) { return cases::run_padded(context, b, shape, f, o); }, objective);
  }
};

template <class Formula>
std::string name_of(std::type_identity<Formula>) {
  return __PRETTY_FUNCTION__;
}

inline std::vector<entry> const& objectives() {
  static auto const all = [] {
    std::vector<entry> list;
    engines::each_surrogate([&]<class Surrogate>(std::type_identity<Surrogate> s) {
      engines::each_penalty([&]<class Penalty>(std::type_identity<Penalty> p) {
        list.push_back(
            {name_of(s) + ", " + name_of(p), engines::run_time_objective(sample<Surrogate>(), sample<Penalty>())});
      });
    });
    return list;
  }();
  return all;
}

} // namespace properties
