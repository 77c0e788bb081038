// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: block_executor
#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>

struct executor {
#if !defined(VIOLATE)
  template <class F>
  void run(cohort::index_t blocks, F const& f) {
    for (cohort::index_t b = 0; b < blocks; ++b) f(b);
  }
#endif
};

cohort::basic_eigen_context<executor> make() { return cohort::basic_eigen_context<executor>(executor{}); }
