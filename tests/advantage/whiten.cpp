// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Whitening and its moments: hand-checked numbers, the definition, parts against the whole, too few values.
#include <cases/contexts.hpp>
#include <cases/rewards.hpp>

#include <cohort/advantage/whiten.hpp>

namespace {

using cohort::epsilon_place;
using cohort::moment_sums;
using cohort::whiten_options;
using vector = std::vector<double>;

template <class T>
struct outcome {
  std::vector<T> whitened;
  moment_sums used;
};

/// One packed sequence.
template <class T>
outcome<T> run_masked(auto& context, std::vector<T> const& x, std::vector<std::uint8_t> const& mask,
                      whiten_options const& options = {}) {
  outcome<T> out{std::vector<T>(x.size(), T(77)), {}};
  std::vector<std::int64_t> const offsets{0, static_cast<std::int64_t>(x.size())};
  cohort::whiten<T>(context, {.layout = cohort::packed(offsets), .values = x, .mask = mask},
                    {.whitened = out.whitened, .report = &out.used}, options);
  return out;
}
template <class T>
outcome<T> run(auto& context, std::vector<T> const& x, whiten_options const& options = {}) {
  return run_masked(context, x, std::vector<std::uint8_t>(x.size(), 1), options);
}

template <class T>
std::vector<long double> oracle(std::vector<T> const& x, std::vector<std::uint8_t> const& mask,
                                whiten_options const& o) {
  long double count = 0, mean = 0, square = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (mask[i]) ++count, mean += static_cast<long double>(x[i]);
  mean /= count;
  for (std::size_t i = 0; i < x.size(); ++i)
    if (mask[i]) square += (static_cast<long double>(x[i]) - mean) * (static_cast<long double>(x[i]) - mean);
  auto const variance = square / (count - o.ddof), epsilon = static_cast<long double>(o.epsilon);
  long double divisor = std::sqrt(variance) + epsilon;
  if (o.epsilon_place == epsilon_place::inside_root) divisor = std::sqrt(variance + epsilon);
  if (o.epsilon_place == epsilon_place::floor) divisor = std::fmax(std::sqrt(variance), epsilon);
  std::vector<long double> y(x.size(), 0);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (mask[i]) y[i] = (static_cast<long double>(x[i]) - mean) / divisor + (o.shift_mean ? 0 : mean);
  return y;
}

} // namespace

TEST_CASE("whiten: numbers by hand", "[advantage][golden]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    std::vector<T> const x{1, 2, 4, 5};
    CHECK(cases::distance(run(context, x).whitened, vector{-1.095445, -0.547723, 0.547723, 1.095445}) < 1e-6);
    CHECK(cases::distance(run(context, x, {.shift_mean = false}).whitened,
                          vector{1.904555, 2.452277, 3.547723, 4.095445}) < 1e-6);
    auto const gae = cases::in<T>({0.451, 0.58, 0.4});
    CHECK(cases::distance(run(context, gae).whitened, vector{-0.280251, 1.110225, -0.829974}) < 1e-6);
    whiten_options const biased{.ddof = 0, .epsilon = 1e-4, .epsilon_place = epsilon_place::floor};
    CHECK(cases::distance(run(context, gae, biased).whitened, vector{-0.343236, 1.359743, -1.016507}) < 1e-6);
    auto const returns = cases::in<T>({0.998, 0.999, 0.997, -0.003, -0.001});
    CHECK(cases::distance(run(context, returns).whitened, vector{0.730296, 0.732121, 0.728470, -1.097269, -1.093618}) <
          1e-6);
    cohort::moment_report const seen = report_of(run(context, x).used);
    CHECK((seen.tokens == 4 && seen.mean == 3 && seen.bad_slots == 0));
    CHECK(std::fabs(seen.std - std::sqrt(10.0 / 3)) < 1e-15);
  });
}

TEST_CASE("whiten: random values against the definition", "[advantage][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const offset : {0.0, 1000.0}) {
      cases::random source(31);
      std::vector<T> x;
      std::vector<std::uint8_t> mask;
      for (int i = 0; i < 5000; ++i) {
        mask.push_back(!cases::chance(source, 0.2));
        x.push_back(mask.back() ? static_cast<T>(offset + source.normal()) : static_cast<T>(NAN));
      }
      for (whiten_options const& o :
           {whiten_options{}, whiten_options{.ddof = 0, .epsilon = 0},
            whiten_options{.epsilon = 0.5, .epsilon_place = epsilon_place::added},
            whiten_options{.epsilon = 2, .epsilon_place = epsilon_place::floor}, whiten_options{.shift_mean = false}}) {
        auto const found = run_masked(context, x, mask, o).whitened;
        auto const expected = oracle(x, mask, o);
        double worst = 0;
        for (std::size_t i = 0; i < x.size(); ++i)
          if (mask[i] && std::same_as<T, float>) worst = std::fmax(worst, support::ulp_error(found[i], expected[i]));
        CHECK(worst <= 2);
        CHECK(cases::distance(found, expected) <= 32 * support::unit_roundoff<T> * (offset + 6));
      }
    }
  });
}

