// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A lane type and memory. Partial and strided loads and stores: the right elements, and no others. Buffers end exactly at the last element, so
/// that an address sanitizer sees a step too far.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <cohort/core/accumulator.hpp>
#include <cohort/core/lane.hpp>
#include <support/catch.hpp>
#include <support/numbers.hpp>

namespace pack_cases {

using cohort::index_t;
template <class V>
using traits = cohort::lane_traits<V>;
inline constexpr index_t steps[] = {0, 1, 3, -2};

/// count elements `step` apart with nothing before the first and nothing after the last.
template <class S>
struct exact_buffer {
  index_t step;
  std::vector<S> memory;
  exact_buffer(int count, index_t apart) : step(apart), memory(length(count, apart)) {}
  static std::size_t length(int count, index_t step) {
    return static_cast<std::size_t>(1 + (count - 1) * (step < 0 ? -step : step));
  }
  S* first() { return step < 0 ? &memory.back() : memory.data(); }
  S& at(int i) { return first()[i * step]; }
};

template <class S>
S element(int i) {
  if constexpr (std::is_same_v<S, cohort::half>)
    return cohort::to_half(static_cast<float>(i) + 0.5F);
  else if constexpr (std::is_same_v<S, cohort::bfloat16>)
    return cohort::to_bfloat16(static_cast<float>(i) + 0.5F);
  else
    return static_cast<S>(i + 1);
}
template <class S>
double value(S const& x) {
  return cohort::detail::widen<double>(&x);
}

template <class V>
auto lanes(V const& x) {
  std::vector<typename traits<V>::scalar> out(traits<V>::size);
  traits<V>::store(out.data(), 1, traits<V>::size, x);
  return out;
}

template <class V, class S>
void check_load(int count, index_t step) {
  exact_buffer<S> buffer(count, step);
  for (int i = 0; i < count; ++i) buffer.at(i) = element<S>(i);
  auto const found = lanes(traits<V>::load(buffer.first(), step, count));
  for (int i = 0; i < count; ++i) CHECK(static_cast<double>(found[static_cast<std::size_t>(i)]) == value(buffer.at(i)));
}

template <class V, class S>
void check_store(int count, index_t step) {
  exact_buffer<S> source(traits<V>::size, 1), buffer(count, step), gaps(count, step);
  for (int i = 0; i < traits<V>::size; ++i) source.at(i) = element<S>(i);
  for (S& x : buffer.memory) x = element<S>(50);
  traits<V>::store(buffer.first(), step, count, traits<V>::load(source.first(), 1, traits<V>::size));
  for (S& x : gaps.memory) x = element<S>(50);
  for (int i = 0; i < count; ++i) gaps.at(i) = source.at(i);
  CHECK(support::same_bits(buffer.memory, gaps.memory));
}

template <class V, class S>
void check_gather(int count, index_t step) {
  std::vector<index_t> order;
  for (int i = 0; i < count; ++i) order.push_back((i * 7 + 3) % count);
  exact_buffer<S> buffer(count, step), written(count, step);
  for (int i = 0; i < count; ++i) buffer.at(i) = element<S>(i);
  auto const x = traits<V>::gather(buffer.first(), step, order.data(), count);
  auto const found = lanes(x);
  for (int i = 0; i < count; ++i) {
    auto const at = static_cast<std::size_t>(i);
    CHECK(static_cast<double>(found[at]) == value(buffer.at(static_cast<int>(order[at]))));
  }
  traits<V>::scatter(written.first(), step, order.data(), count, x);
  for (index_t const at : order)
    CHECK(value(written.at(static_cast<int>(at))) == value(buffer.at(static_cast<int>(at))));
}

template <class V, class S>
void check_all() {
  for (int count = 1; count <= traits<V>::size; ++count)
    for (index_t const step : steps) {
      CAPTURE(count, step);
      check_load<V, S>(count, step);
      if (step != 0) check_store<V, S>(count, step), check_gather<V, S>(count, step);
    }
}

/// Loads, stores, gathers and scatters touch their elements only.
template <class V>
void check_elements() {
  check_all<V, float>();
  check_all<V, double>();
  check_all<V, cohort::half>();
  check_all<V, cohort::bfloat16>();
  for (int count = 1; count <= traits<V>::size; ++count)
    for (index_t const step : steps) {
      check_load<V, std::uint8_t>(count, step);
      check_load<V, std::int32_t>(count, step);
      check_load<V, std::int64_t>(count, step);
    }
}

/// Whole packs of every 16-bit pattern against one element at a time.
template <class V, class S>
void check_widening() {
  constexpr std::size_t size = traits<V>::size;
  std::vector<S> x(1 << 16);
  for (std::uint32_t i = 0; i < x.size(); ++i) x[i].bits = static_cast<std::uint16_t>(i);
  int wrong = 0;
  for (std::size_t i = 0; i < x.size(); i += size) {
    auto const found = lanes(traits<V>::load(&x[i], 1, traits<V>::size));
    for (std::size_t k = 0; k < size; ++k) {
      float const expected = cohort::to_float(x[i + k]);
      wrong += std::isnan(expected) ? !std::isnan(found[k]) : !support::same_bits(found[k], expected);
    }
  }
  CHECK(wrong == 0);
}
template <class V, class S>
void check_narrowing() {
  constexpr std::size_t size = traits<V>::size;
  support::random random(3);
  int wrong = 0;
  for (int repeat = 0; repeat < 20000; ++repeat) {
    std::vector<float> x(size);
    for (float& value : x) value = std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()));
    if (repeat % 2 == 0) // about the range of half, ties among them
      for (float& value : x)
        value = std::ldexp(static_cast<float>(random.integer(-8192, 8192)), static_cast<int>(random.integer(-30, 4)));
    std::vector<S> found(size), expected(size);
    traits<V>::store(found.data(), 1, traits<V>::size, traits<V>::load(x.data(), 1, traits<V>::size));
    for (std::size_t i = 0; i < size; ++i) cohort::detail::narrow(&expected[i], x[i]);
    wrong += !support::same_bits(found, expected);
  }
  CHECK(wrong == 0);
}

