// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What the threads of a block move: every byte of a slice and every cell of a tile once, by whole units where they are.
#include <vector>

#include <cohort/backend/block/moves.hpp>
#include <cohort/backend/block/plan.hpp>

#include <support/catch.hpp>

namespace d = cohort::detail;

TEST_CASE("moves: edges and units are the run, each byte once", "[moves]") {
  for (std::uint32_t const element : {2U, 4U, 8U})
    for (std::uint32_t address = 0; address < 32; address += element)
      for (std::uint32_t count = 0; count < 40; ++count) {
        std::uint32_t const bytes = count * element;
        d::unit_bytes const size(address, bytes);
        INFO(count << " elements of " << element << " bytes from " << address << " on");
        std::vector<int> moved(bytes);
        CHECK(size.middle % 16 == 0);
        if (size.middle > 0) CHECK((address + size.head) % 16 == 0);
        for (std::uint32_t i = 0; i < size.middle; ++i) ++moved[size.head + i];
        CHECK(size.edges(element) * element < 32);
        for (std::uint32_t k = 0; k < size.edges(element); ++k)
          for (std::uint32_t i = 0; i < element; ++i) ++moved[size.edge(k, element) + i];
        CHECK(moved == std::vector<int>(bytes, 1));
      }
}

TEST_CASE("moves: the cells of a tile, each once, neighbours side by side", "[moves]") {
  constexpr int threads = d::tile_rows;
  for (int const width : {1, 2, 7, 8, 31, 32, 33, 63, 64, 128, 200})
    for (int const count : {1, 2, 5, 127, 128}) {
      INFO(count << " rows of " << width);
      std::vector<int> seen(static_cast<std::size_t>(count * width));
      for (int thread = 0; thread < threads; ++thread) {
        int turn = 0;
        bool side_by_side = true;
        d::cells_of_tile(thread, threads, width, count, [&](int row, int c) {
          int const cell = row * width + c;
          side_by_side = side_by_side && cell == thread + threads * turn++;
          ++seen[static_cast<std::size_t>(cell)];
        });
        CHECK(side_by_side);
      }
      CHECK(seen == std::vector<int>(seen.size(), 1));
    }
}

TEST_CASE("moves: tiles only where the device has room for them", "[moves]") {
  constexpr d::device_limits hopper{}, desktop{.architecture = 89, .multiprocessors = 128, .shared_bytes = 101376};
  auto const tiles = [](d::device_limits const& device, cohort::index_t width, cohort::index_t bytes) {
    return d::in_tiles(device, cohort::row_layout<cohort::device_space>{.rows = 1000, .width = width}, bytes);
  };
  CHECK(tiles(hopper, 64, 8));
  CHECK(tiles(desktop, 64, 4));
  CHECK(!tiles(desktop, 64, 8));
  CHECK(tiles(desktop, 32, 8));
  CHECK(!tiles(hopper, 65, 4));
  CHECK(!tiles(hopper, 0, 4));
}
