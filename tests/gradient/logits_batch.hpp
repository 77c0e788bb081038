// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Batches for logits_policy_gradient, running it, and running the three calls that it stands for.
#pragma once

#include <engines/calls.hpp>
#include <support/contexts.hpp>

#include "oracle.hpp"

namespace oracle {

using bytes = std::vector<std::uint8_t>;

struct policy_shape {
  index_t sequences = 4, longest = 5;
  index_t vocabulary = 40;
  bool packed = false;
  index_t padding = 0;        ///< columns of logits beyond the vocabulary: NaN
  double hole = 0.2;          ///< share of masked tokens; two sequences are empty
  double no_advantage = 0.25; ///< share of sequences without an advantage
};

/// Tokens of a layout and their logits: row t of the logits is token t. Everything under the mask is NaN.
template <class L>
struct policy_batch {
  using C = cohort::compute_t<L>;

  policy_shape shape;
  std::vector<std::int64_t> offsets; ///< of a rectangle too
  batch<L> rows, reference;          ///< as wide as their padding
  numbers<L> old_log_prob, ref_log_prob, advantage, sequence_advantage, correction;
  bytes mask;

  [[nodiscard]] std::size_t tokens() const { return mask.size(); }
  [[nodiscard]] cohort::token_layout<host_space> layout() const {
    if (shape.packed) return cohort::packed(offsets);
    return cohort::padded{shape.sequences, shape.longest};
  }
  /// The logits without the columns that are padding.
  [[nodiscard]] cohort::view<L const, 2, host_space> classes() const {
    return {rows.logits.data(), {rows.rows, shape.vocabulary}, {rows.pitch, 1}};
  }
  [[nodiscard]] bool valid(std::size_t t) const { return mask[t] != 0; }
};

namespace detail {

inline std::vector<std::int64_t> random_offsets(policy_shape const& shape, support::random& random) {
  std::vector<std::int64_t> x{0};
  for (index_t r = 0; r < shape.sequences; ++r) {
    index_t const drawn = r == 1 ? 0 : random.integer(1, shape.longest);
    x.push_back(x.back() + (shape.packed ? drawn : shape.longest));
  }
  return x;
}

template <class L>
void fill_row(batch<L>& b, index_t t, index_t vocabulary, support::random& random) {
  double const scale = random.uniform(0.5, 4);
  for (index_t v = 0; v < vocabulary; ++v) b.at(t, v) = stored<L>(scale * random.normal());
  b.token_of(t) = random.integer(0, vocabulary - 1);
}

} // namespace detail

template <class L>
policy_batch<L> random_policy(std::uint64_t seed, policy_shape const& shape) {
  using C = cohort::compute_t<L>;
  support::random random(seed);
  auto const offsets = detail::random_offsets(shape, random);
  index_t const n = offsets.back(), columns = shape.vocabulary + shape.padding;
  C const poison = static_cast<C>(cohort::not_a_number);
  numbers<L> const unknown(static_cast<std::size_t>(n), poison);
  policy_batch<L> b{shape,
                    offsets,
                    batch<L>(n, columns),
                    batch<L>(n, columns),
                    unknown,
                    unknown,
                    unknown,
                    {},
                    unknown,
                    bytes(static_cast<std::size_t>(n))};
  for (index_t r = 0; r < shape.sequences; ++r) {
    bool const none = random.uniform() < shape.no_advantage;
    b.sequence_advantage.push_back(static_cast<C>(none ? 0 : random.normal()));
    for (auto t = offsets[static_cast<std::size_t>(r)]; t < offsets[static_cast<std::size_t>(r) + 1]; ++t) {
      auto const at = static_cast<std::size_t>(t);
      detail::fill_row(b.rows, t, shape.vocabulary, random), detail::fill_row(b.reference, t, shape.vocabulary, random);
      double const now = static_cast<double>(
          exact_row(b.rows, t, 1, shape.vocabulary).log_prob(b.rows.logit_at(t, b.rows.token_of(t))));
      double const off = 0.3 * random.normal(), far = 0.5 * random.normal(), own = random.normal(),
                   weight = random.uniform(0, 2);
      b.mask[at] = r != 1 && random.uniform() >= shape.hole;
      if (!b.valid(at)) { // whatever lies here is not read
        for (index_t v = 0; v < columns; ++v) b.rows.at(t, v) = b.reference.at(t, v) = stored<L>(cohort::not_a_number);
        b.rows.token_of(t) = std::int64_t{1} << 40;
        continue;
      }
      b.old_log_prob[at] = static_cast<C>(now + off), b.ref_log_prob[at] = static_cast<C>(now + far);
      b.advantage[at] = static_cast<C>(none ? 0 : own), b.correction[at] = static_cast<C>(weight);
    }
  }
  return b;
}

/// Everything that a call writes.
template <class L>
struct policy_outcome {
  std::vector<L> d_logits;
  numbers<L> log_prob, log_sum_exp, entropy, d_log_prob;
  std::vector<std::int64_t> live_rows;
  cohort::logits_sums sums;

