// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Declarations of the types that other headers name in their own signatures.
#pragma once

#include <cohort/detail/namespace.hpp>

COHORT_SHARED_BEGIN

struct status;
enum class error_code : int;
struct group_report;
struct row_report;

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
struct row_layout;
template <class Space>
struct token_layout;
template <class Space>
struct group_layout;
template <class V, bool InRow>
struct lane;
template <class V>
struct lane_traits;

struct log_ratio_bounds;
struct ppo_clip;
struct k1;
struct k2;
struct k3;
struct normalizer;
struct loss_report;

COHORT_NAMESPACE_END
