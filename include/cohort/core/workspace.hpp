// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Scratch memory: one layout function per algorithm measures it and carves it.
///
///   struct my_workspace { double* mean; };
///   my_workspace lay_out(workspace_layout& memory, index_t rows) { return {memory.take<double>(rows)}; }
///
/// Run on a default-constructed layout it measures; on one over real memory it carves the same pointers.
#pragma once

#include <cstddef>

#include <cohort/core/index.hpp>

COHORT_NAMESPACE_BEGIN

/// What a context has to lend: 64-byte aligned, overwritten by every call.
struct scratch_memory {
  std::byte* data = nullptr;
  index_t bytes = 0;
};

class workspace_layout {
public:
  static constexpr index_t alignment = 64;

  constexpr workspace_layout() = default;
  constexpr explicit workspace_layout(std::byte* memory) : memory_(memory) {}

  /// `count` objects of T, uninitialised; null while measuring.
  template <class T>
  T* take(index_t count) {
    static_assert(alignof(T) <= alignment);
    index_t const start = used_;
    index_t size = 0, end = 0;
    if (count < 0 || !checked_multiply(count, index_t{sizeof(T)}, size) || !checked_add(size, alignment - 1, size) ||
        !checked_add(start, size / alignment * alignment, end)) {
      overflow_ = true;
      return nullptr;
    }
    used_ = end;
    return memory_ ? reinterpret_cast<T*>(memory_ + start) : nullptr;
  }

  [[nodiscard]] constexpr index_t bytes() const { return used_; }
  [[nodiscard]] constexpr bool overflow() const { return overflow_; }

private:
  std::byte* memory_ = nullptr;
  index_t used_ = 0;
  bool overflow_ = false;
};

COHORT_NAMESPACE_END
