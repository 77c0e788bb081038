// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Products of matrices by Eigen's kernels, cut into blocks of the result and of the depth by the extents alone: an
/// element's sum is the same whoever computes it.
///
/// The kernels and not Eigen's products, because those start OpenMP's threads where the program is compiled for them,
/// take other paths for small or misaligned operands, and have names that say nothing of the instruction set.
/// Factors of 16 bits become floats a step of the depth at a time, and a result of 16 bits is rounded once, from a float
/// tile: Eigen's own kernels for those types round every sum.
/// Allocates: packed panels in every block, the floats of 16-bit factors and results, and the partial results of a depth
/// that is cut.
#pragma once

#include <algorithm>
#include <memory>
#include <new>

#include <Eigen/Core>

#include <cohort/backend/eigen/pack_memory.hpp>
#include <cohort/core/equal_parts.hpp>
#include <cohort/core/multiplying_context.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Enough blocks for some threads: of a result that is too small for that, the depth is cut.
struct product_cut {
  static constexpr index_t least_blocks = 16, least_depth = 2048;
  equal_parts rows, columns, depth;

  product_cut(index_t m, index_t n, index_t k)
      : rows(m, 512, 4), columns(n, 1008, 48), depth(k, slab(rows.count * columns.count, k), 8) {}
  [[nodiscard]] index_t tiles() const { return rows.count * columns.count; }

private:
  static index_t slab(index_t tiles, index_t k) {
    index_t const slabs = tiles > 0 ? (least_blocks - 1) / tiles + 1 : 1;
    return (std::max)(least_depth, (k - 1) / slabs + 1);
  }
};

template <class T>
struct packed_panel {
  struct release {
    void operator()(T* p) const { ::operator delete (p, std::align_val_t{64}); }
  };
  std::unique_ptr<T, release> memory;
  explicit packed_panel(index_t elements) {
    if (elements > 0)
      memory.reset(
          static_cast<T*>(::operator new (static_cast<std::size_t>(elements) * sizeof(T), std::align_val_t{64})));
  }
};

/// to = from, or to += from, where one of them may have 16 bits.
template <bool Add, class From, class To>
COHORT_HIDDEN void convert_run(From const* from, To* to, index_t n) {
  using traits = lane_traits<pack<compute_t<To>>>;
  for (index_t c = 0; c < n; c += traits::size) {
    int const count = static_cast<int>((std::min)(index_t{traits::size}, n - c));
    auto const x = traits::load(from + c, 1, count);
    traits::store(to + c, 1, count, Add ? traits::load(to + c, 1, count) + x : x);
  }
}

/// A factor, steps of the depth at a time: where it stands, or as floats. `across` are the rows of a left one, the
/// columns of a right one; along_depth says that in memory its rows run along the depth.
template <class T>
struct factor_steps {
  using C = compute_t<T>;
  static constexpr bool converts = !std::is_same_v<T, C>;

  matrix_factor<T> factor;
  index_t across;
  bool along_depth;
  packed_panel<C> floats;

  factor_steps(matrix_factor<T> const& x, index_t n, bool along, index_t step)
      : factor(x), across(n), along_depth(along), floats(converts ? n * step : 0) {}

  /// Elements [k, k + n) of the depth.
  [[nodiscard]] matrix_factor<C> step(index_t k, index_t n) const {
    T const* const from = factor.data + k * (along_depth ? 1 : factor.stride);
    if constexpr (converts) {
      index_t const rows = along_depth ? across : n, columns = along_depth ? n : across;
      for (index_t i = 0; i < rows; ++i)
        convert_run<false>(from + i * factor.stride, floats.memory.get() + i * columns, columns);
      return {floats.memory.get(), columns};
    } else {
      return {from, factor.stride};
    }
  }
};

// Eigen's views of memory under names of ours.
template <class T, int Order>
struct factor_map : Eigen::internal::const_blas_data_mapper<T, Eigen::Index, Order> {
  using Eigen::internal::const_blas_data_mapper<T, Eigen::Index, Order>::const_blas_data_mapper;
};
template <class T>
using column_major_map = Eigen::internal::blas_data_mapper<T, Eigen::Index, Eigen::ColMajor>;
template <class T>
struct result_map : column_major_map<T> {
  using column_major_map<T>::column_major_map;
};

/// result += scale * left * right, on the calling thread. Eigen's kernel wants columns: it sees the transpose of
/// everything, right' (columns x depth) times left' (depth x rows).
template <class S, bool LeftTransposed, bool RightTransposed>
COHORT_HIDDEN void add_product(matrix_product<S, compute_t<S>> const& p) {
  namespace kernel = Eigen::internal;
  using T = compute_t<S>;
  using traits = kernel::gebp_traits<T, T>;
  constexpr int left_order = LeftTransposed ? Eigen::RowMajor : Eigen::ColMajor;
  constexpr int right_order = RightTransposed ? Eigen::RowMajor : Eigen::ColMajor;
  using left_map = factor_map<T, left_order>;
  using right_map = factor_map<T, right_order>;
  kernel::gemm_pack_rhs<T, Eigen::Index, left_map, traits::nr, left_order> pack_left;
  kernel::gemm_pack_lhs<T, Eigen::Index, right_map, traits::mr, traits::LhsProgress, typename traits::LhsPacket4Packing,
                        right_order>
      pack_right;
  kernel::gebp_kernel<T, T, Eigen::Index, result_map<T>, traits::mr, traits::nr, false, false> multiply;

  equal_parts const steps(p.depth, packs::pack_size == 16 ? 1024 : 320, 8); // what the first two caches hold
  packed_panel<T> const left(steps.size * p.rows), right(steps.size * p.columns);
  factor_steps<S> const left_steps(p.left, p.rows, !LeftTransposed, steps.size);
  factor_steps<S> const right_steps(p.right, p.columns, RightTransposed, steps.size);
  for (index_t s = 0; s < steps.count; ++s) {
    index_t const k = steps.first(s), n = steps.length(s);
    auto const l = left_steps.step(k, n), r = right_steps.step(k, n);
    pack_left(left.memory.get(), left_map(l.data, l.stride), n, p.rows);
    pack_right(right.memory.get(), right_map(r.data, r.stride), n, p.columns);
    multiply(result_map<T>(p.result, p.result_stride), right.memory.get(), left.memory.get(), p.columns, n, p.rows,
             static_cast<T>(p.scale));
  }
}

