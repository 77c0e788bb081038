// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What changes no bit of a value loss: what stands under the mask, padding, strides, packing, threads, aliasing.
#include <limits>

#include <cases/contexts.hpp>
#include <cases/values.hpp>

namespace {

using cases::rectangle;
using cohort::squared_error;

/// f(formula, options) with a range and without, over the normalisers.
template <class F>
void for_each_call(F const& f) {
  for (cohort::normalizer const& by :
       {cohort::normalizer(cohort::by_tokens()), cohort::normalizer(cohort::by_sequence_means()),
        cohort::normalizer(cohort::by_tokens().times(4)), cohort::normalizer(cohort::by_constant(7))}) {
    INFO("normaliser " << int(by.kind));
    f(squared_error{}, cohort::value_loss_options{by});
    f(squared_error{.clip = 0.2}, cohort::value_loss_options{by});
  }
}

template <class T>
void check_same(cases::value_outcome<T> const& a, cases::value_outcome<T> const& b) {
  CHECK(support::same_bits(a.gradient, b.gradient));
  CHECK(support::same_bits(a.sums, b.sums));
  CHECK(a.padding_is_zero);
}

} // namespace

TEST_CASE("value_loss: nothing under the mask changes a bit", "[objective][value_loss][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(41, {.rows = 17, .longest = 37});
    using limits = std::numeric_limits<T>;
    for_each_call([&](auto const& f, auto const& options) {
      auto const clean = cases::run_padded_values(context, b, {.columns = 37, .poison = 0}, f, options);
      for (T const poison : {limits::quiet_NaN(), limits::infinity(), -limits::infinity(), limits::max()})
        check_same(
            cases::run_padded_values(context, b, {.columns = 37, .poison = static_cast<double>(poison)}, f, options),
            clean);
    });
  });
}

TEST_CASE("value_loss: padded, wider, column-major, strided and packed agree bit for bit",
          "[objective][value_loss][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (cases::batch_shape const& batch : {cases::batch_shape{19, 37}, {5, 700}}) {
      int const longest = batch.longest;
      auto const b = cases::random_batch<T>(42, batch);
      for_each_call([&](auto const& f, auto const& options) {
        auto const packed = cases::run_values(context, b, f, options);
        for (rectangle const& shape :
             {rectangle{longest}, rectangle{2 * longest + 5}, rectangle{.columns = longest, .column_major = true},
              rectangle{.columns = longest + 3, .gap = 1}}) {
          INFO("columns " << shape.columns << ", column-major " << shape.column_major << ", gap " << shape.gap);
          check_same(cases::run_padded_values(context, b, shape, f, options), packed);
        }
      });
    }
  });
}

TEST_CASE("value_loss: any number of threads gives the same bits", "[objective][value_loss][layout]") {
  auto const b = cases::random_batch<float>(44, {.rows = 600, .longest = 90});
  for_each_call([&](auto const& f, auto const& options) {
    auto const all = cases::outcomes([&](auto& context) { return cases::run_values(context, b, f, options); });
    for (std::size_t i = cases::first_eigen; i < all.size(); ++i) check_same(all[i], all[cases::first_eigen]);
    CHECK(cases::distance(all[0].gradient, all[1].gradient) < 1e-6);
    CHECK(cases::distance(all[0].gradient, all[2].gradient) < 1e-6);
    CHECK((all[1].sums.tokens == all[0].sums.tokens && all[1].sums.clipped == all[0].sums.clipped));
  });
}

TEST_CASE("value_loss: micro-batches with the global count add up", "[objective][value_loss][layout]") {
  engines::any_context context{{engines::place::reference}};
  auto const b = cases::random_batch<double>(45, {.rows = 40, .longest = 30});
  auto const whole = cases::run_values(context, b, {.clip = 0.2}, {cohort::by_tokens(500)});
  auto const twice = cohort::merge(whole.sums, whole.sums);
  auto const seen = cohort::read(context, &twice), once = cohort::read(context, &whole.sums);
  CHECK((seen.loss == 2 * once.loss && seen.tokens == 2 * once.tokens && seen.clip_fraction == once.clip_fraction));
  CHECK(seen.explained_variance == approx(once.explained_variance).epsilon(1e-13));
}

TEST_CASE("value_loss: the gradient may stand in the place of any input", "[objective][value_loss][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(46, {.rows = 7, .longest = 40});
    auto const offsets = b.offsets();
    cohort::value_loss_options const options{cohort::by_sequence_means()};
    auto const expected = cases::run_values(context, b, {.clip = 0.2}, options).gradient;
    for (int which = 0; which < 3; ++which) {
      auto c = b;
      auto& place = which == 0 ? c.log_prob : which == 1 ? c.old_log_prob : c.ref_log_prob;
      cohort::value_loss<T>(context,
                            {.layout = cohort::packed(offsets),
                             .value = c.log_prob,
                             .old_value = c.old_log_prob,
                             .returns = c.ref_log_prob,
                             .mask = c.mask},
                            {.d_value = place}, squared_error{.clip = 0.2}, options);
      CHECK(support::same_bits(place, expected));
    }
  });
}
