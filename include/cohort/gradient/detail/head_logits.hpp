// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Logits of some rows from hidden states, into the workspace, and the way back through what was done to them.
///
///   x[i,v]      = logit_scale * (sum_h hidden[i,h] weights[v,h] + bias[v])
///   logits[i,v] = cap tanh(x[i,v] / cap)                d logits / d x = 1 - (logits / cap)^2
#pragma once

#include <cohort/core/multiplying_context.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/gradient/detail/head_rows.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// tanh by exp(y) - 1 at y = -2 |x|, which k3's slope has without cancellation.
template <class V>
COHORT_HOST_DEVICE COHORT_INLINE V lane_tanh(V x) {
  V const e = V(0) - k3{1}(V(0), V(-2) * lane_abs(x)).slope;
  V const size = V(0) - e / (V(2) + e);
  return lane_select(x < V(0), V(0) - size, size);
}

/// In place.
template <class T>
struct capped_cells {
  listed_rows<T> logits;
  double cap;

  [[nodiscard]] COHORT_HOST_DEVICE auto row(index_t i) const {
    return [row = logits[i], limit = cap]<class At>(At at, index_t c) COHORT_FLAT {
      using V = typename At::type;
      V const x = lane_traits<V>::load(row + c, 1, at.count);
      lane_traits<V>::store(row + c, 1, at.count, V(limit) * lane_tanh(x * V(1 / limit)));
    };
  }
};

/// Gradients with respect to the capped logits become those with respect to x.
template <class T>
struct uncapped_gradient_cells {
  listed_rows<T const> logits;
  listed_rows<T> gradient;
  double cap;

  [[nodiscard]] COHORT_HOST_DEVICE auto row(index_t i) const {
    return [row = logits[i], out = gradient[i], inverse = 1 / cap]<class At>(At at, index_t c) COHORT_FLAT {
      using V = typename At::type;
      V const t = lane_traits<V>::load(row + c, 1, at.count) * V(inverse), one(1);
      V const g = lane_traits<V>::load(out + c, 1, at.count);
      V const inner = lane_select(g == V(0), g, g * ((one - t) * (one + t))); // of a row that is left out, t may be NaN
      lane_traits<V>::store(out + c, 1, at.count, inner);
    };
  }
};

/// What stands between hidden states and logits.
template <class L, class Space>
struct head_map {
  view<L const, 2, Space> weights;
  optional_view<L const, 1, Space> bias;
  double scale;
  double cap;

  [[nodiscard]] index_t width() const { return weights.extent[1]; }
  [[nodiscard]] index_t vocabulary() const { return weights.extent[0]; }
  [[nodiscard]] bool capped() const { return cap < infinity; }

  /// The logits of `rows` hidden states for classes [first, first + classes), rounded to X.
  template <class X, class Context>
  COHORT_HIDDEN void logits(Context& context, index_t rows, L const* hidden, index_t hidden_stride, index_t first,
                            index_t classes, X* out, index_t stride) const {
    if (bias.given)
      fill_rows<X, L>(context, rows, classes, {out, stride}, {bias.data + first * bias.stride[0], bias.stride[0]},
                      scale);
    context.multiply(matrix_product<L, X>{.rows = rows,
                                          .columns = classes,
                                          .depth = width(),
                                          .left = {hidden, hidden_stride},
                                          .right = {weights.data + first * weights.stride[0], weights.stride[0], true},
                                          .result = out,
                                          .result_stride = stride,
                                          .scale = scale,
                                          .accumulate = bias.given});
    if (capped()) for_each_cell<X>(context, rows, classes, capped_cells<X>{{out, stride}, cap});
  }
};

} // namespace detail

COHORT_NAMESPACE_END
