// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What nearly every test includes, for a precompiled header: a test includes what it uses all the same.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cohort/interop/span.hpp>
#include <engines/calls.hpp>
#include <support/contexts.hpp>
