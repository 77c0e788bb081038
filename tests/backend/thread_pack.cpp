// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The lane type of a thread with several cells: each word is the scalar's, lane by lane and bit for bit; formulas too.
#include <cases/pack_memory.hpp>
#include <cases/pack_words.hpp>
#include <cohort/backend/block/pack.hpp>
#include <cohort/core/mask.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/formula/sapo.hpp>
#include <cohort/formula/vespo.hpp>

#define COHORT_TEST_PACKS                                                                                              \
  (thread_pack<float, 1>), (thread_pack<float, 4>), (thread_pack<float, 8>), (thread_pack<float, 16>),                 \
      (thread_pack<double, 2>), (thread_pack<double, 8>)

namespace {

using cohort::index_t;
using cohort::detail::thread_pack;
template <class V>
using traits = cohort::lane_traits<V>;

} // namespace

TEMPLATE_TEST_CASE("a thread's pack: every word is the scalar's", "[backend][thread_pack]", COHORT_TEST_PACKS) {
  using namespace cohort;
  using V = TestType;
  pack_cases::check_arithmetic<V>();
  pack_cases::check_comparisons<V>();
  pack_cases::check_sqrt<V>();
  pack_cases::check_any<V>();
  auto const same = pack_cases::identical;
  pack_cases::check_word<V>(
      "negative", [](auto a, auto) { return -a; }, same);
  pack_cases::check_word<V>(
      "fma", [](auto a, auto b) { return lane_fma(a, b, decltype(a)(-1.5)); }, same);
  pack_cases::check_word<V>(
      "exp", [](auto a, auto) { return lane_exp(a); }, same);
  pack_cases::check_word<V>(
      "log", [](auto a, auto) { return lane_log(a); }, same);
}

TEST_CASE("a thread's pack: casts", "[backend][thread_pack]") {
  pack_cases::check_casts<thread_pack<float, 8>, thread_pack<double, 8>>();
  pack_cases::check_casts<thread_pack<double, 4>, thread_pack<float, 4>>();
}

TEMPLATE_TEST_CASE("a thread's pack: memory", "[backend][thread_pack]", COHORT_TEST_PACKS) {
  pack_cases::check_elements<TestType>();
  pack_cases::check_step_zero<TestType>();
  pack_cases::check_special_values<TestType>();
  pack_cases::check_iota_and_head<TestType>();
  pack_cases::check_folds<TestType>();
}

TEST_CASE("a thread's pack: 16-bit kinds", "[backend][thread_pack]") {
  pack_cases::check_sixteen_bits<thread_pack<float, 1>>();
  pack_cases::check_sixteen_bits<thread_pack<float, 4>>();
  pack_cases::check_sixteen_bits<thread_pack<float, 8>>();
}

namespace {

/// Whole packs at every address that an element may have, between sentinels.
template <class V, class S>
void check_addresses() {
  constexpr int size = traits<V>::size, room = 64 / static_cast<int>(sizeof(S));
  for (int offset = 0; offset < room; ++offset) {
    alignas(64) S memory[room + size + room], expected[room + size + room];
    for (S& x : memory) x = pack_cases::element<S>(50);
    for (S& x : expected) x = pack_cases::element<S>(50);
    S source[size];
    for (int i = 0; i < size; ++i) source[i] = expected[offset + i] = pack_cases::element<S>(i);
    traits<V>::store(memory + offset, 1, size, traits<V>::load(source, 1, size));
    CHECK(support::same_bits(memory, expected));
    auto const back = traits<V>::load(memory + offset, 1, size);
    for (int i = 0; i < size; ++i) CHECK(static_cast<double>(back.x[i]) == pack_cases::value(source[i]));
  }
}

} // namespace

TEMPLATE_TEST_CASE("a thread's pack: every address", "[backend][thread_pack]", COHORT_TEST_PACKS) {
  check_addresses<TestType, float>();
  check_addresses<TestType, double>();
  check_addresses<TestType, cohort::half>();
  check_addresses<TestType, cohort::bfloat16>();
}

TEMPLATE_TEST_CASE("a thread's pack: doubles become 16 bits in one rounding", "[backend][thread_pack]", cohort::half,
                   cohort::bfloat16) {
  using V = thread_pack<double, 4>;
  support::random random(6);
  for (int repeat = 0; repeat < 5000; ++repeat) {
    TestType found[4], expected[4];
    double x[4];
    for (double& value : x) value = (1 + std::ldexp(random.integer(0, 4096), -12)) * (1 + random.normal() * 1e-12);
    traits<V>::store(found, 1, 4, traits<V>::load(x, 1, 4));
    for (int i = 0; i < 4; ++i) cohort::detail::narrow(expected + i, x[i]);
    REQUIRE(support::same_bits(found, expected));
  }
}

