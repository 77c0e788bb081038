// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Rows of logits that are staged, as where many blocks hold one: the same bits, whatever happens to the memory that the
/// row came from, and no cell of a staged row but in a collective.
#include <cohort/backend/eigen.hpp>
#include <cohort/backend/emulated_block.hpp>
#include <support/staging_context.hpp>

#include <gradient/head_policy_cases.hpp>

#include "logits_batch.hpp"
#include "seeds.hpp"

using namespace oracle;

namespace {

using staged_block = support::staging_context<cohort::emulated_block_context>;
using staged_eigen = support::staging_context<cohort::eigen_context>;
static_assert(cohort::execution_context<staged_block> && cohort::multiplying_context<staged_eigen, float>);
static_assert(cohort::listing_team<support::staging_team<cohort::detail::thread_team<float>, cohort::bfloat16>>);

/// f(context, the same context with staged rows)
template <class F>
void on_both(F const& f) {
  constexpr index_t bytes = support::default_workspace;
  {
    INFO("on emulated_block_context");
    cohort::emulated_block_context plain{{.workspace_bytes = bytes}};
    staged_block staged{{.workspace_bytes = bytes}};
    f(plain, staged);
  }
  INFO("on eigen_context");
  cohort::eigen_context plain{{.threads = 2, .workspace_bytes = bytes}};
  staged_eigen staged{{.threads = 2, .workspace_bytes = bytes}};
  f(plain, staged);
}

/// The valid tokens of a batch become bad in turn, every third of them stays good.
template <class L>
policy_batch<L> with_bad_rows(policy_batch<L> b) {
  int kind = 0;
  for (index_t t = 0; t < b.rows.rows; ++t) {
    if (!b.valid(static_cast<std::size_t>(t))) continue;
    index_t const last = b.shape.vocabulary - 1;
    switch (kind++ % 9) {
    case 0:
      b.rows.token_of(t) = b.shape.vocabulary;
      break;
    case 1:
      b.rows.token_of(t) = -1;
      break;
    case 3:
      b.rows.at(t, last) = stored<L>(cohort::not_a_number);
      break;
    case 4:
      b.rows.at(t, last / 2) = stored<L>(cohort::infinity);
      break;
    case 6:
      b.old_log_prob[static_cast<std::size_t>(t)] = static_cast<cohort::compute_t<L>>(cohort::infinity);
      break;
    case 7:
      for (index_t v = 0; v <= last; ++v) b.rows.at(t, v) = b.reference.at(t, v) = stored<L>(-cohort::infinity);
      break;
    default:
      break;
    }
  }
  return b;
}

/// A plain call, a bonus, everything; of tokens and of sequences, in place and not.
std::vector<policy_call> calls() {
  std::vector<policy_call> all;
  for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence})
    for (bool const in_place : {false, true}) {
      policy_call plain{.options = {.normalizer = cohort::by_tokens(), .ratio = level, .temperature = 0.8},
                        .in_place = in_place,
                        .entropy = false};
      policy_call bonus = plain, whole = plain;
      bonus.options.entropy.coefficient = whole.options.entropy.coefficient = 0.1;
      whole.options.distribution_kl = 0.2, whole.reference = whole.entropy = true;
      all.insert(all.end(), {plain, bonus, whole});
    }
  return all;
}

template <class L>
void check_policy(policy_batch<L> const& b, policy_call const& call) {
  auto const clipped = cohort::objective(cohort::ppo_clip{.low = 0.1, .high = 0.1});
  auto const with_kl = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.05});
  on_both([&](auto& plain, auto& staged) {
    CHECK(same(run_policy(staged, b, clipped, call), run_policy(plain, b, clipped, call)));
    CHECK(same(run_policy(staged, b, with_kl, call), run_policy(plain, b, with_kl, call)));
  });
}

