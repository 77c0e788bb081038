// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The table of docs/bad_input.md, the further outputs of token_log_prob, seeds and vocabulary masks.
#include <cases/bad_input.hpp>
#include <support/catch.hpp>

namespace {

using namespace cases;
using code = cohort::error_code;

} // namespace

TEST_CASE("bad input: everything that token_log_prob says", "[core][bad_input]") {
  using call = forward_call;
  entry<call> const table[] = {
      {code::shape_mismatch, 0,
       "token_log_prob: entropy [0]: extent differs from the other arguments: found 3, expected 2",
       [](call& c, arena& a) { c.out.entropy = loose_vector(a.seed, 3); }},
      {code::null_data, -1, "token_log_prob: sum_of_squares: data is null but there are elements",
       [](call& c, arena&) { c.out.sum_of_squares = loose_vector<float>(nullptr, 2); }},
      {code::overlap, -1, "token_log_prob: probability: shares memory with another argument",
       [](call& c, arena& a) {
         c.out.entropy = loose_vector(a.seed, 2), c.out.probability = loose_vector(a.seed + 1, 2);
       }},
      {code::overlap, -1, "token_log_prob: entropy: shares memory with another argument",
       [](call& c, arena& a) { c.out.entropy = loose_vector(a.logits[1], 2); }},
      {code::overlap, -1, "token_log_prob: rank: two of its elements are the same memory",
       [](call& c, arena& a) { c.out.rank = loose_vector(a.live, 2, 0); }},
      {code::misaligned, -1,
       "token_log_prob: rank: its address is a multiple of its elements' alignment: found 4, expected 0",
       [](call& c, arena& a) {
         c.out.rank = loose_vector(reinterpret_cast<std::int64_t*>(reinterpret_cast<float*>(a.live) + 1), 2);
       }},
      {code::shape_mismatch, 0,
       "token_log_prob: vocabulary_mask [0]: extent differs from the other arguments: found 2, expected 1",
       [](call& c, arena& a) { c.in.vocabulary_mask = loose_vector(a.allowed, 2); }},
      {code::shape_mismatch, 0,
       "token_log_prob: vocabulary_mask [0]: extent differs from the other arguments: found 3, expected 2",
       [](call& c, arena& a) { c.in.vocabulary_mask = loose_matrix(a.allowed, 3, 1, 1); }},
      {code::null_data, -1, "token_log_prob: vocabulary_mask: data is null but there are elements",
       [](call& c, arena&) { c.in.vocabulary_mask = loose_vector<std::uint32_t>(nullptr, 1); }},
      {code::overlap, -1, "token_log_prob: log_prob: shares memory with another argument",
       [](call& c, arena& a) {
         c.in.vocabulary_mask = loose_vector(a.allowed, 1);
         c.out.log_prob = loose_vector(reinterpret_cast<float*>(a.allowed), 2);
       }},
  };
  refuses_each(table);
}

TEST_CASE("bad input: the seeds of token_log_prob_backward", "[core][bad_input]") {
  using call = backward_call;
  entry<call> const table[] = {
      {code::shape_mismatch, 0,
       "token_log_prob_backward: d_entropy [0]: extent differs from the other arguments: found 1, expected 2",
       [](call& c, arena& a) { c.in.d_entropy = loose_vector(a.seed, 1); }},
      {code::null_data, -1, "token_log_prob_backward: d_log_sum_exp: data is null but there are elements",
       [](call& c, arena&) { c.in.d_log_sum_exp = loose_vector<float>(nullptr, 2); }},
      {code::overlap, -1, "token_log_prob_backward: d_logits: shares memory with another argument",
       [](call& c, arena& a) { c.in.d_entropy = loose_vector(a.d_logits[0] + 1, 2); }},
      {code::overlap, -1, "token_log_prob_backward: d_logits: shares memory with another argument",
       [](call& c, arena& a) { c.in.d_log_sum_exp = loose_vector(a.d_logits[1], 2); }},
      {code::overlap, -1, "token_log_prob_backward: d_logits: what is added to is not the logits",
       [](call& c, arena& a) { c.options.accumulate = true, c.in.logits = a.d_logits; }},
  };
  refuses_each(table);
}
