// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Thrust's vectors and pointers as tensors; in a context's call without a copy.
#include <vector>

#include <thrust/system/cpp/pointer.h>
#include <thrust/system/cpp/vector.h>
#include <thrust/universal_vector.h>

#include <cohort/advantage/group_advantage.hpp>
#include <cohort/backend/thrust.hpp>
#include <cohort/interop/span.hpp>
#include <cohort/interop/thrust.hpp>
#include <support/catch.hpp>

namespace {

namespace t = THRUST_NS_QUALIFIER;

template <class X>
using space = typename cohort::traits_of<X>::memory_space;

static_assert(cohort::tensor<t::host_vector<float>> && cohort::writable_tensor<t::host_vector<float>>);
static_assert(std::same_as<space<t::host_vector<float>>, cohort::host_space>);
static_assert(std::same_as<space<t::cpp::vector<float>>, cohort::host_space>);
static_assert(std::same_as<space<std::vector<float>>, cohort::host_space>);
static_assert(!cohort::writable_tensor<t::host_vector<float> const>);
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
static_assert(std::same_as<space<t::device_vector<float>>, cohort::device_space>);
static_assert(std::same_as<space<t::universal_vector<float>>, cohort::managed_space>);
#else
static_assert(std::same_as<space<t::device_vector<float>>, cohort::host_space>);
static_assert(std::same_as<space<t::universal_vector<float>>, cohort::host_space>);
#endif

} // namespace

TEST_CASE("thrust vectors go into a call as they are", "[thrust]") {
  namespace thrust = THRUST_NS_QUALIFIER;
  // [call]
  cohort::thrust_context context{thrust::seq, {.workspace_bytes = 1 << 16}}; // or thrust::omp::par, thrust::tbb::par
  thrust::host_vector<float> const reward(std::vector<float>{1, 2, 5, 5});
  thrust::host_vector<float> advantage(4);
  cohort::group_advantage(context, reward, advantage, {.groups = cohort::uniform_groups{2}});
  // [end]
  std::vector<float> expected(4);
  cohort::group_advantage(context, std::vector<float>{1, 2, 5, 5}, expected, {.groups = cohort::uniform_groups{2}});
  CHECK(std::vector<float>(advantage.begin(), advantage.end()) == expected);
  CHECK(expected[0] < 0);
  CHECK(expected[3] == 0);
}

TEST_CASE("thrust pointers are tensors with the extents that are given", "[thrust]") {
  float values[6] = {};
  t::cpp::pointer<float> const first(values);
  auto const run = cohort::tensor_at(first, 6);
  static_assert(std::same_as<decltype(run), cohort::view<float, 1, cohort::host_space> const>);
  CHECK(run.data == values);
  CHECK(run.extent[0] == 6);
  auto const matrix = cohort::tensor_at(t::cpp::pointer<float const>(first), 2, 3);
  static_assert(std::same_as<decltype(matrix), cohort::view<float const, 2, cohort::host_space> const>);
  CHECK(matrix.extent[1] == 3);
  CHECK(matrix.stride[0] == 3);
#if THRUST_DEVICE_SYSTEM == THRUST_DEVICE_SYSTEM_CUDA
  auto const device = cohort::tensor_at(t::device_pointer_cast(values), 6);
  static_assert(std::same_as<decltype(device), cohort::view<float, 1, cohort::device_space> const>);
  CHECK(device.data == values);
#endif
}