TEST_CASE("a thread's pack: masks of every kind", "[backend][thread_pack]") {
  using V = thread_pack<float, 8>;
  auto const check = [](auto one, cohort::mask_kind kind) {
    using X = decltype(one);
    for (int offset = 0; offset < 9; ++offset)
      for (unsigned pattern = 0; pattern < 256; ++pattern) {
        alignas(8) X memory[17] = {};
        for (int i = 0; i < 8; ++i) memory[offset + i] = pattern >> i & 1U ? one : X(0);
        cohort::mask_line const line{memory + offset, kind, 1, 0, nullptr};
        auto const bits = traits<V>::bits(pattern);
        REQUIRE(support::same_bits(cohort::load_mask<float>(cohort::lane<V, true>{8}, line, 0), bits));
        REQUIRE(support::same_bits(cohort::load_mask<float>(cohort::run_lane<V>{}, line, 0), bits));
      }
  };
  check(std::uint8_t{3}, cohort::mask_kind::bytes);
  check(std::int32_t{-1}, cohort::mask_kind::int32);
  check(std::int64_t{1} << 40, cohort::mask_kind::int64);
  check(1e-30F, cohort::mask_kind::values);
}

TEST_CASE("a thread's pack: positions and columns", "[backend][thread_pack]") {
  using V = thread_pack<float, 4>;
  cohort::row_layout<cohort::host_space> const rows{.rows = 9, .width = 100};
  auto const along = position(cohort::lane<V, true>{4}, rows, 2, 8),
             across = position(cohort::lane<V, false>{4}, rows, 2, 8);
  auto const chosen = cohort::column_where<V>(12, traits<V>::bits(0b1010));
  for (int i = 0; i < 4; ++i) {
    CHECK((along.x[i] == 208 + i && across.x[i] == 208 + 100 * i));
    CHECK(static_cast<double>(chosen.x[i]) == (i % 2 == 1 ? 12 + i : cohort::infinity));
  }
}

namespace {

/// g++ may contract a scalar's product into a later sum, which a pack never does.
#if defined(__FMA__) || defined(__aarch64__)
constexpr bool contracted = true;
#else
constexpr bool contracted = false;
#endif

/// Fields of f over packs are those of each lane on its own.
template <class T, class F>
void check_formula(F f) {
  using V = thread_pack<T, 8>;
  using one = thread_pack<T, 1>;
  support::random random(12);
  auto const special = support::special_values<T>();
  for (int repeat = 0; repeat < 4000; ++repeat) {
    V x[3];
    for (V& argument : x)
      for (T& lane : argument.x)
        lane = repeat % 4 == 0 ? special[static_cast<std::size_t>(random.integer(0, 29))]
                               : static_cast<T>(random.normal());
    auto const found = f(x[0], x[1], x[2]);
    for (int i = 0; i < 8; ++i) {
      auto const expected = f(one(static_cast<double>(x[0].x[i])), one(static_cast<double>(x[1].x[i])),
                              one(static_cast<double>(x[2].x[i])));
      auto const plain = f(x[0].x[i], x[1].x[i], x[2].x[i]);
      CAPTURE(x[0].x[i], x[1].x[i], x[2].x[i]);
      REQUIRE(pack_cases::identical(found.value.x[i], expected.value.x[0], 0, 0));
      REQUIRE(pack_cases::identical(found.slope.x[i], expected.slope.x[0], 0, 0));
      REQUIRE((contracted || pack_cases::identical(found.value.x[i], plain.value, 0, 0)));
      REQUIRE((contracted || pack_cases::identical(found.slope.x[i], plain.slope, 0, 0)));
    }
  }
}

} // namespace

TEMPLATE_TEST_CASE("a thread's pack: formulas", "[backend][thread_pack]", float, double) {
  check_formula<TestType>([](auto a, auto b, auto) { return cohort::ppo_clip{}(a, b); });
  check_formula<TestType>([](auto a, auto b, auto) { return cohort::sapo{}(a, b); });
  check_formula<TestType>([](auto a, auto b, auto) { return cohort::k3{0.1}(a, b); });
  check_formula<TestType>([](auto a, auto b, auto c) { return cohort::vespo{}(a, b, c); });
}

TEST_CASE("a thread's pack: exp(x factor)", "[backend][thread_pack]") {
  using V = thread_pack<float, 4>;
  for (double const factor : {0.3, 0.7, 1.0, 1.4426950408889634, 2.0, 5.0}) {
    auto const f = traits<V>::scaled_exponential<5>(factor);
    double worst = 0;
    for (double x = -87 / factor; x <= 16.5 / factor; x += 1e-3 / factor) {
      V const argument(x);
      auto const product = static_cast<double>(argument.x[0]) * factor;
      double const exact = std::exp(product), found = static_cast<double>(f(argument).x[3]);
      worst = std::fmax(worst, std::fabs(found - exact) / exact - std::fabs(product) * 0x1p-23);
    }
    CHECK(worst <= 0x1p-21);
    CHECK(support::same_bits(f(V(-cohort::infinity)).x[1], 0.0F));
    CHECK((f(V(0)).x[0] == 1 && f(V(-0.0)).x[2] == 1 && f(V(-200 / factor)).x[0] == 0));
    CHECK(std::isnan(f(V(cohort::not_a_number)).x[0]));
  }
}
