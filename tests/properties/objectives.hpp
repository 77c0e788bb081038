// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The one list that every property of policy_loss goes over: surrogates x penalties, in each value type and context
/// (packs of double: see objectives_of.hpp).
/// Normalisers, levels, layouts, bounds and corrections are values: properties draw them.
///
/// A formula joins by one line in `surrogates` or `penalties`. The calls are compiled in objectives_*.cpp, a part of
/// the surrogates per file; properties see functions.
#pragma once

#include <string>
#include <vector>

#include <cohort/formula/absolute_kl.hpp>
#include <cohort/formula/cispo.hpp>
#include <cohort/formula/clamped_kl.hpp>
#include <cohort/formula/dual_clip.hpp>
#include <cohort/formula/ratio_corrected.hpp>
#include <cohort/formula/sapo.hpp>
#include <cohort/formula/straight_through.hpp>
#include <cohort/formula/two_sided_clip.hpp>
#include <cohort/formula/vespo.hpp>

#include <cases/losses.hpp>

#include <support/contexts.hpp>

namespace properties {

template <class... Formula>
struct formulas {};

using surrogates = formulas<cohort::ppo_clip,       //
                            cohort::dual_clip,      //
                            cohort::two_sided_clip, //
                            cohort::sapo,           //
                            cohort::cispo,          //
                            cohort::vespo>;

using penalties = formulas<cohort::no_kl,                        //
                           cohort::k1,                           //
                           cohort::k2,                           //
                           cohort::k3,                           //
                           cohort::absolute_kl,                  //
                           cohort::clamped_kl<cohort::k3>,       //
                           cohort::straight_through<cohort::k1>, //
                           cohort::ratio_corrected<cohort::k3>>;

/// One objective in one value type on one context, ready to run.
template <class T, class Context>
struct entry {
  using outcome = cases::loss_outcome<T>;
  using options = cohort::policy_loss_options;
  std::string name;
  outcome (*packed)(Context&, cases::token_batch<T> const&, options const&);
  outcome (*padded)(Context&, cases::token_batch<T> const&, cases::rectangle const&, options const&);
};

inline constexpr int parts = 3;

/// Every parts-th surrogate from that one on, with all penalties.
template <class T, class Context, int Part>
std::vector<entry<T, Context>> part();

/// The whole list.
template <class T, class Context>
std::vector<entry<T, Context>> const& objectives() {
  static auto const all = [] {
    std::vector<entry<T, Context>> list;
    for (auto const& some : {part<T, Context, 0>(), part<T, Context, 1>(), part<T, Context, 2>()})
      list.insert(list.end(), some.begin(), some.end());
    return list;
  }();
  return all;
}

} // namespace properties
