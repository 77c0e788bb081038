// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Any split of the sequences into micro-batches that names the global count has the gradient of one call, bit for bit,
/// and its merged report.
#include <properties/draw.hpp>

namespace {

using namespace properties;

template <class X>
void append(std::vector<X>& to, std::vector<X> const& from, std::int64_t first, std::int64_t last) {
  if (!from.empty()) to.insert(to.end(), from.begin() + first, from.begin() + last);
}

/// Some sequences of a batch, in that order.
template <class T>
cases::token_batch<T> sequences_of(cases::token_batch<T> const& b, std::vector<std::size_t> const& rows) {
  cases::token_batch<T> some;
  auto const at = b.offsets();
  for (auto const r : rows) {
    some.length.push_back(b.length[r]);
    for (auto const member :
         {&cases::token_batch<T>::log_prob, &cases::token_batch<T>::old_log_prob, &cases::token_batch<T>::ref_log_prob,
          &cases::token_batch<T>::advantage, &cases::token_batch<T>::correction})
      append(some.*member, b.*member, at[r], at[r + 1]);
    append(some.mask, b.mask, at[r], at[r + 1]);
  }
  return some;
}

/// The gradients of a split, put back in place, its merged report, and the magnitudes of what was summed.
template <class T>
struct gathered {
  std::vector<T> seed;
  cohort::loss_sums sums, magnitudes;
};

constexpr double cohort::loss_sums::*summed[] = {&cohort::loss_sums::loss,
                                                 &cohort::loss_sums::kl,
                                                 &cohort::loss_sums::ratio,
                                                 &cohort::loss_sums::negative_log_ratio,
                                                 &cohort::loss_sums::clip_low_shares,
                                                 &cohort::loss_sums::clip_high_shares};

template <class T>
gathered<T> run_split(engines::any_context& context, cases::token_batch<T> const& b, entry const& o,
                      cohort::policy_loss_options const& options, std::vector<int> const& part_of) {
  gathered<T> all{std::vector<T>(b.tokens()), {}, {}};
  auto const at = b.offsets();
  for (int p = 0; p <= *std::max_element(part_of.begin(), part_of.end()); ++p) {
    std::vector<std::size_t> rows;
    for (std::size_t r = 0; r < part_of.size(); ++r)
      if (part_of[r] == p) rows.push_back(r);
    auto const part = o.packed(context, sequences_of(b, rows), options);
    auto from = part.seed.begin();
    for (auto const r : rows) {
      std::copy_n(from, b.length[r], all.seed.begin() + at[r]);
      from += b.length[r];
    }
    all.sums = merge(all.sums, part.sums);
    for (auto const field : summed) all.magnitudes.*field += std::fabs(part.sums.*field);
  }
  return all;
}

/// Sums of the same numbers in another order; everything else exactly.
bool same_report(cohort::loss_sums a, cohort::loss_sums b, cohort::loss_sums const& magnitudes, std::size_t rows) {
  bool near = true;
  for (auto const field : summed) {
    near = near && std::fabs(a.*field - b.*field) <= static_cast<double>(2 * rows) * 0x1p-53 * (magnitudes.*field);
    a.*field = b.*field = 0;
  }
  return near && support::same_bits(a, b);
}

} // namespace

TEST_CASE("property: micro-batches sum to one call", "[properties]") {
  holds("micro-batches", [] {
    auto const drawn = draw_batch(8, 40);
    auto const options = draw_options(true);
    auto const rows = static_cast<std::size_t>(drawn.shape.rows);
    auto const split = *rc::gen::container<std::vector<int>>(rows, rc::gen::inRange(0, 4));
    std::vector<int> finest(rows);
    std::iota(finest.begin(), finest.end(), 0);
    for_every_objective(drawn, [&](auto& context, auto const& b, auto const& o) {
      auto const once = o.packed(context, b, options);
      auto const single = run_split(context, b, o, options, finest);
      RC_ASSERT(support::same_bits(single.seed, once.seed));
      RC_ASSERT(same_report(single.sums, once.sums, single.magnitudes, rows));
      auto const some = run_split(context, b, o, options, split);
      RC_ASSERT(support::same_bits(some.seed, once.seed));
      RC_ASSERT(same_report(some.sums, once.sums, single.magnitudes, rows));
    });
  });
}
