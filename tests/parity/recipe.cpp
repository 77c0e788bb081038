// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <parity/recipe.hpp>

#include <sstream>

namespace parity {

namespace {

bool is_prefix_mask(token_frame const& frame) {
  for (std::size_t i = 1; i < frame.mask.size(); ++i)
    if (i % static_cast<std::size_t>(frame.columns) != 0 && frame.mask[i] > frame.mask[i - 1]) return false;
  return true;
}

} // namespace

std::vector<comparison> compare_loss(engine& e, peer_case const& c, loss_call const& call,
                                     std::vector<metric> const& metrics, double loss_tolerance,
                                     double metric_tolerance) {
  std::vector<comparison> all;
  for (auto const& frame : layouts(call.frame)) {
    loss_call one = call;
    one.frame = frame;
    auto const found = e.policy_loss(one);
    std::string const layout = frame.packed ? "packed" : "padded";
    all.push_back({"loss", {found.report.loss}, {c.outputs.number("loss")}, loss_tolerance, layout});
    all.push_back({"d_log_prob", found.d_log_prob, c.outputs.data("d_log_prob"), loss_tolerance, layout});
    for (auto const& m : metrics)
      if (c.outputs.has(m.output))
        all.push_back({m.output, {m.of(found.report)}, {c.outputs.number(m.output)}, metric_tolerance, layout});
  }
  return all;
}

values kept(values x, std::vector<std::uint8_t> const& mask) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!mask[i]) x[i] = 0;
  return x;
}

values row_sums(values const& tokens, token_frame const& frame) {
  values sums(static_cast<std::size_t>(frame.rows), 0.0);
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (frame.mask[i]) sums[i / static_cast<std::size_t>(frame.columns)] += tokens[i];
  return sums;
}

values over_tokens(values const& per_row, token_frame const& frame) {
  values x(frame.mask.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = per_row[i / static_cast<std::size_t>(frame.columns)];
  return kept(x, frame.mask);
}

values on_last_tokens(values const& per_row, token_frame const& frame) {
  values x(frame.mask.size(), 0.0);
  auto const columns = static_cast<std::size_t>(frame.columns);
  for (std::size_t r = 0; r < per_row.size(); ++r)
    for (std::size_t c = columns; c-- > 0;)
      if (frame.mask[r * columns + c]) {
        x[r * columns + c] = per_row[r];
        break;
      }
  return x;
}

token_frame frame_of(recording const& r, std::string const& mask) {
  auto const& shape = r.inputs.arrays.at(mask).shape;
  return {shape[0], shape[1], r.mask(mask)};
}

std::vector<token_frame> layouts(token_frame const& frame) {
  std::vector<token_frame> all{frame};
  if (is_prefix_mask(frame)) all.push_back({frame.rows, frame.columns, frame.mask, true});
  return all;
}

std::string text_of(cohort::normalizer const& by) {
  char const* const name[] = {"by_tokens", "by_sequences", "by_sequence_means", "by_constant"};
  bool const own = by.count.kind == cohort::detail::count_kind::own;
  std::ostringstream text;
  text << name[static_cast<int>(by.kind)] << '(';
  if (!own) text << by.count.number;
  text << ')';
  if (by.count.factor != 1) text << ".times(" << by.count.factor << ')';
  return text.str();
}

} // namespace parity
