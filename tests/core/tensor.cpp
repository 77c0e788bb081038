// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What binds to a view: mdspan-shaped types, foreign types by specialisation, foreign scalars by scalar_traits.
#include <array>
#include <cstdint>
#include <vector>

#include <cohort/core/view.hpp>
#include <cohort/interop/span.hpp>
#include <support/catch.hpp>

namespace engine {

/// Shaped as std::mdspan, no specialisation.
template <class T>
struct md_matrix {
  using element_type = T;
  T* pointer;
  std::size_t extents[2], strides[2];
  static constexpr std::size_t rank() { return 2; }
  T* data_handle() const { return pointer; }
  std::size_t extent(std::size_t axis) const { return extents[axis]; }
  std::size_t stride(std::size_t axis) const { return strides[axis]; }
};

struct md_device_vector {
  using element_type = float;
  using memory_space = cohort::managed_space;
  float* pointer;
  static constexpr int rank() { return 1; }
  float* data_handle() const { return pointer; }
  int extent(std::size_t) const { return 3; }
  int stride(std::size_t) const { return -2; }
};

/// A type of its own shape.
class column_block {
public:
  std::vector<double> cells = std::vector<double>(12);
};

struct float16 {
  std::uint16_t raw;
};

struct on_accelerator {
  float* address;
};

} // namespace engine

template <>
struct cohort::tensor_traits<engine::column_block> {
  using value_type = double;
  using memory_space = cohort::host_space;
  static constexpr int rank = 2;
  static double* data(engine::column_block& x) { return x.cells.data(); }
  static double const* data(engine::column_block const& x) { return x.cells.data(); }
  static cohort::index_t extent(engine::column_block const&, int axis) { return axis == 0 ? 4 : 3; }
  static cohort::index_t stride(engine::column_block const&, int axis) { return axis == 0 ? 1 : 4; }
};
template <>
struct cohort::scalar_traits<engine::float16> {
  using storage = cohort::half;
};
template <>
struct cohort::tensor_traits<engine::on_accelerator> {
  using value_type = float;
  using memory_space = cohort::device_space;
  static constexpr int rank = 1;
  static float* data(engine::on_accelerator const& x) { return x.address; }
  static cohort::index_t extent(engine::on_accelerator const&, int) { return 5; }
  static cohort::index_t stride(engine::on_accelerator const&, int) { return 1; }
};

using cohort::host_space;
using cohort::index_t;
using cohort::view;

static_assert(cohort::tensor<engine::md_matrix<float>> && cohort::tensor<engine::md_matrix<float> const&>);
static_assert(cohort::tensor<engine::column_block> && cohort::writable_tensor<engine::column_block&>);
static_assert(cohort::tensor<engine::column_block const> && !cohort::writable_tensor<engine::column_block const>);
static_assert(!cohort::writable_tensor<engine::md_matrix<float const>>);
static_assert(!cohort::tensor<int> && !cohort::tensor<float*> && !cohort::tensor<engine::float16>);
static_assert(cohort::tensor_in<engine::md_device_vector, host_space> &&
              cohort::tensor_in<engine::md_device_vector, cohort::device_space>);
static_assert(cohort::tensor_in<engine::on_accelerator, cohort::device_space> &&
              !cohort::tensor_in<engine::on_accelerator, host_space>);
static_assert(cohort::accessible_from<cohort::pinned_space, cohort::device_space> &&
              !cohort::accessible_from<host_space, cohort::device_space>);
static_assert(std::is_same_v<cohort::value_of<std::vector<engine::float16>>, cohort::half>);
static_assert(!std::is_default_constructible_v<view<float, 1, host_space>> &&
              std::is_default_constructible_v<cohort::optional_view<float, 1, host_space>> &&
              !std::is_default_constructible_v<cohort::required_index_view<host_space>>);
static_assert(std::is_trivially_copyable_v<view<float, 2, host_space>> &&
              std::is_trivially_copyable_v<cohort::index_view<host_space>>);

