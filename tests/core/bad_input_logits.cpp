// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The table of docs/bad_input.md, logits_policy_gradient.
#include <cases/bad_input.hpp>
#include <support/catch.hpp>

namespace {

using namespace cases;
using code = cohort::error_code;

constexpr index_t far = index_t{1} << 62;

} // namespace

TEST_CASE("bad input: logits_policy_gradient, shapes", "[core][bad_input]") {
  using call = logits_call;
  entry<call> const table[] = {
      {code::shape_mismatch, 0,
       "logits_policy_gradient: logits [0]: extent differs from the other arguments: found 2, expected 6",
       [](call& c, arena&) {
         c.in.layout = cohort::padded{2, 3};
       }},
      {code::bad_extent, 0, "logits_policy_gradient: layout [0]: an extent is negative: found -2, expected 0",
       [](call& c, arena&) {
         c.in.layout = cohort::padded{-2, 3};
       }},
      {code::bad_offsets, 2,
       "logits_policy_gradient: layout [2]: the last offset is the number of elements: found 6, expected 2",
       [](call& c, arena& a) { c.in.layout = cohort::packed(a.offsets); }},
      {code::shape_mismatch, 0,
       "logits_policy_gradient: token [0]: extent differs from the other arguments: found 1, expected 2",
       [](call& c, arena& a) { c.in.token = loose_vector(a.token, 1); }},
      {code::shape_mismatch, 0,
       "logits_policy_gradient: old_log_prob [0]: extent differs from the other arguments: found 3, expected 2",
       [](call& c, arena& a) { c.in.old_log_prob = loose_vector(a.old, 3); }},
      {code::shape_mismatch, 0,
       "logits_policy_gradient: mask [0]: extent differs from the other arguments: found 3, expected 2",
       [](call& c, arena& a) { c.in.mask = loose_vector(a.mask, 3); }},
      {code::shape_mismatch, 0,
       "logits_policy_gradient: advantage [0]: extent differs from the other arguments: found 3, expected 2",
       [](call& c, arena& a) { c.in.advantage = cohort::per_sequence(loose_vector(a.reward, 3)); }},
      {code::null_data, -1, "logits_policy_gradient: correction: data is null but there are elements",
       [](call& c, arena&) { c.in.correction = loose_vector<float>(nullptr, 2); }},
      {code::shape_mismatch, 0,
       "logits_policy_gradient: log_prob [0]: extent differs from the other arguments: found 1, expected 2",
       [](call& c, arena& a) { c.out.log_prob = loose_vector(a.log_prob, 1); }},
      {code::shape_mismatch, 0,
       "logits_policy_gradient: log_sum_exp [0]: extent differs from the other arguments: found 1, expected 2",
       [](call& c, arena& a) { c.out.log_sum_exp = loose_vector(a.other_row, 1); }},
      {code::null_data, -1, "logits_policy_gradient: entropy: data is null but there are elements",
       [](call& c, arena&) { c.out.entropy = loose_vector<float>(nullptr, 2); }},
      {code::shape_mismatch, 0,
       "logits_policy_gradient: live_rows [0]: extent differs from the other arguments: found 1, expected 2",
       [](call& c, arena& a) { c.out.live_rows = loose_vector(a.live, 1); }},
      {code::shape_mismatch, 1,
       "logits_policy_gradient: d_logits [1]: extent differs from the other arguments: found 3, expected 4",
       [](call& c, arena& a) { c.out.d_logits = loose_matrix(a.d_logits[0], 2, 3, 4); }},
      {code::unsupported_layout, 1, "logits_policy_gradient: logits [1]: its rows are contiguous: found 0, expected 1",
       [](call& c, arena& a) { c.in.logits = loose_matrix(a.logits[0], 2, 4, 4, 0); }},
      {code::bad_stride, 0, "logits_policy_gradient: logits [0]: the stride reaches outside of 64 bits",
       [](call& c, arena& a) { c.in.logits = loose_matrix(a.logits[0], 2, 4, far); }},
      {code::misaligned, -1,
       "logits_policy_gradient: d_logits: its address is a multiple of its elements' alignment: found 1, expected 0",
       [](call& c, arena& a) { c.out.d_logits = loose_matrix(askew(a.d_logits[0]), 2, 4, 4); }},
      {code::shape_mismatch, 1,
       "logits_policy_gradient: ref_logits [1]: extent differs from the other arguments: found 3, expected 4",
       [](call& c, arena& a) { c.in.ref_logits = loose_matrix(a.ref_logits[0], 2, 3, 4); }},
      {code::shape_mismatch, 1,
       "logits_policy_gradient: vocabulary_mask [1]: extent differs from the other arguments: found 2, expected 1",
       [](call& c, arena& a) { c.in.vocabulary_mask = loose_matrix(a.allowed, 2, 2, 2); }},
  };
  refuses_each(table);
}

