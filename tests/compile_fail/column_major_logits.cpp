// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// expect: cohort: logits are row-major
#include <Eigen/Core>

#include <cohort/cohort.hpp>
#include <cohort/interop/eigen.hpp>

#if defined(VIOLATE)
using matrix = Eigen::MatrixXf;
#else
using matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
#endif

void score(cohort::reference_context& context, matrix const& logits, Eigen::VectorXi const& token,
           Eigen::VectorXf& log_prob) {
  cohort::token_log_prob<float>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
}
