// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What must not show in a loss: what stands under the mask, how the tokens lie in memory, how many threads ran.
#include <limits>

#include <properties/draw.hpp>

namespace {

using namespace properties;

cases::rectangle draw_rectangle(int longest, double poison) {
  return {.columns = longest + one_of({0, 1, 7, 64}),
          .column_major = one_of({false, true}),
          .gap = one_of<cohort::index_t>({0, 1, 3}),
          .poison = poison};
}

/// In float each of these is what it is in double, or infinite.
double draw_poison() {
  using limits = std::numeric_limits<float>;
  double const top = cohort::largest<float>;
  return one_of({cohort::not_a_number, -cohort::not_a_number, cohort::infinity, -cohort::infinity, top, -top, 1e300,
                 static_cast<double>(limits::denorm_min()), -0.0});
}

template <class T>
cases::token_batch<T> poisoned(cases::token_batch<T> b, double poison) {
  for (auto const member :
       {&cases::token_batch<T>::log_prob, &cases::token_batch<T>::old_log_prob, &cases::token_batch<T>::ref_log_prob,
        &cases::token_batch<T>::advantage, &cases::token_batch<T>::correction})
    for (std::size_t i = 0; i < (b.*member).size(); ++i)
      if (!b.mask[i]) (b.*member)[i] = static_cast<T>(poison);
  return b;
}

} // namespace

TEST_CASE("property: nothing under a mask changes a bit", "[properties]") {
  holds("masks", [] {
    auto const drawn = draw_batch(6, 40);
    auto const options = draw_options(false);
    auto const poison = draw_poison();
    auto shape = draw_rectangle(drawn.shape.longest, 0);
    for_every_objective(drawn, [&](auto& context, auto const& b, auto const& o) {
      auto const clean = o.packed(context, b, options);
      RC_ASSERT(same(o.packed(context, poisoned(b, poison), options), clean));
      shape.poison = 0;
      auto const spread = o.padded(context, b, shape, options);
      shape.poison = poison;
      RC_ASSERT(same(o.padded(context, b, shape, options), spread));
    });
  });
}

TEST_CASE("property: padded of any width and stride is packed, bit for bit", "[properties]") {
  holds("layouts", [] {
    auto const drawn = draw_batch(6, one_of({8, 40, 300}));
    auto const options = draw_options(false);
    auto const shape = draw_rectangle(drawn.shape.longest, cohort::not_a_number);
    for_every_objective(drawn, [&](auto& context, auto const& b, auto const& o) {
      auto const packed = o.packed(context, b, options);
      auto const padded = o.padded(context, b, shape, options);
      RC_ASSERT(same(padded, packed));
    });
  });
}

TEST_CASE("property: threads change no bit of a loss", "[properties]") {
  holds("threads", [] {
    auto const drawn = draw_batch(400, 40);
    auto const options = draw_options(false);
    auto const pick = *rc::gen::arbitrary<std::size_t>();
    auto const in = [&]<class T>(T) {
      auto const b = drawn.in<T>();
      auto const& list = objectives();
      auto const& o = list[pick % list.size()];
      RC_LOG() << o.name << '\n';
      auto const expected = o.packed(eigen_threads(1), b, options);
      RC_ASSERT(same(o.packed(eigen_threads(2), b, options), expected));
      RC_ASSERT(same(o.packed(eigen_threads(7), b, options), expected));
    };
    in(float{}), in(double{});
  });
}
