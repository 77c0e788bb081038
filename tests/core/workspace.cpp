// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <cohort/backend/reference.hpp>
#include <cohort/core/workspace.hpp>
#include <support/catch.hpp>

namespace {

using cohort::index_t;

struct parts {
  double* means;
  std::uint8_t* flags;
  index_t* order;
};

parts lay_out(cohort::workspace_layout& memory, index_t n) {
  return {memory.take<double>(n), memory.take<std::uint8_t>(n), memory.take<index_t>(n + 1)};
}

struct alignas(64) aligned_block {
  std::byte bytes[64];
};

} // namespace

TEST_CASE("measuring a workspace gives what carving it takes", "[core][workspace]") {
  for (index_t const n : {0, 1, 7, 8, 9, 63, 64, 65, 1000}) {
    cohort::workspace_layout measured;
    parts const none = lay_out(measured, n);
    CHECK(none.means == nullptr);
    CHECK(none.order == nullptr);
    CHECK(measured.bytes() % cohort::workspace_layout::alignment == 0);

    std::vector<aligned_block> memory(static_cast<std::size_t>(measured.bytes() / 64));
    cohort::workspace_layout carved(memory.empty() ? nullptr : memory.front().bytes);
    parts const found = lay_out(carved, n);
    CHECK(carved.bytes() == measured.bytes());
    CHECK_FALSE(carved.overflow());
    for (index_t i = 0; i < n; ++i) found.means[i] = 1, found.flags[i] = 2, found.order[i] = 3; // ASan watches the ends
    found.order[n] = 4;
    for (index_t i = 0; i < n; ++i) REQUIRE((found.means[i] == 1 && found.flags[i] == 2 && found.order[i] == 3));
    CHECK(reinterpret_cast<std::uintptr_t>(found.order) % 64 == 0);
  }
}

TEST_CASE("a workspace whose size leaves 64 bits says so", "[core][workspace]") {
  index_t const highest = std::numeric_limits<index_t>::max();
  for (index_t const n : {highest, highest / 8, highest / 8 + 1, highest - 63}) {
    cohort::workspace_layout memory;
    memory.take<double>(4);
    CHECK(memory.take<double>(n) == nullptr);
    CHECK(memory.overflow());
    memory.take<double>(1);
    CHECK(memory.overflow());
  }
  cohort::workspace_layout sums;
  sums.take<std::byte>(highest / 2);
  CHECK_FALSE(sums.overflow());
  sums.take<std::byte>(highest / 2);
  CHECK(sums.overflow());
}

TEST_CASE("a context lends 64-byte aligned memory that reserve only grows", "[core][workspace]") {
  cohort::reference_context context{{.workspace_bytes = 100}};
  CHECK(context.scratch().bytes >= 100);
  CHECK(reinterpret_cast<std::uintptr_t>(context.scratch().data) % 64 == 0);
  context.reserve(1000);
  CHECK(context.scratch().bytes >= 1000);
  CHECK(reinterpret_cast<std::uintptr_t>(context.scratch().data) % 64 == 0);
  auto const* const kept = context.scratch().data;
  context.reserve(10);
  CHECK(context.scratch().data == kept);
  CHECK(context.scratch().bytes >= 1000);
  CHECK(cohort::reference_context{{.workspace_bytes = 0}}.scratch().bytes == 0);
}
