// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What changes no bit: what stands under the mask, the padding's width, the strides, packing, the threads.
#include <limits>
#include <memory>

#include <cases/contexts.hpp>
#include <cases/losses.hpp>

namespace {

using cases::rectangle;
using cohort::ratio_level;

/// f(objective, options) over both levels and all normalisers, with k3 and without.
template <class F>
void for_each_call(F const& f) {
  for (auto const level : {ratio_level::token, ratio_level::sequence})
    for (cohort::normalizer const& by :
         {cohort::normalizer(cohort::by_tokens()), cohort::normalizer(cohort::by_sequence_means()),
          cohort::normalizer(cohort::by_sequences(3)), cohort::normalizer(cohort::by_constant(7))}) {
      INFO("level " << int(level) << ", normaliser " << int(by.kind));
      f(cohort::objective(cohort::ppo_clip{0.2, 0.28}), cohort::policy_loss_options{by, level});
      f(cohort::objective(cohort::ppo_clip{0.2, 0.28}, cohort::k3{0.04}), cohort::policy_loss_options{by, level});
    }
}

template <class T>
void check_same(cases::loss_outcome<T> const& a, cases::loss_outcome<T> const& b) {
  CHECK(support::same_bits(a.seed, b.seed));
  CHECK(support::same_bits(a.sums, b.sums));
  CHECK(a.padding_is_zero);
}

} // namespace

TEST_CASE("policy_loss: nothing under the mask changes a bit", "[objective][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(21, {.rows = 17, .longest = 37});
    using limits = std::numeric_limits<T>;
    for_each_call([&](auto const& f, auto const& options) {
      auto const clean = cases::run_padded(context, b, {.columns = 37, .poison = 0}, f, options);
      for (T const poison : {limits::quiet_NaN(), limits::signaling_NaN(), limits::infinity(), -limits::infinity(),
                             static_cast<T>(1e38), limits::max(), limits::lowest(), limits::denorm_min()})
        check_same(cases::run_padded(context, b, {.columns = 37, .poison = static_cast<double>(poison)}, f, options),
                   clean);
    });
  });
}

TEST_CASE("policy_loss: padded, wider, column-major, strided and packed agree bit for bit", "[objective][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (cases::batch_shape const& batch : {cases::batch_shape{19, 37}, {5, 700}}) {
      int const longest = batch.longest;
      auto const b = cases::random_batch<T>(22, batch);
      for_each_call([&](auto const& f, auto const& options) {
        auto const packed = cases::run_packed(context, b, f, options);
        for (rectangle const& shape :
             {rectangle{longest}, rectangle{longest + 1}, rectangle{2 * longest + 5},
              rectangle{.columns = longest, .column_major = true}, rectangle{.columns = longest + 3, .gap = 1},
              rectangle{.columns = longest, .column_major = true, .gap = 2}}) {
          INFO("columns " << shape.columns << ", column-major " << shape.column_major << ", gap " << shape.gap);
          check_same(cases::run_padded(context, b, shape, f, options), packed);
        }
      });
    }
  });
}

TEST_CASE("policy_loss: any number of threads gives the same bits", "[objective][layout]") {
  auto const b = cases::random_batch<float>(24, {.rows = 600, .longest = 90});
  for_each_call([&](auto const& f, auto const& options) {
    auto const all = cases::outcomes([&](auto& context) { return cases::run_packed(context, b, f, options); });
    for (std::size_t i = cases::first_eigen; i < all.size(); ++i) check_same(all[i], all[cases::first_eigen]);
    CHECK(cases::distance(all[0].seed, all[1].seed) < 1e-6);
    CHECK(cases::distance(all[0].seed, all[2].seed) < 1e-6);
    CHECK(all[1].sums.tokens == all[0].sums.tokens);
  });
}

TEST_CASE("policy_loss: every kind of mask says the same", "[objective][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_batch<T>(25, {.rows = 9, .longest = 37});
    auto const offsets = b.offsets();
    auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k2{0.1});
    auto const expected = cases::run_packed(context, b, f, {cohort::by_tokens()});
    auto const with = [&](auto non_zero) {
      using mask_type = decltype(non_zero);
      std::vector<T> seed(b.tokens());
      cohort::loss_sums sums;
      std::unique_ptr<mask_type[]> const mask(new mask_type[b.tokens()]);
      for (std::size_t i = 0; i < b.tokens(); ++i) mask[i] = b.mask[i] ? non_zero : mask_type(0);
      cohort::policy_loss<T>(context,
                             {.layout = cohort::packed(offsets),
                              .log_prob = b.log_prob,
                              .old_log_prob = b.old_log_prob,
                              .ref_log_prob = b.ref_log_prob,
                              .advantage = cohort::per_token(b.advantage),
                              .mask = cases::loose_vector(mask.get(), static_cast<cohort::index_t>(b.tokens()))},
                             {.d_log_prob = seed, .report = &sums}, f, {cohort::by_tokens()});
      CHECK(support::same_bits(seed, expected.seed));
      CHECK(support::same_bits(sums, expected.sums));
    };
    with(true), with(std::uint8_t{2}), with(std::int32_t{-1}), with(std::int64_t{1} << 40), with(T(-0.5));
  });
}

TEST_CASE("policy_loss: the gradient may take the place of an input", "[objective][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const original = cases::random_batch<T>(26, {.rows = 9, .longest = 40});
    for_each_call([&](auto const& f, auto const& options) {
      auto const expected = cases::run_packed(context, original, f, options);
      for (auto const member : {&cases::token_batch<T>::log_prob, &cases::token_batch<T>::old_log_prob,
                                &cases::token_batch<T>::ref_log_prob, &cases::token_batch<T>::advantage}) {
        auto b = original;
        auto const offsets = b.offsets();
        cohort::loss_sums sums;
        cohort::policy_loss<T>(context,
                               {.layout = cohort::packed(offsets),
                                .log_prob = b.log_prob,
                                .old_log_prob = b.old_log_prob,
                                .ref_log_prob = b.ref_log_prob,
                                .advantage = cohort::per_token(b.advantage),
                                .mask = b.mask},
                               {.d_log_prob = b.*member, .report = &sums}, f, options);
        CHECK(support::same_bits(b.*member, expected.seed));
        CHECK(support::same_bits(sums, expected.sums));
      }
    });
  });
}