TEST_CASE("an mdspan-shaped type binds with its strides", "[core][tensor]") {
  float cells[20] = {};
  engine::md_matrix<float> const matrix{cells, {2, 3}, {10, 2}};
  view<float, 2, host_space> const bound = matrix;
  CHECK(bound.data == cells);
  CHECK((bound.extent[0] == 2 && bound.extent[1] == 3 && bound.stride[0] == 10 && bound.stride[1] == 2));
  view<float const, 2, host_space> const read_only = engine::md_matrix<float const>{cells, {2, 3}, {10, 2}};
  CHECK(read_only.data == cells);
  view<float, 1, cohort::device_space> const managed = engine::md_device_vector{cells};
  CHECK((managed.extent[0] == 3 && managed.stride[0] == -2));
}

TEST_CASE("a specialisation makes a foreign type a tensor", "[core][tensor]") {
  engine::column_block block;
  engine::column_block const& frozen = block;
  view<double, 2, host_space> const written = block;
  view<double const, 2, host_space> const read = frozen;
  cohort::optional_view<double, 2, host_space> const maybe = block;
  CHECK((written.data == block.cells.data() && read.data == written.data && maybe.data == written.data));
  CHECK((read.extent[0] == 4 && read.extent[1] == 3 && read.stride[0] == 1 && read.stride[1] == 4));
  CHECK(maybe.given);
  CHECK((maybe.stride[1] == 4 && maybe.extent[0] == 4));
}

TEST_CASE("a foreign half is ours by scalar_traits", "[core][tensor]") {
  std::vector<engine::float16> const values{{0x3c00}, {0xc000}};
  view<cohort::half const, 1, host_space> const bound = values;
  CHECK(static_cast<void const*>(bound.data) == values.data());
  CHECK(cohort::detail::widen<float>(bound.data) == 1.0F);
  CHECK(cohort::detail::widen<double>(bound.data + 1) == -2.0);
  std::vector<engine::float16> out(1);
  view<cohort::half, 1, host_space> const target = out;
  cohort::detail::narrow(target.data, 0.5);
  CHECK(out[0].raw == 0x3800);
}

TEST_CASE("an absent optional view is empty", "[core][tensor]") {
  constexpr cohort::optional_view<float, 2, host_space> none{};
  STATIC_REQUIRE((!none.given && none.data == nullptr && none.extent[1] == 0));
  std::vector<float> empty;
  cohort::optional_view<float, 1, host_space> const given = empty;
  CHECK((given.given && given.extent[0] == 0));
}

TEST_CASE("a view of a view and from raw parts", "[core][tensor]") {
  float cells[6] = {};
  view<float, 2, host_space> const raw(cells, {2, 3}, {3, 1});
  view<float, 2, host_space> const copy = raw;
  CHECK((copy.data == cells && copy.stride[0] == 3));
}

TEST_CASE("index views read int32 and int64, any stride, const or not", "[core][tensor]") {
  std::vector<std::int32_t> const narrow{1, -2, 2147483647, INT32_MIN};
  std::array<std::int64_t, 4> wide{5, -6, index_t{1} << 40, INT64_MIN};
  cohort::index_view<host_space> const a = narrow, b = wide;
  for (int i = 0; i < 4; ++i) {
    CHECK(a[i] == narrow[static_cast<std::size_t>(i)]);
    CHECK(b[i] == wide[static_cast<std::size_t>(i)]);
  }
  CHECK((a.bytes == 4 && b.bytes == 8 && a.extent == 4 && a.given));
  cohort::index_view<host_space> reversed = b;
  reversed.data = &wide[3], reversed.stride = -1;
  CHECK((reversed[0] == INT64_MIN && reversed[3] == 5));
  long long const other[2] = {7, 8}; // not int64_t everywhere
  cohort::index_view<host_space> const c = other;
  CHECK((c[0] == 7 && c[1] == 8));
}