TEST_CASE("bad input: logits_policy_gradient, parameters", "[core][bad_input]") {
  using call = logits_call;
  entry<call> const table[] = {
      {code::bad_parameter, -1,
       "logits_policy_gradient: vocabulary: the classes are among the columns of logits: found 9",
       [](call& c, arena&) { c.options.vocabulary = 9; }},
      {code::bad_parameter, -1, "logits_policy_gradient: vocabulary: there is a class: found -1",
       [](call& c, arena&) { c.options.vocabulary = -1; }},
      {code::bad_parameter, -1, "logits_policy_gradient: temperature: it is finite and positive: found 0",
       [](call& c, arena&) { c.options.temperature = 0; }},
      {code::bad_parameter, -1, "logits_policy_gradient: entropy: its coefficient is finite: found nan",
       [](call& c, arena&) { c.options.entropy.coefficient = cohort::not_a_number; }},
      {code::bad_parameter, -1,
       "logits_policy_gradient: distribution_kl: a KL weight is finite and not negative: found -1",
       [](call& c, arena&) { c.options.distribution_kl = -1; }},
      {code::missing_argument, -1, "logits_policy_gradient: ref_logits: the distribution's KL needs them",
       [](call& c, arena&) { c.in.ref_logits = {}; }},
      {code::bad_parameter, -1, "logits_policy_gradient: low: the lower clip range is in [0, 1]: found 1.5",
       [](call& c, arena&) { c.f.surrogate.low = 1.5; }},
      {code::bad_parameter, -1,
       "logits_policy_gradient: log_ratio.low: the lower bound of a log ratio is not positive: found 0.5",
       [](call& c, arena&) { c.options.log_ratio.low = 0.5; }},
      {code::bad_normalizer, -1,
       "logits_policy_gradient: normalizer: a count is finite and not negative: found -1, expected 0",
       [](call& c, arena&) { c.options.normalizer = cohort::by_tokens(-1); }},
      {code::bad_normalizer, -1,
       "logits_policy_gradient: normalizer: a count is finite and not negative: found -3, expected 0",
       [](call& c, arena&) { c.options.entropy.normalizer = cohort::by_sequences(-3); }},
  };
  refuses_each(table);
}

