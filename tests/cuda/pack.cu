// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// A thread's pack compiles for the device: memory of every kind, every word, formulas, accumulators.
#include <cohort/backend/block/pack.hpp>
#include <cohort/core/mask.hpp>
#include <cohort/formula/k3.hpp>
#include <cohort/formula/ppo_clip.hpp>
#include <cohort/formula/sapo.hpp>
#include <cohort/formula/vespo.hpp>
#include <cohort/gradient/detail/row_exponential.hpp>

namespace {

template <class S, int N>
using pack = cohort::detail::thread_pack<S, N>;

template <class V>
__device__ V words(V a, V b) {
  auto const chosen = lane_or(lane_and(a < b, b <= a), lane_not(lane_and(a != b, a == b)));
  V const x = lane_select(chosen, lane_fma(a, b, -a) / lane_sqrt(b), cohort::lane_clamp(a, V(-1), V(1)));
  return lane_any(a > b) ? lane_log(x) - lane_abs(b) : lane_exp(lane_multiply(x, b)) + a;
}

template <class V>
__device__ V formulas(V ratio, V advantage, V log_prob) {
  auto const a = cohort::ppo_clip{}(ratio, advantage);
  auto const b = cohort::k3{1}(log_prob, advantage);
  auto const c = cohort::vespo{}(ratio, advantage, log_prob);
  return a.value + a.slope + b.value + b.slope + c.value + cohort::sapo{}(ratio, advantage).slope;
}

/// Row of exponentials: what is read, computed and written of 16-bit and of float logits.
template <class L, int N>
__global__ void exponentials(L const* logits, L* out, double* sum, double high, double factor, cohort::index_t n) {
  using V = pack<cohort::compute_t<L>, N>;
  cohort::sum_of<V> total;
  for (cohort::index_t c = N * cohort::index_t(threadIdx.x); c < n; c += N * cohort::index_t(blockDim.x)) {
    int const count = static_cast<int>(n - c < N ? n - c : N);
    V const x = cohort::lane_traits<V>::load(logits + c, 1, count);
    V const e = cohort::detail::row_exponential<V, cohort::detail::exponential_for::compute_type>(factor)(x - V(high));
    cohort::lane_traits<V>::store_normal(out + c, count, e);
    total = merge(total, head(count, cohort::sum_of<V>{e}));
  }
  sum[threadIdx.x] = fold(total).sum;
}

/// Lines with any strides and orders, masks, positions.
template <class T, int N>
__global__ void lines(cohort::line<T> x, cohort::line<T> y, cohort::mask_line mask,
                      cohort::row_layout<cohort::device_space> rows, double* first) {
  using V = pack<T, N>;
  cohort::lane<V, true> const at{static_cast<int>(threadIdx.x)};
  V const a = load(at, x, 0), b = load(at, y, 0);
  auto const valid = cohort::load_mask<T>(at, mask, 0);
  store(at, y, 0, lane_select(valid, words(a, b), formulas(a, b, b - a)));
  auto const place = position_where(at, rows, 0, 0, valid);
  *first = lane_fold(cohort::minimum_rule{}, place) +
           lane_fold(cohort::maximum_rule{}, cohort::column_where<V>(0, cohort::lane_traits<V>::bits(threadIdx.x)));
}

template <class L, int N>
void launch_exponentials() {
  exponentials<L, N><<<1, 256>>>(nullptr, nullptr, nullptr, 0, 1, 0);
}

} // namespace

void every_pack() {
  launch_exponentials<cohort::half, 8>();
  launch_exponentials<cohort::bfloat16, 8>();
  launch_exponentials<float, 4>();
  launch_exponentials<float, 8>();
  launch_exponentials<double, 4>();
  lines<float, 4><<<1, 32>>>({}, {}, {}, {}, nullptr);
  lines<float, 8><<<1, 32>>>({}, {}, {}, {}, nullptr);
  lines<double, 4><<<1, 32>>>({}, {}, {}, {}, nullptr);
}
