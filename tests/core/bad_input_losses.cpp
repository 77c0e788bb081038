// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The table of docs/bad_input.md, losses and logits: per row the code, the sentence with function, argument and index, and not a bit of
/// any argument, output, report or workspace changed.
#include <cases/bad_input.hpp>
#include <support/catch.hpp>

namespace {

using namespace cases;
using code = cohort::error_code;

constexpr index_t far = index_t{1} << 62;

} // namespace

TEST_CASE("bad input: policy_loss", "[core][bad_input]") {
  using call = loss_call;
  entry<call> const table[] = {
      {code::null_data, -1, "policy_loss: old_log_prob: data is null but there are elements",
       [](call& c, arena&) { c.in.old_log_prob = loose_vector<float>(nullptr, 6); }},
      {code::shape_mismatch, 0,
       "policy_loss: d_log_prob [0]: extent differs from the other arguments: found 5, expected 6",
       [](call& c, arena& a) { c.out.d_log_prob = loose_vector(a.seed, 5); }},
      {code::bad_rank, -1, "policy_loss: mask: packed tokens have one dimension: found 2, expected 1",
       [](call& c, arena& a) { c.in.mask = loose_matrix(a.mask, 2, 3, 3); }},
      {code::misaligned, -1,
       "policy_loss: log_prob: its address is a multiple of its elements' alignment: found 1, expected 0",
       [](call& c, arena& a) { c.in.log_prob = loose_vector(askew(a.log_prob), 6); }},
      {code::misaligned, -1,
       "policy_loss: mask: its address is a multiple of its elements' alignment: found 1, expected 0",
       [](call& c, arena& a) { c.in.mask = loose_vector(reinterpret_cast<std::int32_t*>(a.mask + 1), 6); }},
      {code::overlap, -1, "policy_loss: d_log_prob: overlaps an input without being it",
       [](call& c, arena& a) { c.out.d_log_prob = loose_vector(a.log_prob + 1, 6); }},
      {code::overlap, -1, "policy_loss: d_log_prob: two of its elements are the same memory",
       [](call& c, arena& a) { c.out.d_log_prob = loose_vector(a.seed, 6, 0); }},
      {code::bad_parameter, -1, "policy_loss: low: the lower clip range is in [0, 1]: found 1.5",
       [](call& c, arena&) { c.f.surrogate.low = 1.5; }},
      {code::bad_parameter, -1, "policy_loss: high: the upper clip range is finite and not negative: found nan",
       [](call& c, arena&) { c.f.surrogate.high = cohort::not_a_number; }},
      {code::bad_normalizer, -1, "policy_loss: normalizer: a count is finite and not negative: found -1, expected 0",
       [](call& c, arena&) { c.options.normalizer = cohort::by_tokens(-1); }},
      {code::bad_offsets, 0, "policy_loss: layout [0]: offsets start at 0: found 1, expected 0",
       [](call&, arena& a) { a.offsets[0] = 1; }},
      {code::bad_offsets, 2, "policy_loss: layout [2]: offsets do not decrease: found 6, expected 7",
       [](call&, arena& a) { a.offsets[1] = 7; }},
      {code::bad_offsets, 2, "policy_loss: layout [2]: the last offset is the number of elements: found 5, expected 6",
       [](call&, arena& a) { a.offsets[2] = 5; }},
  };
  refuses_each(table);
}

