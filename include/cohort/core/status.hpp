// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The outcome of a check: which function, which argument, which rule, where. No allocation, no exception.
#pragma once

#include <cstddef>
#include <cstdio>

#include <cohort/core/index.hpp>

COHORT_SHARED_BEGIN

enum class error_code : int {
  none,
  null_data,          ///< data is null but there are elements
  bad_extent,         ///< a negative extent
  size_overflow,      ///< a product of extents leaves 64 bits
  shape_mismatch,     ///< extents differ between arguments
  bad_rank,           ///< wrong number of dimensions
  bad_stride,         ///< strides that reach outside of 64 bits
  unsupported_layout, ///< strides that this algorithm cannot work with
  overlap,            ///< an output overlaps an argument that it must not
  bad_workspace,      ///< the context's workspace is too short
  bad_parameter,      ///< a formula's or an option's parameter is out of its domain
  bad_normalizer,     ///< a normaliser that is negative, not finite, or zero with valid tokens
  bad_group,          ///< group sizes, offsets or ids that do not fit the samples
  small_group,        ///< a group of one where that is refused
  non_finite,         ///< a reward that is NaN or infinite where that is refused
  bad_offsets,        ///< offsets that decrease or do not end at the number of tokens
  bad_step,           ///< a step that ends outside its sequence
  missing_argument,   ///< an argument that another one makes necessary
  bad_data,           ///< values per token or per logit that were excluded and counted
  device_failure,     ///< a launch or a copy failed on the device
  misaligned          ///< data at an address that is not a multiple of its elements' alignment
};

/// A default-constructed status is success.
struct status {
  error_code code = error_code::none;
  char const* function = "";
  char const* argument = "";
  char const* rule = "";
  index_t index = -1; ///< which element, axis or group; -1 where that says nothing
  enum class values_told : int { none, found, both } told = values_told::none;
  double found = 0;    ///< what stands there
  double expected = 0; ///< what the rule asks for

  [[nodiscard]] COHORT_INLINE constexpr bool ok() const { return code == error_code::none; }
  [[nodiscard]] COHORT_INLINE constexpr explicit operator bool() const { return ok(); }
};

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

/// "function: argument: rule [at i]: found x, expected y" into a fixed buffer, always terminated.
inline void describe(status const& s, char* buffer, std::size_t size) noexcept {
  char where[32] = "";
  char values[96] = "";
  if (s.index >= 0) std::snprintf(where, sizeof where, " [%lld]", static_cast<long long>(s.index));
  if (s.told == status::values_told::found) std::snprintf(values, sizeof values, ": found %.17g", s.found);
  if (s.told == status::values_told::both)
    std::snprintf(values, sizeof values, ": found %.17g, expected %.17g", s.found, s.expected);
  std::snprintf(buffer, size, "%s: %s%s: %s%s", s.function, s.argument, where, s.rule, values);
}

COHORT_NAMESPACE_END
