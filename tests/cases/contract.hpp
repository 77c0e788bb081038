// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A call that breaks a rule: what check_* says, what the algorithm throws, and that nothing is written.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cohort/core/error.hpp>

#include <cases/tensors.hpp>
#include <support/catch.hpp>

namespace cases {

/// What a test does to a valid call. Erased, as all below: hundreds of changes are one piece of code, not hundreds.
template <class Call>
using change = std::function<void(Call&)>;

/// `check` returns a status, `call` runs the algorithm, `untouched` says whether every output still has its bits.
inline void refuses(std::string const& function, std::string const& argument, cohort::error_code code,
                    std::function<cohort::status()> const& check, std::function<void()> const& call,
                    std::function<bool()> const& untouched) {
  INFO(function << " must refuse " << argument << " with code " << static_cast<int>(code));
  cohort::status const s = check();
  CHECK(static_cast<int>(s.code) == static_cast<int>(code));
  CHECK(std::string(s.function) == function);
  CHECK(std::string(s.argument) == argument);
  CHECK_FALSE(std::string(s.rule).empty());
  CHECK(untouched());
  try {
    call();
    FAIL_CHECK("no contract_error");
  } catch (cohort::contract_error const& error) {
    std::string const text = error.what();
    CHECK(text.find(function + ": " + argument) == 0);
    CHECK(text.find(s.rule) != std::string::npos);
    CHECK(static_cast<int>(error.status().code) == static_cast<int>(code));
  }
  CHECK(untouched());
}

/// f(integers, values) with values that start at the first and inside the last of the integers: an output that lies there
/// must be refused, and nothing be written.
template <class T, class F>
void over_integers(std::vector<std::int64_t> const& integers, F const& f) {
  constexpr std::size_t room = 8, step = sizeof(std::int64_t) / sizeof(T);
  auto memory = integers;
  memory.resize(integers.size() + room, 77);
  auto const before = memory;
  for (std::size_t const first : {std::size_t{0}, integers.size() * step - 1})
    f(loose_vector(memory.data(), static_cast<cohort::index_t>(integers.size())),
      reinterpret_cast<T*>(memory.data()) + first);
  CHECK(memory == before);
}

/// Extents and strides that leave 64 bits when multiplied.
inline constexpr cohort::index_t huge = cohort::index_t{1} << 40, far = cohort::index_t{1} << 62;

/// f(code, shape) for every rule that an argument over two rows of three tokens can break; shape(data) makes it.
template <class F>
void for_each_bad_rectangle(F const& f) {
  using cohort::error_code;
  f(error_code::null_data, [](auto* data) { return loose_matrix(decltype(data){nullptr}, 2, 3, 3); });
  f(error_code::bad_extent, [](auto* data) { return loose_matrix(data, -2, 3, 3); });
  f(error_code::bad_extent, [](auto* data) { return loose_matrix(data, 2, -3, 3); });
  f(error_code::size_overflow, [](auto* data) { return loose_matrix(data, huge, huge, 0, 0); });
  f(error_code::bad_stride, [](auto* data) { return loose_matrix(data, 2, 3, far); });
  f(error_code::bad_stride, [](auto* data) { return loose_matrix(data, 2, 3, 3, -far); });
  f(error_code::shape_mismatch, [](auto* data) { return loose_matrix(data, 3, 3, 3); });
  f(error_code::shape_mismatch, [](auto* data) { return loose_matrix(data, 2, 4, 4); });
}

} // namespace cases
