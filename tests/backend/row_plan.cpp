// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Which team a row of logits gets on a device: every cell in one slice, slices that fit, more blocks where rows are few.
#include <cohort/backend/block/plan.hpp>
#include <cohort/backend/block/team.hpp>

#include <support/catch.hpp>

namespace d = cohort::detail;
using cohort::index_t;

namespace {

constexpr d::device_limits hopper{}, ampere{.architecture = 80, .multiprocessors = 108, .shared_bytes = 166912};
constexpr index_t many = 8192;

} // namespace

TEST_CASE("plan: the smallest cluster that leaves room for two blocks", "[plan]") {
  CHECK(d::plan_staged(hopper, many, 32000, 2).ranks == 1);
  CHECK(d::plan_staged(hopper, many, 151936, 2).ranks == 4);
  CHECK(d::plan_staged(hopper, many, 151936, 4).ranks == 8);
  CHECK(d::plan_staged(hopper, many, 262144, 4).ranks == 8);
  CHECK(d::plan_staged(hopper, many, 262144, 8).ranks == 16);
  CHECK(d::plan_staged(hopper, 64, 151936, 2).ranks == 8);
  CHECK(d::plan_staged(hopper, 1, 64, 2).ranks == 1);
}

TEST_CASE("plan: a row that nothing holds is read again", "[plan]") {
  CHECK(d::plan_staged(ampere, many, 32000, 2).ranks == 1);
  CHECK(d::plan_staged(ampere, many, 32000, 2).shared_bytes > 0);
  CHECK(d::plan_staged(ampere, many, 151936, 2).shared_bytes == 0);
  CHECK(d::plan_staged(hopper, many, 5000000, 4).shared_bytes == 0);
  CHECK(d::plan_staged(hopper, many, 0, 4).slice == 1);
}

TEST_CASE("plan: slices cover a row once, fit, and begin at whole words of a mask", "[plan]") {
  for (auto const& device : {hopper, ampere})
    for (index_t const bytes : {2, 4, 8})
      for (index_t const rows : {index_t{1}, index_t{64}, many})
        for (index_t const width : {1, 7, 63, 64, 65, 1000, 4096, 32000, 50257, 128256, 151936, 262144, 1000003}) {
          auto const plan = d::plan_staged(device, rows, width, bytes);
          INFO("width " << width << ", " << bytes << " bytes, " << rows << " rows, sm_" << device.architecture);
          REQUIRE(plan.slice > 0);
          CHECK(plan.shared_bytes <= device.shared_bytes - 8192);
          CHECK((device.architecture >= 90 || plan.ranks == 1));
          d::row_slices const slices{plan.slice};
          index_t next = 0;
          for (int rank = 0; rank < plan.ranks; ++rank) {
            index_t const first = slices.first(rank), last = slices.last(rank, plan.ranks, width);
            if (first >= last) continue; // beyond the row
            CHECK(first == next);
            CHECK((plan.ranks == 1 || first % d::slice_unit == 0));
            if (plan.shared_bytes > 0) CHECK((last - first) * bytes + d::stage_padding <= plan.shared_bytes);
            CHECK(slices.rank_of(first, plan.ranks) == rank);
            CHECK(slices.rank_of(last - 1, plan.ranks) == rank);
            next = last;
          }
          CHECK(next == width);
        }
}