/// Every other word of the classes, and the first class.
std::vector<std::uint32_t> some_classes(index_t vocabulary) {
  std::vector<std::uint32_t> words(static_cast<std::size_t>((vocabulary + 31) / 32), 0x5a5a'5a5aU);
  words[0] |= 1;
  return words;
}

/// Logits, tokens and seeds of which some are bad, and some rows masked.
template <class L>
struct rows_of_all_kinds {
  batch<L> b;
  all_seeds<L> seeds;
  std::vector<std::uint8_t> mask;
  std::vector<std::uint32_t> words;

  explicit rows_of_all_kinds(index_t vocabulary)
      : b(random_batch<L>(12, vocabulary, 301, 0, 3, vocabulary + 3)), seeds(random_seeds<L>(12, 302)), mask(12, 1),
        words(some_classes(vocabulary)) {
    mask[1] = 0;
    for (index_t v = 0; v < vocabulary; ++v) b.at(1, v) = stored<L>(cohort::not_a_number);
    b.token_of(2) = vocabulary, b.token_of(3) = -1;
    b.at(4, vocabulary - 1) = stored<L>(cohort::not_a_number);
    b.at(5, 0) = stored<L>(cohort::infinity);
    for (index_t v = 0; v < vocabulary; ++v) b.at(6, v) = stored<L>(-cohort::infinity);
    seeds.log_prob[7] = static_cast<cohort::compute_t<L>>(cohort::infinity);
    seeds.log_prob[8] = seeds.entropy[8] = seeds.log_sum_exp[8] = 0;
    seeds.entropy[9] = seeds.log_sum_exp[9] = 0;
  }
};

/// Which seeds, and how they are used.
struct backward_call {
  bool in_place, alone, accumulate, normalised, masked;
};
template <class F>
void for_each_backward(F const& f) {
  for (int bits = 0; bits < 32; ++bits) {
    backward_call const x{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0};
    if (!x.in_place || !x.accumulate) f(x);
  }
}

template <class L, class Context>
backward<L> run_backward(Context& context, rows_of_all_kinds<L> const& x, numbers<L> const& log_sum_exp,
                         backward_call const& call) {
  backward<L> out{std::vector<L>(x.b.logits.size(), stored<L>(0.5))};
  if (call.in_place) out.d_logits = x.b.logits;
  auto const gradient = x.b.view_of(out.d_logits);
  cohort::token_log_prob_backward_inputs<L, host_space> in{
      .logits = x.b.view(), .token = x.b.token, .d_log_prob = x.seeds.log_prob, .mask = x.mask};
  if (call.in_place) in.logits = gradient;
  if (!call.alone) in.d_entropy = x.seeds.entropy, in.d_log_sum_exp = x.seeds.log_sum_exp;
  if (call.normalised) in.log_sum_exp = log_sum_exp;
  if (call.masked) in.vocabulary_mask = x.words;
  cohort::token_log_prob_backward<L>(context, in, {.d_logits = gradient, .report = &out.report},
                                     {.temperature = 0.7, .accumulate = call.accumulate});
  return out;
}

constexpr index_t vocabularies[] = {1, 40, 300, 2100}; ///< more than a chunk of Eigen's

} // namespace

TEMPLATE_TEST_CASE("staged rows of logits_policy_gradient have the same bits", "[gradient][staged]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  for (index_t const vocabulary : vocabularies)
    for (index_t const padding : {0, 5}) {
      index_t const sequences = vocabulary > 1000 ? 3 : 5, longest = vocabulary > 1000 ? 2 : 5;
      auto const b = random_policy<L>(
          303, {.sequences = sequences, .longest = longest, .vocabulary = vocabulary, .padding = padding});
      for (auto const& call : calls()) {
        CAPTURE(vocabulary, padding, call.in_place);
        check_policy(b, call);
        check_policy(with_bad_rows(b), call);
      }
    }
}

TEMPLATE_TEST_CASE("staged rows under a vocabulary mask have the same bits", "[gradient][staged]", float,
                   cohort::bfloat16) {
  using L = TestType;
  for (index_t const vocabulary : {40, 300}) {
    auto const words = some_classes(vocabulary);
    auto const b = with_bad_rows(random_policy<L>(304, {.vocabulary = vocabulary, .padding = 7, .no_advantage = 0}));
    for (auto call : calls()) {
      call.vocabulary = cohort::vocabulary_mask_view<host_space>(words);
      check_policy(b, call);
    }
  }
}

