// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// importance_ratio: what changes no bit, and calls that break a rule.
#include <cases/contexts.hpp>
#include <cases/contract.hpp>
#include <cases/losses.hpp>
#include <cohort/objective/importance_ratio.hpp>

namespace {

using cases::loose_matrix;
using cases::loose_vector;
using cohort::error_code;
using cohort::index_t;
using cohort::ratio_level;

template <class T>
struct ratios {
  std::vector<T> ratio; ///< packed
  std::vector<T> sequence;
  cohort::ratio_sums sums;
  bool padding_is_zero = true;
};

template <class T, class Context>
ratios<T> run_packed_ratios(Context& context, cases::token_batch<T> const& b, ratio_level level) {
  ratios<T> out{std::vector<T>(b.tokens()), std::vector<T>(b.rows()), {}};
  auto const offsets = b.offsets();
  cohort::importance_ratio_outputs<T, cohort::host_space> to{.ratio = out.ratio, .report = &out.sums};
  if (level != ratio_level::token) to.sequence_ratio = out.sequence;
  cohort::importance_ratio<T>(
      context,
      {.layout = cohort::packed(offsets), .log_prob = b.log_prob, .old_log_prob = b.old_log_prob, .mask = b.mask}, to,
      {.ratio = level});
  return out;
}

/// In a rectangle, written over log_prob, with NaN in every cell that is no valid token.
template <class T, class Context>
ratios<T> run_padded_ratios(Context& context, cases::token_batch<T> const& b, cases::rectangle const& shape,
                            ratio_level level) {
  auto const rows = static_cast<index_t>(b.rows());
  cases::rectangle_cells const cells(rows, shape);
  auto const spread = [&](std::vector<T> const& x) { return cells.poisoned(b, x, shape.poison); };
  auto now = spread(b.log_prob), old = spread(b.old_log_prob);
  auto mask = cells.spread(b, b.mask, std::uint8_t{0});
  ratios<T> out;
  out.sequence.resize(b.rows());
  auto const place = cells.over(now);
  cohort::importance_ratio_outputs<T, cohort::host_space> to{.ratio = place, .report = &out.sums};
  if (level != ratio_level::token) to.sequence_ratio = out.sequence;
  cohort::importance_ratio<T>(context,
                              {.layout = cohort::padded{rows, shape.columns},
                               .log_prob = place,
                               .old_log_prob = cells.over(old),
                               .mask = cells.over(mask)},
                              to, {.ratio = level});
  out.padding_is_zero = cells.collect(b, now, out.ratio);
  return out;
}

template <class T>
void check_same(ratios<T> const& a, ratios<T> const& b) {
  CHECK(support::same_bits(a.ratio, b.ratio));
  CHECK(support::same_bits(a.sequence, b.sequence));
  CHECK(support::same_bits(a.sums, b.sums));
  CHECK(a.padding_is_zero);
}

/// A valid call over two rows of three tokens.
template <class T>
struct call {
  std::vector<T> memory = std::vector<T>(64, T(0.5));
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(6, 1);
  cohort::ratio_sums report{.ratio = 77, .tokens = 78};
  cohort::importance_ratio_options options{.ratio = ratio_level::sequence};
  cohort::importance_ratio_inputs<T, cohort::host_space> in{.layout = cohort::padded{2, 3},
                                                            .log_prob = tokens(0),
                                                            .old_log_prob = tokens(8),
                                                            .mask = loose_matrix(bytes.data(), 2, 3, 3)};
  cohort::importance_ratio_outputs<T, cohort::host_space> out{tokens(40), loose_vector(at(50), 2), &report};

  [[nodiscard]] auto tokens(index_t i) { return loose_matrix(at(i), 2, 3, 3); }
  [[nodiscard]] T* at(index_t i) { return memory.data() + i; }
  template <class Offsets>
  void pack(Offsets const& offsets) {
    auto const run = [&](index_t i) { return loose_vector(at(i), 6); };
    in = {.layout = cohort::packed(offsets), .log_prob = run(0), .old_log_prob = run(8)};
    out.ratio = run(40);
  }
};

template <class T, class Context>
void refuses(Context& context, char const* argument, error_code code, cases::change<call<T>> const& broken) {
  call<T> c;
  broken(c);
  auto const memory = c.memory;
  auto const report = c.report;
  cases::refuses(
      "importance_ratio", argument, code,
      [&] { return cohort::check_importance_ratio<T>(context, c.in, c.out, c.options); },
      [&] { cohort::importance_ratio<T>(context, c.in, c.out, c.options); },
      [&] { return support::same_bits(c.memory, memory) && support::same_bits(c.report, report); });
}

template <class T, class Context, class Set>
void token_rules(Context& context, char const* argument, Set const& set) {
  cases::for_each_bad_rectangle([&](error_code code, auto const& shape) {
    refuses<T>(context, argument, code, [&](call<T>& c) { set(c, shape(c.at(56))); });
  });
}

} // namespace