TEST_CASE("whiten: layouts, threads and a value in place of another agree bit for bit", "[advantage][layout]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_rewards<T>(32, 25, 90);
    auto const offsets = b.offsets();
    auto packed = b.reward;
    cohort::whiten<T>(context, {.layout = cohort::packed(offsets), .values = packed, .mask = b.mask},
                      {.whitened = packed});
    for (cohort::index_t const columns : {90, 91, 200})
      for (bool const column_major : {false, true}) {
        auto const shape = cases::rectangle_of(b, columns, column_major, static_cast<T>(NAN));
        auto values = shape.spread(b.reward, shape.poison);
        auto mask = shape.spread(b.mask, std::uint8_t{0});
        std::vector<T> out(shape.size(), T(77));
        cohort::whiten<T>(
            context,
            {.layout = cohort::padded{shape.rows(), columns}, .values = shape.over(values), .mask = shape.over(mask)},
            {.whitened = shape.over(out)});
        bool zero = true;
        CHECK(support::same_bits(shape.gathered(out, zero), packed));
        CHECK(zero);
      }
  });
  auto const b = cases::random_rewards<float>(33, 700, 60);
  auto const all = cases::outcomes([&](auto& context) { return run_masked(context, b.reward, b.mask); });
  for (std::size_t i = cases::first_eigen; i < all.size(); ++i) {
    CHECK(support::same_bits(all[i].whitened, all[cases::first_eigen].whitened));
    CHECK(support::same_bits(all[i].used, all[cases::first_eigen].used));
  }
}

TEST_CASE("moments: any split merges into the whole, and gives the same values", "[advantage][moments]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    auto const b = cases::random_rewards<T>(34, 40, 50);
    std::vector<T> x = b.reward;
    for (T& v : x) v += T(3);
    auto const whole = run_masked(context, x, b.mask);
    auto const part = [&](std::size_t first, std::size_t last) {
      moment_sums m{.count = -1};
      std::vector<std::int64_t> const offsets{0, static_cast<std::int64_t>(last - first)};
      auto const n = static_cast<cohort::index_t>(last - first);
      cohort::moments<T>(context,
                         {.layout = cohort::packed(offsets),
                          .values = cases::loose_vector(x.data() + first, n),
                          .mask = cases::loose_vector(b.mask.data() + first, n)},
                         &m);
      return m;
    };
    for (std::size_t const step : {std::size_t{1}, std::size_t{7}, x.size() / 3, x.size()}) {
      moment_sums merged;
      for (std::size_t i = 0; i < x.size(); i += step) merged = merge(merged, part(i, std::min(i + step, x.size())));
      CHECK(merged.count == whole.used.count);
      CHECK(std::fabs(merged.mean - whole.used.mean) <= 1e-14 * std::fabs(whole.used.mean));
      CHECK(std::fabs(merged.square - whole.used.square) <= 1e-14 * whole.used.square);
      auto const again = run_masked(context, x, b.mask, {.moments = &merged});
      CHECK(support::same_bits(again.used, merged));
      CHECK(cases::distance(again.whitened, whole.whitened) <= 1e-13 + 8 * support::unit_roundoff<T>);
    }
    CHECK(support::same_bits(part(0, 0), moment_sums{}));
  });
}

TEST_CASE("whiten: equal values, few values, none", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const value : {0.1, -3.3, 1e30, 0.0})
      for (int const n : {0, 1, 2, 3, 999}) {
        std::vector<T> const x(static_cast<std::size_t>(n), static_cast<T>(value)), zero(x.size(), T(0));
        for (int const ddof : {0, 1})
          for (double const epsilon : {0.0, 1e-8}) {
            auto const out = run(context, x, {.ddof = ddof, .epsilon = epsilon});
            CHECK(support::same_bits(out.whitened, zero));
            CHECK((out.used.square == 0 && out.used.count == n));
            auto const kept = run(context, x, {.ddof = ddof, .epsilon = epsilon, .shift_mean = false});
            CHECK(support::same_bits(kept.whitened, x));
          }
      }
    // Two values of which the mask, or what they are, leaves one.
    CHECK(support::same_bits(run_masked(context, std::vector<T>{5, 7}, {1, 0}).whitened, std::vector<T>(2, T(0))));
    auto const bad = run(context, std::vector<T>{static_cast<T>(INFINITY), 7, 8, static_cast<T>(NAN)});
    CHECK(cases::distance(bad.whitened, vector{0, -std::sqrt(0.5), std::sqrt(0.5), 0}) < 1e-6);
    CHECK_THROWS_AS(cohort::read(context, &bad.used), cohort::data_error);
    auto const seen = cohort::read(context, &bad.used, cohort::on_data_error::accept);
    CHECK((seen.tokens == 2 && seen.bad_slots == 2 && seen.first_bad_slot == 0));
  });
}
