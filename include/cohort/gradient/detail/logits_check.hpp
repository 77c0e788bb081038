// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The rules that calls over rows of logits or hidden states share.
#pragma once

#include <cohort/detail/shape.hpp>
#include <cohort/gradient/logits_options.hpp>
#include <cohort/objective/detail/policy_check.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

constexpr status check_temperature(checker const& check, double temperature) {
  return check.parameter(temperature > 0 && temperature < infinity, "temperature", "it is finite and positive",
                         temperature);
}

/// Outputs of which no two share memory.
struct named_footprint {
  char const* argument;
  footprint memory;
};
COHORT_APART inline status check_apart(checker const& check, std::initializer_list<named_footprint> outputs) {
  for (auto const* x = outputs.begin(); x != outputs.end(); ++x)
    for (auto const* y = outputs.begin(); y != x; ++y)
      if (status const s = check.apart(x->argument, x->memory, y->memory); !s) return s;
  return {};
}

/// Outputs that share memory with no input, with no other output and not with themselves.
COHORT_APART inline status check_apart(checker const& check, std::initializer_list<named_footprint> outputs,
                                       std::initializer_list<footprint> inputs) {
  for (auto const* out = outputs.begin(); out != outputs.end(); ++out) {
    if (status const s = check.writable(out->argument, out->memory); !s) return s;
    for (footprint const& in : inputs)
      if (status const s = check.apart(out->argument, out->memory, in); !s) return s;
  }
  return check_apart(check, outputs);
}

/// An output against every input that is still to be read when it is written.
template <class Inputs>
status check_rows_apart(checker const& check, char const* argument, footprint const& out, Inputs const& in) {
  auto const apart = [&](footprint const& other) { return check.apart(argument, out, other); };
  return first_broken({apart(footprint_of(in.token)), apart(footprint_of(in.old_log_prob)),
                       apart(footprint_of(in.ref_log_prob)), apart(footprint_of(in.advantage.sequences)),
                       apart(footprint_of(in.advantage.tokens)), apart(footprint_of(in.mask)),
                       apart(footprint_of(in.correction)), apart(footprint_of(in.layout.rows.offsets))});
}

template <class Space, class View>
status check_token_output(checker const& check, char const* argument, token_layout<Space> const& layout,
                          View const& out, index_t tokens) {
  if (!out.given) return {};
  return first_broken({check.tokens(argument, layout, out, tokens), check.writable(argument, out)});
}

/// A row for every token of a layout; packed ones are compared by their offsets.
template <class Space>
status check_rows_of_layout(checker const& check, char const* argument, token_layout<Space> const& layout,
                            index_t rows) {
  index_t tokens = 0;
  if (layout.is_packed() || !checked_multiply(layout.rows.rows, layout.rows.width, tokens)) return {};
  return check.extent(argument, rows, tokens);
}

/// Shapes, formulas and options of everything that is a value per token.
template <class Inputs, class Outputs, class Objective, class Options>
status check_policy_tokens(checker const& check, Inputs const& in, Outputs const& out, Objective const& f,
                           Options const& options, index_t tokens) {
  auto const& layout = in.layout;
  return first_broken({
      check_policy(check, in, f, options, tokens),
      check.indices("token", in.token, tokens),
      check_token_output(check, "log_prob", layout, out.log_prob, tokens),
      check_token_output(check, "entropy", layout, out.entropy, tokens),
      check_token_output(check, "d_log_prob", layout, out.d_log_prob, tokens),
      options.entropy.normalizer ? check_normalizer(check, *options.entropy.normalizer) : status{},
      check.parameter(lane_is_finite(options.entropy.coefficient), "entropy", "its coefficient is finite",
                      options.entropy.coefficient),
      check_temperature(check, options.temperature),
  });
}

/// A second tensor of logits, for a beta that is not 0.
template <class View>
status check_reference(checker const& check, View const& x, index_t tokens, index_t columns, double beta) {
  if (!(beta >= 0 && beta < infinity))
    return check.parameter(false, "distribution_kl", "a KL weight is finite and not negative", beta);
  if (beta == 0 && !x.given) return {};
  if (!x.given) return check.broken(error_code::missing_argument, "ref_logits", "the distribution's KL needs them");
  return check.matrix("ref_logits", x, tokens, columns);
}

/// The outputs over tokens stand apart from the rows, from the inputs and from one another.
template <class Inputs, class Outputs>
status check_token_outputs_apart(checker const& check, Inputs const& in, Outputs const& out, footprint const& d_rows) {
  auto const alone = [&](char const* argument, footprint const& x) {
    return first_broken(
        {check.apart(argument, x, footprint_of(in.logits)), check.apart(argument, x, footprint_of(in.ref_logits)),
         check.apart(argument, x, footprint_of(in.vocabulary_mask)), check_rows_apart(check, argument, x, in)});
  };
  named_footprint const outputs[] = {{"log_prob", footprint_of(out.log_prob)},
                                     {"entropy", footprint_of(out.entropy)},
                                     {"d_log_prob", footprint_of(out.d_log_prob)},
                                     {"log_sum_exp", footprint_of(out.log_sum_exp)},
                                     {"live_rows", footprint_of(out.live_rows)}};
  for (auto const& x : outputs)
    if (status const s = alone(x.argument, x.memory); !s) return s;
  return check_apart(check, {{"d_logits", d_rows}, outputs[0], outputs[1], outputs[2], outputs[3], outputs[4]});
}

} // namespace detail

COHORT_NAMESPACE_END
