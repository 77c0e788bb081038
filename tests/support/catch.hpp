// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Catch2 2.13 and 3 under one include: the test macros, matchers, generators and `approx`.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using approx = Catch::Approx;
using Catch::Matchers::ContainsSubstring;
#elif __has_include(<catch2/catch.hpp>)
#include <catch2/catch.hpp>
using approx = Catch::Detail::Approx;
inline auto ContainsSubstring(std::string const& text) { return Catch::Matchers::Contains(text); }
#else
#error "Catch2 is missing: run sh cmake/setup.sh"
#endif

using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