TEMPLATE_TEST_CASE("a staged row without a gradient is left as it was", "[gradient][staged]", float, cohort::bfloat16) {
  using L = TestType;
  auto const f = cohort::objective(cohort::ppo_clip{.low = 0.05, .high = 0.05});
  auto const b = with_bad_rows(random_policy<L>(305, {.sequences = 9, .longest = 6, .vocabulary = 300}));
  for (auto call : calls()) {
    call.options.zero_rows = cohort::zero_rows::leave;
    on_both([&](auto& plain, auto& staged) {
      auto const x = run_policy(staged, b, f, call), y = run_policy(plain, b, f, call);
      CHECK((x.live_rows == y.live_rows && support::same_bits(x.sums, y.sums)));
      bool right = true, some = false;
      for (std::size_t t = 0; t < b.tokens(); ++t) {
        auto const width = static_cast<std::size_t>(b.rows.pitch);
        bool const live = std::count(y.live_rows.begin(), y.live_rows.end(), static_cast<std::int64_t>(t)) > 0;
        L const untouched = stored<L>(55);
        for (std::size_t v = t * width; v < (t + 1) * width; ++v)
          right = right && support::same_bits(x.d_logits[v], live            ? y.d_logits[v]
                                                             : call.in_place ? b.rows.logits[v]
                                                                             : untouched);
        some = some || live;
      }
      CHECK((right && some));
    });
  }
}

TEMPLATE_TEST_CASE("staged rows of token_log_prob have the same bits", "[gradient][staged]", float, double,
                   cohort::half, cohort::bfloat16) {
  using L = TestType;
  for (index_t const vocabulary : vocabularies) {
    rows_of_all_kinds<L> const x(vocabulary);
    score_options<L> const dense{0.7, x.mask, {}}, masked{0.7, x.mask, x.words};
    on_both([&](auto& plain, auto& staged) {
      for (auto const& options : {dense, masked})
        CHECK(same(run_scores(staged, x.b, options), run_scores(plain, x.b, options)));
      auto const log_sum_exp = run_scores(plain, x.b, dense).log_sum_exp;
      for_each_backward([&](backward_call const& call) {
        CAPTURE(vocabulary, call.in_place, call.alone, call.accumulate, call.normalised, call.masked);
        auto const found = run_backward(staged, x, log_sum_exp, call),
                   expected = run_backward(plain, x, log_sum_exp, call);
        CHECK(support::same_bits(found.d_logits, expected.d_logits));
        CHECK(support::same_bits(found.report, expected.report));
      });
    });
  }
}

TEMPLATE_TEST_CASE("staged rows of a head have the same bits", "[gradient][staged]", float, double) {
  auto const clipped = cohort::objective(cohort::ppo_clip{.low = 0.1, .high = 0.1});
  head::problem<TestType> const p(306, {.rows = 6, .longest = 7, .hole = 0.3, .empty = 0.2}, 7, 300);
  head::for_each_shaping([&](head::shaping const& shaping) {
    on_both([&](auto& plain, auto& staged) {
      for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence})
        for (index_t const chunk : {4, 1024}) {
          auto options = head::shaped(cohort::by_tokens(), shaping, chunk);
          options.ratio = level;
          CHECK(head::same(head::run(staged, p, clipped, options), head::run(plain, p, clipped, options)));
        }
      auto const x = head::score(staged, p.m, head::scoring(shaping, 4)),
                 y = head::score(plain, p.m, head::scoring(shaping, 4));
      CHECK((support::same_bits(x.log_prob, y.log_prob) && support::same_bits(x.log_sum_exp, y.log_sum_exp) &&
             support::same_bits(x.entropy, y.entropy) && support::same_bits(x.report, y.report)));
    });
  });
}
