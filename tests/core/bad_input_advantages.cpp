// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The table of docs/bad_input.md, advantages: per row the code, the sentence with function, argument and index, and not a bit of
/// any argument, output, report or workspace changed.
#include <cases/bad_input.hpp>
#include <support/catch.hpp>

namespace {

using namespace cases;
using code = cohort::error_code;
using cohort::group_ids;
using cohort::group_offsets;
using cohort::uniform_groups;

constexpr index_t far = index_t{1} << 62, last = 9223372036854775807;
constexpr float undefined = static_cast<float>(cohort::not_a_number);

} // namespace

TEST_CASE("bad input: group_statistics", "[core][bad_input]") {
  using call = statistics_call;
  entry<call> const table[] = {
      {code::null_data, -1, "group_statistics: reward: data is null but there are elements",
       [](call& c, arena&) { c.reward = loose_vector<float>(nullptr, 6); }},
      {code::bad_extent, 0, "group_statistics: reward [0]: an extent is negative: found -6, expected 0",
       [](call& c, arena& a) { c.reward = loose_vector(a.reward, -6); }},
      {code::bad_stride, 0, "group_statistics: reward [0]: the stride reaches outside of 64 bits",
       [](call& c, arena& a) { c.reward = loose_vector(a.reward, 6, far); }},
      {code::misaligned, -1,
       "group_statistics: reward: its address is a multiple of its elements' alignment: found 1, expected 0",
       [](call& c, arena& a) { c.reward = loose_vector(askew(a.reward), 6); }},
      {code::shape_mismatch, 0,
       "group_statistics: mean [0]: extent differs from the other arguments: found 1, expected 2",
       [](call& c, arena& a) { c.out.mean = loose_vector(a.mean, 1); }},
      {code::overlap, -1, "group_statistics: std: shares memory with another argument",
       [](call& c, arena& a) { c.out.std = a.mean; }},
      {code::overlap, -1, "group_statistics: mean: two of its elements are the same memory",
       [](call& c, arena& a) { c.out.mean = loose_vector(a.mean, 2, 0); }},
      {code::non_finite, 4, "group_statistics: reward [4]: it is not finite",
       [](call&, arena& a) { a.reward[4] = undefined; }},
      {code::bad_parameter, -1, "group_statistics: ddof: it is 0 or 1: found 2",
       [](call& c, arena&) { c.options.ddof = 2; }},
  };
  refuses_each(table);
}

TEST_CASE("bad input: group_advantage", "[core][bad_input]") {
  using call = advantage_call;
  entry<call> const table[] = {
      {code::size_overflow, -1, "group_advantage: workspace: its size leaves 64 bits",
       [](call& c, arena& a) {
         c.reward = loose_vector(a.reward, last, 0), c.out.advantage = loose_vector(a.advantage, last, 0);
         c.options.groups = group_ids(loose_vector(a.ids, last, 0));
       }},
      {code::shape_mismatch, 0,
       "group_advantage: advantage [0]: extent differs from the other arguments: found 5, expected 6",
       [](call& c, arena& a) { c.out.advantage = loose_vector(a.advantage, 5); }},
      {code::misaligned, -1,
       "group_advantage: advantage: its address is a multiple of its elements' alignment: found 1, expected 0",
       [](call& c, arena& a) { c.out.advantage = loose_vector(askew(a.advantage), 6); }},
      {code::overlap, -1, "group_advantage: advantage: overlaps an input without being it",
       [](call& c, arena& a) { c.out.advantage = loose_vector(a.reward + 1, 6); }},
      {code::non_finite, 5, "group_advantage: reward [5]: it is not finite",
       [](call&, arena& a) { a.reward[5] = -static_cast<float>(cohort::infinity); }},
      {code::shape_mismatch, 0,
       "group_advantage: groups [0]: extent differs from the other arguments: found 5, expected 6",
       [](call& c, arena& a) { c.options.groups = group_ids(loose_vector(a.ids, 5)); }},
      {code::bad_group, -1, "group_advantage: groups: the samples do not fill the last group: found 2, expected 4",
       [](call& c, arena&) { c.options.groups = uniform_groups{4}; }},
      {code::bad_group, -1, "group_advantage: groups: a group has at least one sample: found 0, expected 1",
       [](call& c, arena&) { c.options.groups = uniform_groups{0}; }},
      {code::small_group, 0, "group_advantage: groups [0]: a group has one usable sample",
       [](call& c, arena& a) {
         a.ids[1] = 0, c.options.groups = group_ids(a.ids), c.options.singleton = cohort::singleton::refuse;
       }},
      {code::bad_parameter, -1, "group_advantage: ddof: it is 0 or 1: found -1",
       [](call& c, arena&) { c.options.ddof = -1; }},
      {code::bad_parameter, -1, "group_advantage: epsilon: it is finite and not negative: found -1",
       [](call& c, arena&) { c.options.epsilon = -1; }},
      {code::bad_offsets, 1, "group_advantage: groups [1]: offsets do not decrease: found -1, expected 0",
       [](call& c, arena& a) { a.offsets[1] = -1, c.options.groups = group_offsets(a.offsets); }},
      {code::bad_offsets, 2,
       "group_advantage: groups [2]: the last offset is the number of elements: found 5, expected 6",
       [](call& c, arena& a) { a.offsets[2] = 5, c.options.groups = group_offsets(a.offsets); }},
  };
  refuses_each(table);
}

TEST_CASE("bad input: process_advantage", "[core][bad_input]") {
  using call = process_call;
  entry<call> const table[] = {
      {code::bad_extent, 0, "process_advantage: layout [0]: an extent is negative: found -2, expected 0",
       [](call& c, arena&) {
         c.in.layout = cohort::padded{-2, 3};
       }},
      {code::shape_mismatch, 0,
       "process_advantage: advantage [0]: extent differs from the other arguments: found 5, expected 6",
       [](call& c, arena& a) { c.out.advantage = loose_vector(a.advantage, 5); }},
      {code::bad_step, 1, "process_advantage: step_end [1]: a step ends inside its sequence: found 3, expected 3",
       [](call&, arena& a) { a.step_end[1] = 3; }},
      {code::non_finite, 2, "process_advantage: step_reward [2]: it is not finite",
       [](call&, arena& a) { a.reward[2] = undefined; }},
      {code::bad_offsets, 2,
       "process_advantage: step_offsets [2]: the last offset is the number of elements: found 2, expected 3",
       [](call&, arena& a) { a.step_offsets[2] = 2; }},
      {code::overlap, -1, "process_advantage: advantage: shares memory with another argument",
       [](call& c, arena& a) { c.out.advantage = loose_vector(a.reward, 6); }},
      {code::misaligned, -1,
       "process_advantage: advantage: its address is a multiple of its elements' alignment: found 1, expected 0",
       [](call& c, arena& a) { c.out.advantage = loose_vector(askew(a.advantage), 6); }},
      {code::bad_group, -1, "process_advantage: groups: the samples do not fill the last group: found 2, expected 3",
       [](call& c, arena&) { c.options.groups = uniform_groups{3}; }},
      {code::bad_parameter, -1, "process_advantage: ddof: it is 0 or 1: found 2",
       [](call& c, arena&) { c.options.ddof = 2; }},
  };
  refuses_each(table);
}