TEST_CASE("importance_ratio: padded, strided and packed agree bit for bit", "[objective][importance_ratio][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(61, {.rows = 19, .longest = 37});
    for (auto const level : {ratio_level::token, ratio_level::sequence, ratio_level::sequence_product}) {
      auto const packed = run_packed_ratios(context, b, level);
      for (cases::rectangle const& shape :
           {cases::rectangle{37}, cases::rectangle{79}, cases::rectangle{.columns = 37, .column_major = true},
            cases::rectangle{.columns = 40, .gap = 1, .poison = INFINITY}})
        check_same(run_padded_ratios(context, b, shape, level), packed);
    }
  });
}

TEST_CASE("importance_ratio: any number of threads gives the same bits", "[objective][importance_ratio][layout]") {
  auto const b = cases::random_batch<float>(62, {.rows = 600, .longest = 90});
  auto const all = cases::outcomes([&](auto& context) { return run_packed_ratios(context, b, ratio_level::sequence); });
  for (std::size_t i = cases::first_eigen; i < all.size(); ++i) check_same(all[i], all[cases::first_eigen]);
  CHECK(cases::distance(all[0].ratio, all[2].ratio) < 1e-6);
}

TEST_CASE("importance_ratio: rules", "[objective][importance_ratio][contract]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    call<T> valid;
    CHECK(cohort::check_importance_ratio<T>(context, valid.in, valid.out, valid.options).ok());
    token_rules<T>(context, "log_prob", [](call<T>& c, auto x) { c.in.log_prob = x; });
    token_rules<T>(context, "old_log_prob", [](call<T>& c, auto x) { c.in.old_log_prob = x; });
    token_rules<T>(context, "mask", [](call<T>& c, auto x) { c.in.mask = x; });
    token_rules<T>(context, "ratio", [](call<T>& c, auto x) { c.out.ratio = x; });
    auto const sequence = [&](error_code code, index_t at, index_t extent, index_t stride) {
      refuses<T>(context, "sequence_ratio", code,
                 [&](call<T>& c) { c.out.sequence_ratio = loose_vector(c.at(at), extent, stride); });
    };
    sequence(error_code::bad_extent, 50, -2, 1);
    sequence(error_code::shape_mismatch, 50, 3, 1);
    sequence(error_code::overlap, 50, 2, 0);
    for (index_t const at : {index_t{1}, index_t{9}, index_t{44}}) sequence(error_code::overlap, at, 2, 1);
    refuses<T>(context, "sequence_ratio", error_code::bad_parameter,
               [](call<T>& c) { c.options.ratio = ratio_level::token; });
    for (index_t const at : {index_t{1}, index_t{5}, index_t{10}})
      refuses<T>(context, "ratio", error_code::overlap, [&](call<T>& c) { c.out.ratio = c.tokens(at); });
    refuses<T>(context, "ratio", error_code::overlap, [](call<T>& c) { c.in.mask = loose_matrix(c.at(42), 2, 3, 3); });
    refuses<T>(context, "log_ratio.low", error_code::bad_parameter, [](call<T>& c) { c.options.log_ratio.low = 1; });
    refuses<T>(context, "log_ratio.high", error_code::bad_parameter, [](call<T>& c) { c.options.log_ratio.high = -1; });
    refuses<T>(context, "layout", error_code::bad_extent, [](call<T>& c) { c.in.layout = cohort::padded{-2, 3}; });
    std::vector<std::int64_t> const offsets{0, 4, 3, 6};
    refuses<T>(context, "layout", error_code::bad_offsets,
               [&](call<T>& c) { c.pack(offsets), c.out.sequence_ratio = loose_vector(c.at(50), 3); });
    cases::over_integers<T>({0, 3, 6}, [&](auto const& whole, T* values) {
      refuses<T>(context, "ratio", error_code::overlap,
                 [&](call<T>& c) { c.pack(whole), c.out.ratio = loose_vector(values, 6); });
      refuses<T>(context, "sequence_ratio", error_code::overlap,
                 [&](call<T>& c) { c.pack(whole), c.out.sequence_ratio = loose_vector(values, 2); });
    });
  });
}