/// 16-bit kinds by whole packs are those of one element.
template <class V>
void check_sixteen_bits() {
  check_widening<V, cohort::half>();
  check_widening<V, cohort::bfloat16>();
  check_narrowing<V, cohort::half>();
  check_narrowing<V, cohort::bfloat16>();
}

/// A step of 0 puts the one value into every lane.
template <class V>
void check_step_zero() {
  float const one = 2.5F;
  for (int count = 1; count <= traits<V>::size; ++count)
    CHECK(lanes(traits<V>::load(&one, 0, count)) == std::vector<typename traits<V>::scalar>(traits<V>::size, 2.5));
}

/// Special values pass through memory bit for bit.
template <class V>
void check_special_values() {
  using T = typename traits<V>::scalar;
  for (T const x : support::special_values<T>()) {
    for (int count = 1; count <= traits<V>::size; ++count) {
      std::vector<T> const in(static_cast<std::size_t>(count), x);
      std::vector<T> out(static_cast<std::size_t>(count));
      traits<V>::store(out.data(), 1, count, traits<V>::load(in.data(), 1, count));
      CHECK(support::same_bits(in, out));
    }
  }
}

/// Iota counts the lanes, head keeps the first.
template <class V>
void check_iota_and_head() {
  using T = typename traits<V>::scalar;
  constexpr int size = traits<V>::size;
  auto const counted = lanes(traits<V>::iota());
  for (int i = 0; i < size; ++i) CHECK(counted[static_cast<std::size_t>(i)] == T(i));
  for (int count = 0; count <= traits<V>::size; ++count) {
    auto const part = lanes(lane_head(count, traits<V>::iota(), V(-1)));
    for (int i = 0; i < size; ++i) CHECK(part[static_cast<std::size_t>(i)] == (i < count ? T(i) : T(-1)));
  }
}

/// Folds: sums in double, extremes exact.
template <class V>
void check_folds() {
  using T = typename traits<V>::scalar;
  constexpr int size = traits<V>::size;
  support::random random(41);
  for (int repeat = 0; repeat < 500; ++repeat) {
    auto x = random.normals<T>(size, 1e3);
    if (repeat % 5 == 0) x[static_cast<std::size_t>(random.integer(0, size - 1))] = std::numeric_limits<T>::infinity();
    auto const p = traits<V>::load(x.data(), 1, size);
    double sum = 0, low = cohort::infinity, high = -cohort::infinity;
    for (T const v : x) sum += v, low = std::fmin(low, v), high = std::fmax(high, v);
    CHECK(lane_fold(cohort::sum_rule{}, p) == approx(sum).epsilon(1e-12).margin(1e-9));
    CHECK(lane_fold(cohort::minimum_rule{}, p) == low);
    CHECK(lane_fold(cohort::maximum_rule{}, p) == high);
  }
  for (int i = 0; i < size; ++i) {
    std::vector<T> x(size, 1);
    x[static_cast<std::size_t>(i)] = std::numeric_limits<T>::quiet_NaN();
    CHECK(std::isnan(lane_fold(cohort::sum_rule{}, traits<V>::load(x.data(), 1, size))));
  }
}

} // namespace pack_cases
