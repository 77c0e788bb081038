// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What changes no bit of gae: what stands under the mask, the padding's width, the strides, packing, the threads, and
/// whether an output is an input.
#include <limits>

#include <cases/contexts.hpp>
#include <cases/rewards.hpp>

namespace {

using cohort::gae_options;

template <class T>
void check_same(cases::recursion<T> const& a, cases::recursion<T> const& b) {
  CHECK(support::same_bits(a.advantage, b.advantage));
  CHECK(support::same_bits(a.returns, b.returns));
  CHECK(a.counts.tokens == b.counts.tokens);
  CHECK(a.counts.bad_slots == 0);
  CHECK(a.padding_is_zero);
}

} // namespace

TEST_CASE("gae: nothing under the mask changes a bit", "[advantage][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    using limits = std::numeric_limits<T>;
    auto const b = cases::random_rewards<T>(11, 17, 61);
    for (cohort::index_t const columns : {61, 70}) // in either of Eigen's teams
      for (T const poison : {limits::quiet_NaN(), limits::signaling_NaN(), limits::infinity(), limits::max(),
                             limits::lowest(), limits::denorm_min(), T(0)})
        check_same(cases::run_gae(context, cases::rectangle_of(b, columns, false, poison), {0.98, 0.93}),
                   cases::run_gae(context, b, {0.98, 0.93}));
  });
}

TEST_CASE("gae: padded, wider, column-major and packed agree bit for bit", "[advantage][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_rewards<T>(12, 37, 37);
    for (gae_options const& options : {gae_options{}, gae_options{0.98, 0.93}, gae_options{0.5, 0}}) {
      auto const packed = cases::run_gae(context, b, options);
      for (cohort::index_t const columns : {37, 38, 64, 65, 200})
        for (bool const column_major : {false, true}) {
          INFO("columns " << columns << ", column-major " << column_major);
          check_same(
              cases::run_gae(context, cases::rectangle_of(b, columns, column_major, static_cast<T>(NAN)), options),
              packed);
        }
    }
  });
}

TEST_CASE("gae: any number of threads gives the same bits, any context the same number", "[advantage][layout]") {
  auto const b = cases::random_rewards<float>(13, 300, 90);
  for (bool const padded : {false, true}) {
    auto const all = cases::outcomes([&](auto& context) {
      return padded ? cases::run_gae(context, cases::rectangle_of(b, 101, false, 1.0F), {0.99, 0.95})
                    : cases::run_gae(context, b, {0.99, 0.95});
    });
    for (std::size_t i = cases::first_eigen; i < all.size(); ++i) {
      check_same(all[i], all[cases::first_eigen]);
      CHECK(support::same_bits(all[i].counts, all[cases::first_eigen].counts));
    }
    CHECK(cases::distance(all[cases::first_eigen].advantage, all[0].advantage) < 1e-5);
    CHECK(cases::distance(all[1].advantage, all[0].advantage) < 1e-5);
  }
}

TEST_CASE("gae: outputs may be inputs", "[advantage][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_rewards<T>(14, 20, 60);
    auto const expected = cases::run_gae(context, b, {0.98, 0.93});
    auto const in_place = [&](bool crossed, bool with_returns) {
      auto shape = cases::rectangle_of(b, 64, false, T(5));
      auto reward = shape.spread(b.reward, T(5)), value = shape.spread(b.value, T(5));
      auto mask = shape.spread(b.mask, std::uint8_t{0}), done = shape.spread(b.done, std::uint8_t{0});
      cohort::gae_outputs<T, cohort::host_space> out{shape.over(crossed ? value : reward)};
      if (with_returns)
        out.returns = cohort::optional_token_view<T, cohort::host_space>(shape.over(crossed ? reward : value));
      cohort::gae<T>(context,
                     {.layout = cohort::padded{shape.rows(), 64},
                      .reward = shape.over(reward),
                      .value = shape.over(value),
                      .mask = shape.over(mask),
                      .done = shape.over(done),
                      .bootstrap = b.bootstrap},
                     out, {0.98, 0.93});
      bool zero = true;
      CHECK(support::same_bits(shape.gathered(crossed ? value : reward, zero), expected.advantage));
      if (with_returns) CHECK(support::same_bits(shape.gathered(crossed ? reward : value, zero), expected.returns));
    };
    for (bool const crossed : {false, true})
      for (bool const with_returns : {false, true}) in_place(crossed, with_returns);
  });
}

TEST_CASE("gae: without mask, ends, bootstrap or returns", "[advantage][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto b = cases::random_rewards<T>(15, 7, 50, 0);
    b.mask.assign(b.tokens(), 1), b.done.assign(b.tokens(), 0), b.bootstrap.assign(b.rows(), T(0));
    auto const expected = cases::run_gae(context, b, {0.9, 0.8});
    auto const offsets = b.offsets();
    std::vector<T> advantage(b.tokens());
    cohort::gae<T>(context, {.layout = cohort::packed(offsets), .reward = b.reward, .value = b.value},
                   {.advantage = advantage}, {.gamma = 0.9, .lambda = 0.8});
    CHECK(support::same_bits(advantage, expected.advantage));
  });
}
