// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Declarations of the types that other headers name in their own signatures. Formulas made of a KL estimator
/// (clamped_kl, straight_through, ratio_corrected) are not among them: their parameters are concepts.
#pragma once

#include <cohort/detail/namespace.hpp>

COHORT_SHARED_BEGIN

struct status;
enum class error_code : int;

template <class V>
struct basic_group_sums;
template <class V>
struct basic_loss_sums;
template <class V>
struct basic_ratio_sums;
template <class V>
struct basic_value_sums;
template <class V>
struct basic_row_sums;
template <class V>
struct basic_logits_sums;
template <class V>
struct basic_gradient_sums;
template <class V>
struct basic_token_counts;
using group_sums = basic_group_sums<double>;
using loss_sums = basic_loss_sums<double>;
using ratio_sums = basic_ratio_sums<double>;
using value_sums = basic_value_sums<double>;
using row_sums = basic_row_sums<double>;
using logits_sums = basic_logits_sums<double>;
using gradient_sums = basic_gradient_sums<double>;
using token_counts = basic_token_counts<double>;
struct moment_sums;

struct group_report;
struct loss_report;
struct ratio_report;
struct value_report;
struct row_report;
struct logits_report;
struct gradient_report;
struct token_report;
struct penalty_report;
struct moment_report;

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

struct host_space;
struct device_space;
struct managed_space;
struct pinned_space;
struct half;
struct bfloat16;

template <class T>
struct tensor_traits;
template <class T>
struct scalar_traits;
template <class T, int Rank, class Space>
struct view;
template <class T, int Rank, class Space>
struct optional_view;
template <class Space>
struct index_view;
template <class Space>
struct vocabulary_mask_view;
template <class Space>
struct row_layout;
template <class Space>
struct token_layout;
template <class Space>
struct group_layout;
template <class T, class R>
struct matrix_product;
template <class V, bool InRow>
struct lane;
template <class V>
struct lane_traits;

struct ppo_clip;
struct dual_clip;
struct two_sided_clip;
struct cispo;
struct sapo;
struct vespo;
struct k1;
struct k2;
struct k3;
struct absolute_kl;
struct squared_error;
struct log_ratio_bounds;

enum class epsilon_place : int;
enum class ratio_level : int;
enum class zero_rows : int;
enum class score_rows : int;
enum class normalizer_kind : int;
struct normalizer;
struct by_constant;

struct gae_options;
struct return_to_go_options;
struct whiten_options;
struct policy_loss_options;
struct importance_ratio_options;
struct value_loss_options;
struct token_log_prob_options;
struct token_log_prob_backward_options;
struct entropy_bonus;
struct logits_policy_gradient_options;
struct head_log_prob_options;
struct head_policy_gradient_options;
struct accumulate_policy_gradient_options;

COHORT_NAMESPACE_END
