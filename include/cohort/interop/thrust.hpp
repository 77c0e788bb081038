// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Thrust's vectors as tensors where their elements live, and its pointers with extents.
///
///   host_vector, and every vector of OpenMP, TBB or C++     host_space
///   device_vector of CUDA                                   device_space
///   universal_vector of CUDA, pinned vectors                managed_space
#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include <thrust/detail/raw_pointer_cast.h>
#include <thrust/device_ptr.h>
#include <thrust/device_vector.h>
#include <thrust/host_vector.h>
#include <thrust/iterator/iterator_traits.h>

#include <cohort/core/view.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Thrust's universal vectors are this base itself.
template <class X>
concept thrust_vector = requires {
  typename X::value_type;
  typename X::allocator_type;
  requires std::derived_from<
      X, THRUST_NS_QUALIFIER::detail::vector_base<typename X::value_type, typename X::allocator_type>>;
};

/// The tag of a system whose work goes to streams: CUDA's.
template <class Tag>
concept tag_of_streams = requires(Tag& tag) {
  stream(tag);
};

/// Universal pointers are those of a device whose elements the host may name.
template <class Pointer>
struct thrust_space_of {
  using system = typename THRUST_NS_QUALIFIER::iterator_system<Pointer>::type;
  using reference = decltype(*std::declval<Pointer&>());
  using of_streams = std::conditional_t<std::is_lvalue_reference_v<reference>, managed_space, device_space>;
  using type = std::conditional_t<tag_of_streams<system>, of_streams, host_space>;
};

/// What a pointer of Thrust's, or a plain one, points to.
template <class Pointer>
using pointed_to =
    std::remove_pointer_t<decltype(THRUST_NS_QUALIFIER::raw_pointer_cast(std::declval<Pointer const&>()))>;

} // namespace detail

template <detail::thrust_vector X>
struct tensor_traits<X> {
  using value_type = typename X::value_type;
  using memory_space = typename detail::thrust_space_of<typename X::pointer>::type;
  static constexpr int rank = 1;
  static auto data(X& x) { return THRUST_NS_QUALIFIER::raw_pointer_cast(x.data()); }
  static auto data(X const& x) { return THRUST_NS_QUALIFIER::raw_pointer_cast(x.data()); }
  static index_t extent(X const& x, int) { return static_cast<index_t>(x.size()); }
  static index_t stride(X const&, int) { return 1; }
};

/// `count` elements from a device_ptr, or from a pointer tagged with any system.
template <class Pointer>
[[nodiscard]] auto tensor_at(Pointer first, index_t count) {
  using space = typename detail::thrust_space_of<Pointer>::type;
  return view<detail::pointed_to<Pointer>, 1, space>(THRUST_NS_QUALIFIER::raw_pointer_cast(first), {count}, {1});
}
/// rows x columns, rows contiguous.
template <class Pointer>
[[nodiscard]] auto tensor_at(Pointer first, index_t rows, index_t columns) {
  using space = typename detail::thrust_space_of<Pointer>::type;
  return view<detail::pointed_to<Pointer>, 2, space>(THRUST_NS_QUALIFIER::raw_pointer_cast(first), {rows, columns},
                                                     {columns, 1});
}

COHORT_NAMESPACE_END