TEST_CASE("bad input: logits_policy_gradient, memory", "[core][bad_input]") {
  using call = logits_call;
  constexpr auto d_logits = "logits_policy_gradient: d_logits: shares memory with another argument",
                 log_prob = "logits_policy_gradient: log_prob: shares memory with another argument",
                 entropy = "logits_policy_gradient: entropy: shares memory with another argument",
                 live_rows = "logits_policy_gradient: live_rows: shares memory with another argument";
  entry<call> const table[] = {
      {code::overlap, -1, "logits_policy_gradient: d_logits: overlaps an input without being it",
       [](call& c, arena& a) { c.out.d_logits = loose_matrix(a.logits[0] + 4, 2, 4, 4); }},
      {code::overlap, -1, "logits_policy_gradient: d_logits: two of its elements are the same memory",
       [](call& c, arena& a) { c.out.d_logits = loose_matrix(a.d_logits[0], 2, 4, 3); }},
      {code::overlap, -1, d_logits, [](call& c, arena& a) { c.out.d_logits = a.ref_logits; }},
      {code::overlap, -1, d_logits, [](call& c, arena& a) { c.in.old_log_prob = loose_vector(a.d_logits[1] + 1, 2); }},
      {code::overlap, -1, d_logits, [](call& c, arena& a) { c.in.correction = loose_vector(a.d_logits[0], 2); }},
      {code::overlap, -1, d_logits,
       [](call& c, arena& a) { c.in.mask = loose_vector(reinterpret_cast<std::uint8_t*>(a.d_logits[0]) + 3, 2); }},
      {code::overlap, -1, d_logits,
       [](call& c, arena& a) { c.in.token = loose_vector(reinterpret_cast<std::int64_t*>(a.d_logits[1]), 2); }},
      {code::overlap, -1, log_prob, [](call& c, arena& a) { c.out.log_prob = loose_vector(a.old + 1, 2); }},
      {code::overlap, -1, log_prob, [](call& c, arena& a) { c.out.log_prob = loose_vector(a.logits[1], 2); }},
      {code::overlap, -1, log_prob, [](call& c, arena& a) { c.out.log_prob = loose_vector(a.ref_logits[1], 2); }},
      {code::overlap, -1, log_prob,
       [](call& c, arena& a) { c.out.log_prob = loose_vector(reinterpret_cast<float*>(a.allowed), 2); }},
      {code::overlap, -1, "logits_policy_gradient: log_prob: two of its elements are the same memory",
       [](call& c, arena& a) { c.out.log_prob = loose_vector(a.log_prob, 2, 0); }},
      {code::overlap, -1, entropy, [](call& c, arena& a) { c.out.entropy = loose_vector(a.log_prob, 2); }},
      {code::overlap, -1, "logits_policy_gradient: log_sum_exp: shares memory with another argument",
       [](call& c, arena& a) { c.out.log_sum_exp = loose_vector(a.d_logits[1] + 2, 2); }},
      {code::overlap, -1, "logits_policy_gradient: d_log_prob: shares memory with another argument",
       [](call& c, arena& a) { c.out.d_log_prob = loose_vector(a.reward + 1, 2); }},
      {code::overlap, -1, live_rows,
       [](call& c, arena& a) { c.out.live_rows = loose_vector(reinterpret_cast<std::int64_t*>(a.logits[0]), 2); }},
      {code::overlap, -1, "logits_policy_gradient: live_rows: two of its elements are the same memory",
       [](call& c, arena& a) { c.out.live_rows = loose_vector(a.live, 2, 0); }},
  };
  refuses_each(table);
  support::on_every_context(
      [&](auto& context) {
        arena a;
        call c{a};
        auto const s = c.check(context);
        CHECK(static_cast<int>(s.code) == static_cast<int>(code::bad_workspace));
        CHECK(s.expected == static_cast<double>(cohort::logits_policy_gradient_workspace_bytes<float>(2, c.options)));
        CHECK(s.found == 64);
        arena before;
        std::memcpy(&before, &a, sizeof a);
        CHECK_THROWS_AS(c.run(context), cohort::contract_error);
        CHECK(std::memcmp(&before, &a, sizeof a) == 0);
      },
      64);
}

TEST_CASE("bad input: logits_policy_gradient, a penalty without reference log-probs, offsets under an output",
          "[core][bad_input]") {
  support::on_every_context([&](auto& context) {
    arena a;
    logits_call c{a};
    auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k3{0});
    auto const s = cohort::check_logits_policy_gradient<float>(context, c.in, c.out, f, c.options);
    CHECK(static_cast<int>(s.code) == static_cast<int>(code::missing_argument));
    CHECK(std::string(s.argument) == "ref_log_prob");
    std::int64_t offsets[] = {0, 1, 2};
    c.in.layout = cohort::packed(offsets);
    CHECK(c.check(context).ok());
    c.out.live_rows = loose_vector(offsets + 1, 2);
    auto const t = c.check(context);
    CHECK(static_cast<int>(t.code) == static_cast<int>(code::overlap));
    CHECK(std::string(t.argument) == "live_rows");
  });
}