TEST_CASE("bad input: token_log_prob", "[core][bad_input]") {
  using call = forward_call;
  entry<call> const table[] = {
      {code::null_data, -1, "token_log_prob: logits: data is null but there are elements",
       [](call& c, arena&) { c.in.logits = loose_matrix<float>(nullptr, 2, 4, 4); }},
      {code::null_data, -1, "token_log_prob: token: data is null but there are elements",
       [](call& c, arena&) { c.in.token = loose_vector<std::int32_t>(nullptr, 2); }},
      {code::bad_extent, 1, "token_log_prob: logits [1]: an extent is negative: found -4, expected 0",
       [](call& c, arena& a) { c.in.logits = loose_matrix(a.logits[0], 2, -4, 4); }},
      {code::size_overflow, 1, "token_log_prob: logits [1]: the product of its extents leaves 64 bits",
       [](call& c, arena& a) { c.in.logits = loose_matrix(a.logits[0], far, 4, 0); }},
      {code::shape_mismatch, 0,
       "token_log_prob: log_prob [0]: extent differs from the other arguments: found 1, expected 2",
       [](call& c, arena& a) { c.out.log_prob = loose_vector(a.row, 1); }},
      {code::shape_mismatch, 0,
       "token_log_prob: log_sum_exp [0]: extent differs from the other arguments: found 3, expected 2",
       [](call& c, arena& a) { c.out.log_sum_exp = loose_vector(a.other_row, 3); }},
      {code::shape_mismatch, 0,
       "token_log_prob: mask [0]: extent differs from the other arguments: found 3, expected 2",
       [](call& c, arena& a) { c.in.mask = loose_vector(a.mask, 3); }},
      {code::bad_rank, -1, "token_log_prob: mask: it has a value per row: found 2, expected 1",
       [](call& c, arena& a) { c.in.mask = loose_matrix(a.mask, 2, 1, 1); }},
      {code::bad_stride, 0, "token_log_prob: logits [0]: the stride reaches outside of 64 bits",
       [](call& c, arena& a) { c.in.logits = loose_matrix(a.logits[0], 2, 4, far); }},
      {code::unsupported_layout, 1, "token_log_prob: logits [1]: its rows are contiguous: found 2, expected 1",
       [](call& c, arena& a) { c.in.logits = loose_matrix(a.logits[0], 2, 2, 4, 2); }},
      {code::misaligned, -1,
       "token_log_prob: logits: its address is a multiple of its elements' alignment: found 1, expected 0",
       [](call& c, arena& a) { c.in.logits = loose_matrix(askew(a.logits[0]), 2, 4, 4); }},
      {code::misaligned, -1,
       "token_log_prob: token: its address is a multiple of its elements' alignment: found 4, expected 0",
       [](call& c, arena& a) { c.in.token = loose_vector(reinterpret_cast<std::int64_t*>(a.token + 1), 2); }},
      {code::overlap, -1, "token_log_prob: log_prob: shares memory with another argument",
       [](call& c, arena& a) { c.out.log_prob = loose_vector(a.logits[0] + 1, 2); }},
      {code::overlap, -1, "token_log_prob: log_sum_exp: shares memory with another argument",
       [](call& c, arena& a) { c.out.log_sum_exp = a.row; }},
      {code::overlap, -1, "token_log_prob: log_prob: shares memory with another argument",
       [](call& c, arena& a) { c.out.log_prob = loose_vector(reinterpret_cast<float*>(a.token), 2); }},
      {code::overlap, -1, "token_log_prob: log_prob: two of its elements are the same memory",
       [](call& c, arena& a) { c.out.log_prob = loose_vector(a.row, 2, 0); }},
      {code::bad_extent, -1, "token_log_prob: logits: the vocabulary is empty",
       [](call& c, arena& a) { c.in.logits = loose_matrix(a.logits[0], 2, 0, 4); }},
      {code::bad_parameter, -1, "token_log_prob: temperature: it is finite and positive: found 0",
       [](call& c, arena&) { c.options.temperature = 0; }},
      {code::bad_parameter, -1, "token_log_prob: temperature: it is finite and positive: found -1",
       [](call& c, arena&) { c.options.temperature = -1; }},
      {code::bad_parameter, -1, "token_log_prob: temperature: it is finite and positive: found inf",
       [](call& c, arena&) { c.options.temperature = cohort::infinity; }},
      {code::bad_parameter, -1, "token_log_prob: temperature: it is finite and positive: found nan",
       [](call& c, arena&) { c.options.temperature = cohort::not_a_number; }},
  };
  refuses_each(table);
}

