// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <thrust/detail/raw_pointer_cast.h>
#include <thrust/device_allocator.h>
#include <thrust/universal_allocator.h>

#include <cohort/core/memory_space.hpp>
#include <cohort/core/workspace.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Where a context takes its memory from unless told otherwise. Pinned memory wants an allocator of the caller's.
template <class Space>
struct thrust_allocator_for;
template <>
struct thrust_allocator_for<host_space> {
  using type = std::allocator<std::byte>;
};
template <>
struct thrust_allocator_for<device_space> {
  using type = THRUST_NS_QUALIFIER::device_allocator<std::byte>;
};
template <>
struct thrust_allocator_for<managed_space> {
  using type = THRUST_NS_QUALIFIER::universal_allocator<std::byte>;
};

/// Uninitialised bytes from an allocator, aligned as a workspace is.
template <class Allocator>
class thrust_memory {
public:
  thrust_memory(Allocator const& allocator, index_t bytes) : allocator_(allocator) {
    if (bytes < 1) return;
    constexpr index_t unit = workspace_layout::alignment;
    size_ = (bytes + unit - 1) / unit * unit;
    pointer_ = traits::allocate(allocator_, whole());
    auto* const raw = THRUST_NS_QUALIFIER::raw_pointer_cast(pointer_);
    auto const address = reinterpret_cast<std::uintptr_t>(raw);
    memory_ = {raw + (alignment - address % alignment) % alignment, size_};
  }
  thrust_memory(thrust_memory&& other) noexcept
      : allocator_(other.allocator_), pointer_(other.pointer_), size_(std::exchange(other.size_, 0)),
        memory_(std::exchange(other.memory_, {})) {}
  thrust_memory& operator=(thrust_memory&& other) noexcept {
    std::swap(allocator_, other.allocator_);
    std::swap(pointer_, other.pointer_);
    std::swap(size_, other.size_);
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~thrust_memory() {
    if (size_ > 0) traits::deallocate(allocator_, pointer_, whole());
  }

  [[nodiscard]] Allocator const& allocator() const noexcept { return allocator_; }
  [[nodiscard]] scratch_memory get() const noexcept { return memory_; }

private:
  using traits = std::allocator_traits<Allocator>;
  static constexpr std::size_t alignment = workspace_layout::alignment;
  [[nodiscard]] typename traits::size_type whole() const { return static_cast<std::size_t>(size_) + alignment; }

  Allocator allocator_;
  typename traits::pointer pointer_{};
  index_t size_ = 0;
  scratch_memory memory_{};
};

} // namespace detail

COHORT_NAMESPACE_END
