// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: a product is of its factors' type or of that in which their arithmetic is done
#include <cohort/cohort.hpp>

#if defined(VIOLATE)
using result = cohort::half;
#else
using result = float;
#endif

void multiply(cohort::reference_context& context, float const (&left)[2][3], float const (&right)[3][4],
              result (&out)[2][4]) {
  context.multiply(cohort::matrix_product<float, result>{.rows = 2,
                                                         .columns = 4,
                                                         .depth = 3,
                                                         .left = {&left[0][0], 3},
                                                         .right = {&right[0][0], 4},
                                                         .result = &out[0][0],
                                                         .result_stride = 4});
}
