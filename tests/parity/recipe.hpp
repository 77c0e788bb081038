// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// How a recorded case is reproduced: which call of ours, and which of its numbers stand against which recorded ones.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <parity/engine.hpp>
#include <parity/recording.hpp>

namespace parity {

/// Absolute below 1, relative above.
namespace tolerance {
inline constexpr double exact = 1e-10;
inline constexpr double whitened = 2e-8; ///< verl's means divide by count + 1e-8
inline constexpr double single = 2e-6;   ///< verl's metrics and what it computes in float; all of Liger
inline constexpr double in_float = 1e-5; ///< ours in float
} // namespace tolerance

struct comparison {
  std::string output; ///< the recorded name
  values found, expected;
  double tolerance = parity::tolerance::exact;
  std::string layout{};
};

struct recipe {
  std::string ours; ///< the call in words
  std::function<std::vector<comparison>(engine&)> run;
  std::map<std::string, std::string> not_compared{}; ///< recorded outputs, or parts of them, and why
  bool in_float = true;                              ///< whether the inputs can be said in float
};

/// None: not reproduced (yet).
std::optional<recipe> trl_recipe(peer_case const& c);
std::optional<recipe> trl_advantage_recipe(peer_case const& c);
std::optional<recipe> verl_recipe(peer_case const& c);
std::optional<recipe> verl_advantage_recipe(peer_case const& c);
std::optional<recipe> liger_recipe(peer_case const& c);
/// Our call with the options of one of Liger's cases.
head_call liger_call(dictionary const& options);

/// A recorded output as one of our metrics.
struct metric {
  std::string output;
  std::function<double(cohort::loss_report const&)> of;
};

/// Loss, gradient and the metrics that the case has, as a rectangle and, where the mask is a prefix mask, packed.
std::vector<comparison> compare_loss(engine& e, peer_case const& c, loss_call const& call,
                                     std::vector<metric> const& metrics, double loss_tolerance,
                                     double metric_tolerance);

/// The same from logits, as TRL has them.
std::vector<comparison> compare_trl_logits(engine& e, peer_case const& c, loss_call const& call,
                                           std::vector<metric> const& metrics);

/// Where tokens stand that the mask drops: 0 in what is expected, since that is what ours gives.
values kept(values x, std::vector<std::uint8_t> const& mask);
/// One row's sum of the tokens that a mask keeps.
values row_sums(values const& tokens, token_frame const& frame);
/// A value per row as a value per token, 0 where the mask is.
values over_tokens(values const& per_row, token_frame const& frame);
/// A value per row on its last kept token, 0 elsewhere.
values on_last_tokens(values const& per_row, token_frame const& frame);
token_frame frame_of(recording const& r, std::string const& mask);
/// The layouts in which a frame's calls run: as it is, and packed where the mask is a prefix mask.
std::vector<token_frame> layouts(token_frame const& frame);
std::string text_of(cohort::normalizer const& by);

} // namespace parity
