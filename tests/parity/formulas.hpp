// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The library's formulas, chosen when the call runs: policy_loss is compiled six times per engine instead of once per
/// pair.
#pragma once

#include <concepts>
#include <type_traits>
#include <variant>

#include <cohort/formula/absolute_kl.hpp>
#include <cohort/formula/cispo.hpp>
#include <cohort/formula/clamped_kl.hpp>
#include <cohort/formula/dual_clip.hpp>
#include <cohort/formula/k1.hpp>
#include <cohort/formula/k2.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/formula/ratio_corrected.hpp>
#include <cohort/formula/sapo.hpp>
#include <cohort/formula/straight_through.hpp>
#include <cohort/formula/two_sided_clip.hpp>
#include <cohort/formula/vespo.hpp>

namespace parity {

template <class... F>
struct one_of {
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

using surrogate = one_of<cohort::ppo_clip, cohort::dual_clip, cohort::two_sided_clip, cohort::sapo>;
using weighted_surrogate = one_of<cohort::cispo, cohort::vespo>;
using clamped_k3 = cohort::clamped_kl<cohort::k3>;
using unbiased_k3 = cohort::ratio_corrected<cohort::k3>;
struct penalty : one_of<cohort::k1, cohort::k2, cohort::k3, cohort::absolute_kl, clamped_k3,
                        cohort::straight_through<cohort::k1>, cohort::straight_through<clamped_k3>> {
  double beta;
};

template <class F>
surrogate any_surrogate(F const& f) {
  return {f};
}
template <class F>
weighted_surrogate any_weighted(F const& f) {
  return {f};
}
template <class F>
penalty any_penalty(F const& f) {
  return {{f}, f.beta};
}

} // namespace parity
