// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Where a tensor's elements live, as a type: a view of one space cannot be handed to a context of another.
#pragma once

#include <concepts>

#include <cohort/detail/namespace.hpp>

COHORT_NAMESPACE_BEGIN

struct host_space {};    ///< ordinary memory
struct device_space {};  ///< memory of the accelerator
struct managed_space {}; ///< migrates between both
struct pinned_space {};  ///< host memory that the accelerator maps

/// Whether a context working in To may touch memory of From. Specialise it for a space of your own.
template <class From, class To>
inline constexpr bool accessible_from =
    std::same_as<From, To> || std::same_as<From, managed_space> || std::same_as<From, pinned_space>;

COHORT_NAMESPACE_END