template <class T>
void add_product(matrix_product<T, compute_t<T>> const& p) {
  if (p.left.transposed) return p.right.transposed ? add_product<T, true, true>(p) : add_product<T, true, false>(p);
  return p.right.transposed ? add_product<T, false, true>(p) : add_product<T, false, false>(p);
}

/// Block b of a product: a tile of the result over a slab of the depth. The first slab's is made in place, or, where the
/// result has 16 bits, in floats of its own; those of other slabs stand beside, and all of them where floats are rounded.
template <class T, class R>
struct product_block {
  using sum = compute_t<T>;
  static constexpr bool rounds = !std::is_same_v<R, sum>;

  matrix_product<T, R> const& whole;
  product_cut const& cut;
  sum* partials; ///< one result after the other

  COHORT_HIDDEN void operator()(index_t b) const {
    index_t const slab = b / cut.tiles(), tile = b % cut.tiles();
    index_t const i = tile % cut.rows.count, j = tile / cut.rows.count;
    index_t const row = cut.rows.first(i), column = cut.columns.first(j), k = cut.depth.first(slab);
    auto const &l = whole.left, &r = whole.right;
    matrix_product<T, sum> p{
        .rows = cut.rows.length(i),
        .columns = cut.columns.length(j),
        .depth = cut.depth.length(slab),
        .left = {l.data + (l.transposed ? k * l.stride + row : row * l.stride + k), l.stride, l.transposed},
        .right = {r.data + (r.transposed ? column * r.stride + k : k * r.stride + column), r.stride, r.transposed},
        .result = nullptr,
        .result_stride = whole.columns,
        .scale = whole.scale};
    R* const to = whole.result + row * whole.result_stride + column;
    index_t const beside = slab - (rounds && cut.depth.count > 1 ? 0 : 1);
    if (beside >= 0) {
      p.result = partials + beside * whole.rows * whole.columns + row * whole.columns + column;
      add_to_zero(p);
    } else {
      in_place(p, to);
    }
  }

private:
  COHORT_HIDDEN static void add_to_zero(matrix_product<T, sum> const& p) {
    for (index_t r = 0; r < p.rows; ++r) std::fill_n(p.result + r * p.result_stride, p.columns, sum(0));
    if (p.depth > 0) add_product(p);
  }
  COHORT_HIDDEN void in_place(matrix_product<T, sum>& p, R* to) const {
    if constexpr (rounds) {
      packed_panel<sum> const tile(p.rows * p.columns);
      p.result = tile.memory.get(), p.result_stride = p.columns;
      add_to_zero(p);
      for (index_t r = 0; r < p.rows; ++r) {
        R* const row = to + r * whole.result_stride;
        if (whole.accumulate) convert_run<true>(row, p.result + r * p.columns, p.columns);
        convert_run<false>(p.result + r * p.columns, row, p.columns);
      }
    } else {
      p.result = to, p.result_stride = whole.result_stride;
      if (!whole.accumulate) return add_to_zero(p);
      if (p.depth > 0) add_product(p);
    }
  }
};

/// Adds the slabs of one row of tiles to the result, in their order.
template <class T, class R>
struct partial_rows {
  using sum = compute_t<T>;

  matrix_product<T, R> const& whole;
  product_cut const& cut;
  sum* partials;
  index_t rows; ///< of one block

  COHORT_HIDDEN void operator()(index_t b) const {
    for (index_t i = b * rows; i < (std::min)((b + 1) * rows, whole.rows); ++i) {
      R* const result = whole.result + i * whole.result_stride;
      if constexpr (std::is_same_v<R, sum>) {
        add_slabs(i, 0, cut.depth.count - 1, result);
      } else {
        sum* const row = partials + i * whole.columns;
        if (whole.accumulate) convert_run<true>(result, row, whole.columns);
        add_slabs(i, 1, cut.depth.count, row);
        convert_run<false>(row, result, whole.columns);
      }
    }
  }

private:
  COHORT_HIDDEN void add_slabs(index_t i, index_t first, index_t last, sum* to) const {
    for (index_t slab = first; slab < last; ++slab) {
      sum const* const from = partials + (slab * whole.rows + i) * whole.columns;
      for (index_t j = 0; j < whole.columns; ++j) to[j] += from[j];
    }
  }
};

template <class T, class R, class Executor>
COHORT_HIDDEN void multiply_on(Executor& executor, matrix_product<T, R> const& p) {
  using block = product_block<T, R>;
  product_cut const cut(p.rows, p.columns, p.depth);
  index_t const slabs = (std::max)(cut.depth.count, index_t{1});
  packed_panel<typename block::sum> const partials((block::rounds && slabs > 1 ? slabs : slabs - 1) * p.rows *
                                                   p.columns);
  executor.run(cut.tiles() * slabs, block{p, cut, partials.memory.get()});
  constexpr index_t rows = 16;
  if (slabs > 1) executor.run((p.rows - 1) / rows + 1, partial_rows<T, R>{p, cut, partials.memory.get(), rows});
}

} // namespace detail

COHORT_NAMESPACE_END
