// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// std::span, std::vector, std::array and C arrays as tensors.
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <cohort/cohort.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace {

using cohort::host_space;
using cohort::tensor;
using cohort::traits_of;
using cohort::writable_tensor;
template <class T, int Rank = 1>
using view = cohort::view<T, Rank, host_space>;

static_assert(tensor<std::span<float>> && tensor<std::span<float const, 3>> && tensor<std::vector<int>> &&
              tensor<std::array<double, 2>> && tensor<float[3]> && tensor<float const[3]> && tensor<float[2][3]>);
static_assert(!tensor<std::vector<float>*> && !tensor<std::nullptr_t>);
static_assert(writable_tensor<std::span<float> const&> && !writable_tensor<std::span<float const>>);
static_assert(writable_tensor<std::vector<float>&> && !writable_tensor<std::vector<float> const&>);
static_assert(writable_tensor<std::array<float, 3>&> && !writable_tensor<std::array<float, 3> const&>);
static_assert(!writable_tensor<std::span<float const> const&>);
static_assert(traits_of<std::span<float const>>::rank == 1 && traits_of<float[2][3]>::rank == 2);
static_assert(std::is_same_v<traits_of<std::span<float const>>::value_type, float>);

template <class X>
void check_vector(X&& x, void const* data, cohort::index_t extent) {
  view<float const> const bound = x;
  CHECK((bound.data == data && bound.extent[0] == extent && (bound.stride[0] == 1 || extent < 2)));
}

} // namespace

TEST_CASE("ranges of one dimension bind to a view of their elements", "[interop][standard]") {
  std::vector<float> vector(5);
  std::array<float, 3> array{};
  float plain[4] = {};
  std::vector<float> const& frozen_vector = vector;
  std::array<float, 3> const& frozen_array = array;
  float const(&frozen_plain)[4] = plain;
  check_vector(vector, vector.data(), 5);
  check_vector(frozen_vector, vector.data(), 5);
  check_vector(array, array.data(), 3);
  check_vector(frozen_array, array.data(), 3);
  check_vector(plain, plain, 4);
  check_vector(frozen_plain, plain, 4);
  check_vector(std::span<float>(vector), vector.data(), 5);
  check_vector(std::span<float const>(vector), vector.data(), 5);
  check_vector(std::span<float, 3>(array), array.data(), 3);
  check_vector(std::span<float>(vector).subspan(2), vector.data() + 2, 3);
  check_vector(std::vector<float>{}, nullptr, 0);
}

TEST_CASE("writable views come from writable ranges", "[interop][standard]") {
  std::vector<double> vector(5);
  std::array<double, 3> array{};
  double plain[4] = {}, matrix[2][3] = {};
  std::span<double> const span(vector);
  CHECK(view<double>(vector).data == vector.data());
  CHECK(view<double>(array).data == array.data());
  CHECK(view<double>(plain).data == plain);
  CHECK(view<double>(span).data == vector.data());
  CHECK(view<double, 2>(matrix).data == &matrix[0][0]);
}

TEST_CASE("a C array of two dimensions is a row-major matrix", "[interop][standard]") {
  float matrix[2][3] = {{1, 2, 3}, {4, 5, 6}};
  float const(&frozen)[2][3] = matrix;
  view<float const, 2> const bound = frozen;
  CHECK((bound.extent[0] == 2 && bound.extent[1] == 3 && bound.stride[0] == 3 && bound.stride[1] == 1));
  CHECK(bound.data[1 * bound.stride[0] + 2 * bound.stride[1]] == 6);
}

TEST_CASE("one call with every standard container", "[interop][standard]") {
  float const logits[2][3] = {{1, 2, 3}, {3, 2, 1}};
  std::array<std::int32_t, 2> const token{2, 0};
  std::vector<float> log_prob(2);
  std::array<float, 2> log_sum_exp{};
  bool const mask[2] = {true, true};
  cohort::reference_context context;
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token, .mask = mask},
                                {.log_prob = std::span<float>(log_prob), .log_sum_exp = log_sum_exp});
  CHECK(log_prob[0] == approx(-0.40760596).epsilon(1e-6));
  CHECK(log_prob[0] == log_prob[1]);
  CHECK(log_sum_exp[0] == approx(3.40760596).epsilon(1e-6));
  std::vector<std::int64_t> const wide{2, 0};
  std::vector<float> again(2);
  cohort::token_log_prob<float>(context, {.logits = logits, .token = std::span<std::int64_t const>(wide)},
                                {.log_prob = again});
  CHECK(support::same_bits(again, log_prob));
}
