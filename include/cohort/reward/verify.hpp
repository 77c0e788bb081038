// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rewards that need no model: rules over a completion's text.
///
///   final_number.hpp   final_number_match   outcome   the number behind the last "A:" or "####" is the reference's
///   step_reward.hpp    step_reward          process   a line's calculator annotations hold and arrive at known values
///   format_match.hpp   format_match         format    the text matches a pattern
///   weighted_sum.hpp   weighted_sum         total     sum of weight * reward over the rules that could score
///
/// below them: number.hpp (numbers as people write them), expression.hpp (arithmetic), annotation.hpp (<<a+b=c>>),
/// pattern.hpp (a subset of regular expressions).
///
/// Every rule takes any bytes: NUL, broken UTF-8, a megabyte of one digit. It reads them as bytes, in time linear in
/// the text (times the pattern's instructions or the reference's values), without allocation, recursion, locale or
/// exception. A reward is 0 where the completion is at fault and NaN where the rule has nothing to judge.
#pragma once

#include <cohort/reward/annotation.hpp>
#include <cohort/reward/expression.hpp>
#include <cohort/reward/final_number.hpp>
#include <cohort/reward/format_match.hpp>
#include <cohort/reward/number.hpp>
#include <cohort/reward/pattern.hpp>
#include <cohort/reward/step_reward.hpp>
#include <cohort/reward/weighted_sum.hpp>
