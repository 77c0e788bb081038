// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What calls on a head have in common to check.
#pragma once

#include <cohort/gradient/detail/logits_check.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Hidden states of that many tokens, weights, bias, tokens, and how logits are made of them.
template <class Inputs, class Options>
status check_head(checker const& check, Inputs const& in, index_t tokens, Options const& options) {
  index_t const vocabulary = in.weights.extent[0], width = in.hidden.extent[1];
  auto const positive = [&](char const* name, double x) {
    return check.parameter(x > 0 && x < infinity, name, "it is finite and positive", x);
  };
  return first_broken(
      {check.matrix("hidden", in.hidden, tokens, width), check.matrix("weights", in.weights, vocabulary, width),
       check.rule(vocabulary > 0 || tokens == 0, error_code::bad_extent, "weights", "the vocabulary is empty"),
       check.vector("bias", in.bias, vocabulary), check.indices("token", in.token, tokens),
       check_temperature(check, options.temperature), positive("logit_scale", options.logit_scale),
       check.parameter(options.soft_cap > 0, "soft_cap", "it is positive; infinity for none", options.soft_cap),
       check.parameter(options.chunk_rows > 0, "chunk_rows", "a chunk has at least one row",
                       as_double(options.chunk_rows))});
}

} // namespace detail

COHORT_NAMESPACE_END
