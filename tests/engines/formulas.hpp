// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The library's formulas, chosen when a test runs: an algorithm is compiled six times instead of once per pair of a
/// surrogate and a penalty. A new formula is a line in one of the lists.
#pragma once

#include <concepts>
#include <type_traits>
#include <variant>

#include <cohort/cohort.hpp>

namespace engines {

/// A list of formulas.
template <class... F>
struct formulas {};

using clamped_k3 = cohort::clamped_kl<cohort::k3>;
using unbiased_k3 = cohort::ratio_corrected<cohort::k3>;

// A new formula joins the library's tests by its name in one of these.
using surrogates = formulas<cohort::ppo_clip, cohort::dual_clip, cohort::two_sided_clip, cohort::sapo>;
using weighted_surrogates = formulas<cohort::cispo, cohort::vespo>;
using penalties = formulas<cohort::k1, cohort::k2, cohort::k3, cohort::absolute_kl, clamped_k3,
                           cohort::straight_through<cohort::k1>, cohort::straight_through<clamped_k3>>;
using ratio_penalties = formulas<unbiased_k3>;

/// One formula of a list.
template <class List>
struct one_of;
template <class... F>
struct one_of<formulas<F...>> {
  std::variant<F...> formula;

  /// Without std::visit, which would pass packs through a table of functions.
  template <class... V>
  requires(std::invocable<F const&, V...>&&...) auto operator()(V... x) const {
    std::common_type_t<std::invoke_result_t<F const&, V...>...> result{};
    (void)((std::holds_alternative<F>(formula) && (result = (*std::get_if<F>(&formula))(x...), true)) || ...);
    return result;
  }
  [[nodiscard]] cohort::parameter_fault fault() const {
    return std::visit([](auto const& f) { return f.fault(); }, formula);
  }
};

using surrogate = one_of<surrogates>;
using weighted_surrogate = one_of<weighted_surrogates>;
struct penalty : one_of<penalties> {
  double beta;
};
struct ratio_penalty : one_of<ratio_penalties> {
  double beta;
};

/// Which of the lists holds a formula.
template <class F, class List>
inline constexpr bool is_in = false;
template <class F, class... All>
inline constexpr bool is_in<F, formulas<All...>> = (std::same_as<F, All> || ...);

/// A surrogate, chosen when a test runs.
template <class F>
auto any_surrogate(F const& f) {
  if constexpr (is_in<F, surrogates>)
    return surrogate{f};
  else
    return weighted_surrogate{f};
}
/// A penalty, chosen when a test runs.
template <class F>
auto any_penalty(F const& f) {
  if constexpr (std::same_as<F, cohort::no_kl>)
    return f;
  else if constexpr (is_in<F, penalties>)
    return penalty{{f}, f.beta};
  else
    return ratio_penalty{{f}, f.beta};
}

/// cohort::objective, chosen when a test runs: any of `any_objective`.
template <class Surrogate, class Kl = cohort::no_kl>
auto run_time_objective(Surrogate const& f, Kl const& kl = {}) {
  return cohort::objective(any_surrogate(f), any_penalty(kl));
}
using any_objective = std::variant<
    cohort::policy_objective<surrogate, cohort::no_kl>, cohort::policy_objective<surrogate, penalty>,
    cohort::policy_objective<surrogate, ratio_penalty>, cohort::policy_objective<weighted_surrogate, cohort::no_kl>,
    cohort::policy_objective<weighted_surrogate, penalty>, cohort::policy_objective<weighted_surrogate, ratio_penalty>>;

namespace detail {

template <class... F, class Visit>
void each_of(formulas<F...>, Visit const& visit) {
  (visit(std::type_identity<F>{}), ...);
}

} // namespace detail

/// visit(type of a surrogate), over both lists.
template <class Visit>
void each_surrogate(Visit const& visit) {
  detail::each_of(surrogates{}, visit), detail::each_of(weighted_surrogates{}, visit);
}
/// visit(type of a penalty), none among them.
template <class Visit>
void each_penalty(Visit const& visit) {
  visit(std::type_identity<cohort::no_kl>{});
  detail::each_of(penalties{}, visit), detail::each_of(ratio_penalties{}, visit);
}

} // namespace engines
