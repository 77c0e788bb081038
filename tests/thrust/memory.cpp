// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a thrust_context owns: from the caller's allocator, at construction and in reserve, given back once.
#include <cstdint>
#include <utility>

#include <thrust/system/cpp/execution_policy.h>
#include <thrust/system/cpp/memory.h>

#include <cohort/backend/thrust.hpp>
#include <support/catch.hpp>

namespace {

namespace t = THRUST_NS_QUALIFIER;

struct tally {
  int taken = 0, given = 0;
  long bytes = 0;
};

/// Deliberately aligned to a byte.
struct counting_allocator {
  using value_type = std::byte;
  tally* counts;

  std::byte* allocate(std::size_t n) {
    ++counts->taken, counts->bytes += static_cast<long>(n);
    return new std::byte[n + 1] + 1;
  }
  void deallocate(std::byte* p, std::size_t n) {
    ++counts->given, counts->bytes -= static_cast<long>(n);
    delete[](p - 1);
  }
  [[maybe_unused]] friend bool operator==(counting_allocator const&, counting_allocator const&) = default;
};

bool aligned(cohort::scratch_memory const& memory) {
  return reinterpret_cast<std::uintptr_t>(memory.data) % cohort::workspace_layout::alignment == 0;
}

} // namespace

TEST_CASE("a thrust context takes its memory from the allocator and gives it back", "[thrust]") {
  tally counts;
  {
    cohort::thrust_context context{t::seq, {.workspace_bytes = 100}, counting_allocator{&counts}};
    CHECK(counts.taken == 2);
    CHECK(context.scratch().bytes == 128);
    CHECK(aligned(context.scratch()));
    context.reserve(128);
    CHECK(counts.taken == 2);
    context.reserve(1000);
    CHECK(counts.taken == 3);
    CHECK(counts.given == 1);
    CHECK(context.scratch().bytes == 1024);
    CHECK(aligned(context.scratch()));
    auto moved = std::move(context);
    CHECK(moved.scratch().bytes == 1024);
    CHECK(counts.taken == 3);
  }
  CHECK(counts.given == 3);
  CHECK(counts.bytes == 0);
}

TEST_CASE("a thrust context may have no workspace, and take Thrust's own pointers", "[thrust]") {
  cohort::thrust_context none{t::seq, {.workspace_bytes = 0}};
  CHECK(none.scratch().data == nullptr);
  CHECK(none.scratch().bytes == 0);
  cohort::thrust_context const fancy{t::cpp::par, {}, t::cpp::allocator<std::byte>{}};
  CHECK(fancy.scratch().bytes == 64 * 1024);
  CHECK(aligned(fancy.scratch()));
}