TEST_CASE("bad input: token_log_prob_backward", "[core][bad_input]") {
  using call = backward_call;
  entry<call> const table[] = {
      {code::null_data, -1, "token_log_prob_backward: d_logits: data is null but there are elements",
       [](call& c, arena&) { c.out.d_logits = loose_matrix<float>(nullptr, 2, 4, 4); }},
      {code::shape_mismatch, 1,
       "token_log_prob_backward: d_logits [1]: extent differs from the other arguments: found 3, expected 4",
       [](call& c, arena& a) { c.out.d_logits = loose_matrix(a.d_logits[0], 2, 3, 4); }},
      {code::shape_mismatch, 0,
       "token_log_prob_backward: d_log_prob [0]: extent differs from the other arguments: found 1, expected 2",
       [](call& c, arena& a) { c.in.d_log_prob = loose_vector(a.row, 1); }},
      {code::shape_mismatch, 0,
       "token_log_prob_backward: log_sum_exp [0]: extent differs from the other arguments: found 1, expected 2",
       [](call& c, arena& a) { c.in.log_sum_exp = loose_vector(a.other_row, 1); }},
      {code::unsupported_layout, 1,
       "token_log_prob_backward: d_logits [1]: its rows are contiguous: found 2, expected 1",
       [](call& c, arena& a) {
         c.in.logits = loose_matrix(a.logits[0], 2, 2, 4), c.out.d_logits = loose_matrix(a.d_logits[0], 2, 2, 4, 2);
       }},
      {code::misaligned, -1,
       "token_log_prob_backward: d_log_prob: its address is a multiple of its elements' alignment: found 1, expected 0",
       [](call& c, arena& a) { c.in.d_log_prob = loose_vector(askew(a.row), 2); }},
      {code::overlap, -1, "token_log_prob_backward: d_logits: overlaps an input without being it",
       [](call& c, arena& a) {
         c.in.logits = loose_matrix(a.logits[0], 1, 4, 4), c.out.d_logits = loose_matrix(a.logits[0] + 2, 1, 4, 4);
         c.in.token = loose_vector(a.token, 1), c.in.log_sum_exp = {}, c.in.d_log_prob = loose_vector(a.row, 1);
       }},
      {code::overlap, -1, "token_log_prob_backward: d_logits: shares memory with another argument",
       [](call& c, arena& a) { c.in.d_log_prob = loose_vector(a.d_logits[0], 2); }},
      {code::overlap, -1, "token_log_prob_backward: d_logits: shares memory with another argument",
       [](call& c, arena& a) { c.in.log_sum_exp = loose_vector(a.d_logits[1], 2); }},
      {code::overlap, -1, "token_log_prob_backward: d_logits: shares memory with another argument",
       [](call& c, arena& a) { c.in.token = loose_vector(reinterpret_cast<std::int32_t*>(a.d_logits[0]), 2); }},
      {code::overlap, -1, "token_log_prob_backward: d_logits: two of its elements are the same memory",
       [](call& c, arena& a) { c.out.d_logits = loose_matrix(a.d_logits[0], 2, 4, 0); }},
      {code::bad_parameter, -1, "token_log_prob_backward: temperature: it is finite and positive: found nan",
       [](call& c, arena&) { c.options.temperature = cohort::not_a_number; }},
  };
  refuses_each(table);
}

TEST_CASE("bad input: workspace", "[core][bad_input]") {
  entry<loss_call> const loss[] = {
      {code::bad_workspace, -1,
       "policy_loss: workspace: the context's workspace is too short (context.reserve): found 0, expected 64",
       [](loss_call& c, arena&) { c.options.normalizer = cohort::by_tokens(); }}};
  refuses_each(loss, 0);
  entry<advantage_call> const advantage[] = {
      {code::bad_workspace, -1,
       "group_advantage: workspace: the context's workspace is too short (context.reserve): found 64, expected 128",
       [](advantage_call& c, arena& a) { c.options.groups = cohort::group_ids(a.ids); }}};
  refuses_each(advantage, 64);
}
