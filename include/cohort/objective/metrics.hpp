// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Every figure of a step under its name, for whoever logs them.
///
///   cohort::for_each_metric(cohort::read(context, &loss), [&](char const* name, double value) { log(name, value); });
///   cohort::for_each_metric(cohort::read(context, &groups), ...);
///
/// A name is its report's and its field's: "policy/clip_low", "group/zero_variance". Counts are whole numbers; places of
/// first errors are left out.
#pragma once

#include <cohort/advantage/group_report.hpp>
#include <cohort/objective/loss_report.hpp>
#include <cohort/objective/value_report.hpp>

COHORT_NAMESPACE_BEGIN

template <class F>
void for_each_metric(loss_report const& x, F&& f) {
  f("policy/loss", x.loss);
  f("policy/kl", x.kl);
  f("policy/approx_kl", x.approx_kl);
  f("policy/clip_low", x.clip_low);
  f("policy/clip_high", x.clip_high);
  f("policy/clip_cap", x.clip_cap);
  f("policy/clip_low_by_sequence", x.clip_low_by_sequence);
  f("policy/clip_high_by_sequence", x.clip_high_by_sequence);
  f("policy/clip_low_min", x.clip_low_min);
  f("policy/clip_high_max", x.clip_high_max);
  f("policy/ratio_min", x.ratio_min);
  f("policy/ratio_mean", x.ratio_mean);
  f("policy/ratio_max", x.ratio_max);
  f("policy/tokens", static_cast<double>(x.tokens));
  f("policy/sequences", static_cast<double>(x.sequences));
  f("policy/bad_slots", static_cast<double>(x.bad_slots));
}

template <class F>
void for_each_metric(value_report const& x, F&& f) {
  f("value/loss", x.loss);
  f("value/clip_fraction", x.clip_fraction);
  f("value/mean_value", x.mean_value);
  f("value/mean_return", x.mean_return);
  f("value/explained_variance", x.explained_variance);
  f("value/tokens", static_cast<double>(x.tokens));
  f("value/bad_slots", static_cast<double>(x.bad_slots));
}

template <class F>
void for_each_metric(group_report const& x, F&& f) {
  f("group/groups", static_cast<double>(x.groups));
  f("group/zero_variance", static_cast<double>(x.zero_variance));
  f("group/singletons", static_cast<double>(x.singletons));
  f("group/samples", static_cast<double>(x.samples));
  f("group/excluded", static_cast<double>(x.excluded));
  f("group/fraction_zero_variance", x.fraction_zero_variance);
  f("group/reward", x.reward);
  f("group/reward_std", x.reward_std);
}

COHORT_NAMESPACE_END
