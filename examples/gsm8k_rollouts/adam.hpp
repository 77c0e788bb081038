// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace gsm8k {

/// Adam, with the gradient scaled down to a largest Euclidean norm before.
///
///   m <- b1 m + (1 - b1) g     v <- b2 v + (1 - b2) g^2
///   x <- x - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
///
/// Reference   Kingma and Ba 2015, algorithm 1.
class adam {
public:
  using vector = Eigen::VectorXf;

  adam(Eigen::Index parameters, double rate, double largest_norm)
      : rate_{rate}, largest_norm_{largest_norm}, first_{vector::Zero(parameters)}, second_{vector::Zero(parameters)} {}

  /// Returns the norm of the gradient as it came.
  double step(vector const& gradient, vector& parameters) {
    double const norm = std::sqrt(static_cast<double>(gradient.squaredNorm()));
    auto const scale = static_cast<float>(largest_norm_ / (std::max)(norm, largest_norm_));
    ++steps_;
    auto const g = gradient.array() * scale;
    first_.array() += (1 - static_cast<float>(beta1)) * (g - first_.array());
    second_.array() += (1 - static_cast<float>(beta2)) * (g.square() - second_.array());
    auto const rate = static_cast<float>(rate_ / (1 - std::pow(beta1, steps_)));
    auto const unbias = static_cast<float>(1 / (1 - std::pow(beta2, steps_)));
    parameters.array() -= rate * first_.array() / ((second_.array() * unbias).sqrt() + epsilon);
    return norm;
  }

private:
  static constexpr double beta1 = 0.9, beta2 = 0.999;
  static constexpr float epsilon = 1e-8F;
  double rate_, largest_norm_;
  int steps_ = 0;
  vector first_, second_;
};

} // namespace gsm8k
