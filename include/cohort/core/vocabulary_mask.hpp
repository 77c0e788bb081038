// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <concepts>
#include <cstdint>

#include <cohort/core/view.hpp>

COHORT_NAMESPACE_BEGIN

/// Which classes of a vocabulary are allowed, a bit each: bit v % 32 of word v / 32, set where class v is. One row of
/// ceil(V / 32) words for all rows of logits, or one for each: the support that a sampler kept (top-k, top-p).
/// Absent: all of them.
template <class Space>
struct vocabulary_mask_view {
  std::uint32_t const* data = nullptr;
  int rank = 0;
  index_t extent[2] = {};
  index_t stride[2] = {};

  constexpr vocabulary_mask_view() = default;
  template <class X>
  requires(!std::same_as<std::remove_cvref_t<X>, vocabulary_mask_view>) constexpr vocabulary_mask_view(X&& x) {
    static_assert(tensor<X>, "cohort: a vocabulary mask must be a tensor (docs/concepts.md)");
    if constexpr (tensor<X>) {
      static_assert(std::same_as<std::remove_cv_t<typename traits_of<X>::value_type>, std::uint32_t>,
                    "cohort: a vocabulary mask is words of uint32, a bit per class");
      detail::check_binding<X, std::uint32_t const, Space, 1, 2>();
      rank = traits_of<X>::rank;
      data = detail::data_of<std::uint32_t const>(x);
      for (int i = 0; i < rank; ++i) extent[i] = traits_of<X>::extent(x, i), stride[i] = traits_of<X>::stride(x, i);
    }
  }
  [[nodiscard]] COHORT_HOST_DEVICE constexpr bool given() const { return rank != 0; }
  [[nodiscard]] constexpr index_t words() const { return rank == 2 ? extent[1] : extent[0]; }
  /// The words of row r.
  [[nodiscard]] COHORT_HOST_DEVICE constexpr std::uint32_t const* row(index_t r) const {
    return rank == 2 ? data + r * stride[0] : data;
  }
};

COHORT_NAMESPACE_END