  explicit policy_outcome(policy_batch<L> const& b)
      : d_logits(b.rows.logits.size(), stored<L>(55)), log_prob(b.tokens(), 77), log_sum_exp(log_prob),
        entropy(log_prob), d_log_prob(log_prob), live_rows(b.tokens(), 77) {}

  friend bool same(policy_outcome const& a, policy_outcome const& b) {
    using support::same_bits;
    return same_bits(a.d_logits, b.d_logits) && same_bits(a.log_prob, b.log_prob) &&
           same_bits(a.log_sum_exp, b.log_sum_exp) && same_bits(a.entropy, b.entropy) &&
           same_bits(a.d_log_prob, b.d_log_prob) && a.live_rows == b.live_rows && same_bits(a.sums, b.sums);
  }
};

/// What a call is given besides its batch.
struct policy_call {
  cohort::logits_policy_gradient_options options;
  bool in_place = false, per_sequence = false, correction = false, entropy = true, reference = false;
  cohort::vocabulary_mask_view<host_space> vocabulary{};
};

template <class X>
cohort::optional_token_view<X, host_space> given(auto& x, bool is) {
  if (!is) return {};
  return x;
}

template <class L>
cohort::logits_policy_gradient_inputs<L, host_space> inputs(policy_batch<L> const& b, policy_call const& call) {
  using C = cohort::compute_t<L>;
  cohort::advantage_view<C, host_space> const of_tokens = cohort::per_token(b.advantage),
                                              of_sequences = cohort::per_sequence(b.sequence_advantage);
  cohort::logits_policy_gradient_inputs<L, host_space> in{.layout = b.layout(),
                                                          .logits = b.rows.view(),
                                                          .token = b.rows.token,
                                                          .old_log_prob = b.old_log_prob,
                                                          .ref_log_prob = b.ref_log_prob,
                                                          .advantage = call.per_sequence ? of_sequences : of_tokens,
                                                          .mask = b.mask,
                                                          .correction = given<C const>(b.correction, call.correction),
                                                          .vocabulary_mask = call.vocabulary};
  if (call.reference) in.ref_logits = b.reference.view();
  return in;
}

template <class Context, class L, class Objective>
policy_outcome<L> run_policy(Context& context, policy_batch<L> const& b, Objective const& f, policy_call const& call) {
  using C = cohort::compute_t<L>;
  policy_outcome<L> out(b);
  if (call.in_place) out.d_logits = b.rows.logits;
  auto options = call.options;
  if (b.shape.padding > 0) options.vocabulary = b.shape.vocabulary;
  auto in = inputs(b, call);
  auto const gradient = b.rows.view_of(out.d_logits);
  if (call.in_place) in.logits = gradient;
  cohort::logits_policy_gradient<L>(context, in,
                                    {.d_logits = gradient,
                                     .log_prob = out.log_prob,
                                     .log_sum_exp = out.log_sum_exp,
                                     .entropy = given<C>(out.entropy, call.entropy),
                                     .d_log_prob = out.d_log_prob,
                                     .live_rows = out.live_rows,
                                     .report = &out.sums},
                                    f, options);
  return out;
}

/// token_log_prob, policy_loss on its log-probs, token_log_prob_backward with its seeds. Padding is left alone.
template <class Context, class L, class Objective>
policy_outcome<L> run_parts(Context& context, policy_batch<L> const& b, Objective const& f, policy_call const& call) {
  using C = cohort::compute_t<L>;
  policy_outcome<L> out(b);
  auto const& o = call.options;
  auto const in = inputs(b, call);
  cohort::view<L, 2, host_space> const gradient(out.d_logits.data(), {b.rows.rows, b.shape.vocabulary},
                                                {b.rows.pitch, 1});
  cohort::token_log_prob<L>(
      context, {.logits = b.classes(), .token = b.rows.token, .mask = b.mask, .vocabulary_mask = call.vocabulary},
      {.log_prob = out.log_prob, .log_sum_exp = out.log_sum_exp, .entropy = out.entropy},
      {.temperature = o.temperature});
  cohort::policy_loss<C>(context,
                         {.layout = in.layout,
                          .log_prob = out.log_prob,
                          .old_log_prob = b.old_log_prob,
                          .ref_log_prob = b.ref_log_prob,
                          .advantage = in.advantage,
                          .mask = b.mask,
                          .correction = in.correction},
                         {.d_log_prob = out.d_log_prob, .report = &out.sums.policy}, f,
                         {.normalizer = o.normalizer, .ratio = o.ratio, .log_ratio = o.log_ratio});
  cohort::token_log_prob_backward<L>(context,
                                     {.logits = b.classes(),
                                      .token = b.rows.token,
                                      .d_log_prob = out.d_log_prob,
                                      .mask = b.mask,
                                      .vocabulary_mask = call.vocabulary},
                                     {.d_logits = gradient}, {.temperature = o.temperature});
  return out;
}

} // namespace oracle
