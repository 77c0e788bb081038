// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Every kind of mask, in scalar lanes and in packs of float and double.
#include <cstdint>
#include <limits>
#include <vector>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/core/mask.hpp>
#include <cohort/interop/span.hpp>
#include <support/catch.hpp>

namespace {

using cohort::host_space;
using cohort::index_t;
using cohort::mask_kind;

/// Which cells of one packed row are valid, read by V.
template <class T, class V>
std::vector<bool> valid_cells(cohort::mask_view<T, host_space> const& mask, index_t n) {
  constexpr int size = cohort::lane_traits<V>::size;
  using scalar = typename cohort::lane_traits<V>::scalar;
  cohort::row_layout<host_space> const rows{.rows = 1, .width = n};
  cohort::mask_line line;
  if (mask.given())
    line = cohort::token_mask(cohort::token_layout<host_space>(cohort::padded{1, n}), mask).row(rows, 0);
  std::vector<bool> seen;
  for (index_t c = 0; c < n; c += size) {
    int const count = static_cast<int>(n - c < size ? n - c : size);
    using cohort::lane_select;
    auto const bits = cohort::load_mask<T>(cohort::lane<V, true>{count}, line, c);
    scalar lanes[size];
    cohort::lane_traits<V>::store(lanes, 1, size, lane_select(bits, V(1), V(0)));
    for (int i = 0; i < count; ++i) seen.push_back(lanes[i] == 1);
  }
  return seen;
}

template <class T, class Tensor>
void check_mask(Tensor const& tensor, mask_kind kind, std::vector<bool> const& expected) {
  cohort::mask_view<T, host_space> const mask = tensor;
  auto const n = static_cast<index_t>(expected.size());
  CHECK(mask.kind == kind);
  CHECK(mask.given());
  CHECK(valid_cells<T, T>(mask, n) == expected);
  CHECK(valid_cells<T, double>(mask, n) == expected);
  CHECK(valid_cells<T, cohort::detail::pack<T>>(mask, n) == expected);
  CHECK(valid_cells<T, cohort::detail::pack<double>>(mask, n) == expected);
}

/// Repeats a pattern so that whole packs and a tail occur.
template <class X>
std::vector<X> repeated(std::vector<X> const& pattern, std::size_t n = 37) {
  std::vector<X> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(pattern[i % pattern.size()]);
  return values;
}

template <class X>
std::vector<bool> non_zero(std::vector<X> const& values) {
  std::vector<bool> bits;
  for (X const& x : values) bits.push_back(x != X(0));
  return bits;
}

template <class T, class X>
void check_values(mask_kind kind, std::vector<X> const& pattern) {
  auto const values = repeated(pattern);
  check_mask<T>(values, kind, non_zero(values));
}

template <class X>
constexpr X lowest = std::numeric_limits<X>::lowest();
template <class X>
constexpr X highest = std::numeric_limits<X>::max();

} // namespace

TEMPLATE_TEST_CASE("every kind of mask is non-zero or not", "[core][mask]", float, double) {
  using T = TestType;
  check_values<T, std::uint8_t>(mask_kind::bytes, {0, 1, 2, 0, 255, 128});
  check_values<T, std::int32_t>(mask_kind::int32, {0, 1, -1, 0, lowest<std::int32_t>, highest<std::int32_t>, 16777217});
  check_values<T, std::int64_t>(mask_kind::int64, {0, 1, -1, 0, lowest<std::int64_t>, highest<std::int64_t>,
                                                   index_t{1} << 32, index_t{1} << 53, -(index_t{1} << 62), 0});
  check_values<T, T>(mask_kind::values,
                     {0, 1, T(-0.0), T(-1), T(0.25), std::numeric_limits<T>::min(), highest<T>, lowest<T>,
                      std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN()});
  bool const flags[37] = {true, false, true, true};
  check_mask<T>(flags, mask_kind::bytes, std::vector<bool>(flags, flags + 37));
}

TEST_CASE("an absent mask is valid everywhere", "[core][mask]") {
  cohort::mask_view<float, host_space> const none{};
  CHECK_FALSE(none.given());
  std::vector<bool> const all(19, true);
  CHECK(valid_cells<float, float>(none, 19) == all);
  CHECK(valid_cells<float, cohort::detail::pack<float>>(none, 19) == all);
}

TEST_CASE("masks have strides, and offsets of packed rows", "[core][mask]") {
  std::vector<std::int32_t> const values{0, 9, 1, 9, 0, 9, 1, 9, 1, 9};
  cohort::mask_view<float, host_space> mask = values;
  mask.stride[0] = 2, mask.extent[0] = 5;
  CHECK(valid_cells<float, float>(mask, 5) == std::vector<bool>{false, true, false, true, true});
  CHECK(valid_cells<float, cohort::detail::pack<float>>(mask, 5) == std::vector<bool>{false, true, false, true, true});
  std::vector<int> const offsets{0, 2, 5};
  cohort::token_layout<host_space> const layout = cohort::packed(offsets);
  auto const line = cohort::token_mask(layout, mask).row(layout.rows, 1);
  cohort::lane<float, true> const one{1};
  CHECK_FALSE(cohort::load_mask<float>(one, line, 0));
  CHECK(cohort::load_mask<float>(one, line, 1));
}

TEST_CASE("a mask per row", "[core][mask]") {
  std::vector<std::uint8_t> const values{0, 3, 1};
  cohort::mask_view<double, host_space> const mask = values;
  cohort::row_layout<host_space> const rows{.rows = 3, .width = 100};
  cohort::lane<double, true> const one{1};
  for (index_t r = 0; r < 3; ++r)
    CHECK(cohort::load_mask<double>(one, cohort::row_mask(mask).row(rows, r), 0) == (r > 0));
  std::uint8_t const matrix[2][3] = {{1, 0, 1}, {0, 1, 0}};
  cohort::mask_view<double, host_space> const rank_two = matrix;
  CHECK((rank_two.rank == 2 && rank_two.extent[1] == 3 && rank_two.stride[0] == 3));
  CHECK(valid_cells<double, double>(rank_two, 3) == std::vector<bool>{true, false, true});
}
