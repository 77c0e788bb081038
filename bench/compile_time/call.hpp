// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What every call here includes, and no more. Each file holds one function that calls the library once.
#pragma once

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

using cohort::index_t;

template <class T>
using vector = cohort::view<T, 1, cohort::host_space>;
template <class T>
using matrix = cohort::view<T, 2, cohort::host_space>;
