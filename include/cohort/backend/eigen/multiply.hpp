// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Products of matrices by Eigen's kernels, cut into blocks of the result and of the depth by the extents alone: an
/// element's sum is the same whoever computes it.
///
/// The kernels and not Eigen's products, because those start OpenMP's threads where the program is compiled for them,
/// take other paths for small or misaligned operands, and have names that say nothing of the instruction set.
/// Allocates: packed panels in every block, and the partial results of a depth that is cut.
#pragma once

#include <algorithm>
#include <memory>
#include <new>

#include <Eigen/Core>

#include <cohort/backend/eigen/pack.hpp>
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
  explicit packed_panel(index_t elements)
      : memory(static_cast<T*>(::operator new (static_cast<std::size_t>(elements) * sizeof(T), std::align_val_t{64}))) {
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
template <class T, bool LeftTransposed, bool RightTransposed>
COHORT_HIDDEN void add_product(matrix_product<T> const& p) {
  namespace kernel = Eigen::internal;
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
  for (index_t s = 0; s < steps.count; ++s) {
    index_t const k = steps.first(s), n = steps.length(s);
    pack_left(left.memory.get(), left_map(p.left.data + k * (LeftTransposed ? p.left.stride : 1), p.left.stride), n,
              p.rows);
    pack_right(right.memory.get(), right_map(p.right.data + k * (RightTransposed ? 1 : p.right.stride), p.right.stride),
               n, p.columns);
    multiply(result_map<T>(p.result, p.result_stride), right.memory.get(), left.memory.get(), p.columns, n, p.rows,
             static_cast<T>(p.scale));
  }
}

template <class T>
void add_product(matrix_product<T> const& p) {
  if (p.left.transposed) return p.right.transposed ? add_product<T, true, true>(p) : add_product<T, true, false>(p);
  return p.right.transposed ? add_product<T, false, true>(p) : add_product<T, false, false>(p);
}

/// Block b of a product: a tile of the result over a slab of the depth, the first slab's in place.
template <class T>
struct product_block {
  matrix_product<T> const& whole;
  product_cut const& cut;
  T* partials; ///< one result after the other, for the slabs from the second on

  COHORT_HIDDEN void operator()(index_t b) const {
    index_t const slab = b / cut.tiles(), tile = b % cut.tiles();
    index_t const i = tile % cut.rows.count, j = tile / cut.rows.count;
    index_t const row = cut.rows.first(i), column = cut.columns.first(j), k = cut.depth.first(slab);
    matrix_product<T> p = whole;
    p.rows = cut.rows.length(i), p.columns = cut.columns.length(j);
    p.depth = cut.depth.length(slab);
    p.left.data += p.left.transposed ? k * p.left.stride + row : row * p.left.stride + k;
    p.right.data += p.right.transposed ? column * p.right.stride + k : k * p.right.stride + column;
    if (slab > 0) {
      p.result = partials + (slab - 1) * whole.rows * whole.columns;
      p.result_stride = whole.columns, p.accumulate = false;
    }
    p.result += row * p.result_stride + column;
    if (!p.accumulate)
      for (index_t r = 0; r < p.rows; ++r) std::fill_n(p.result + r * p.result_stride, p.columns, T(0));
    if (p.depth > 0) add_product(p);
  }
};

/// Adds the slabs of one row of tiles to the result, in their order.
template <class T>
struct partial_rows {
  matrix_product<T> const& whole;
  product_cut const& cut;
  T const* partials;
  index_t rows; ///< of one block

  COHORT_HIDDEN void operator()(index_t b) const {
    for (index_t i = b * rows; i < (std::min)((b + 1) * rows, whole.rows); ++i)
      for (index_t slab = 1; slab < cut.depth.count; ++slab) {
        T const* const from = partials + ((slab - 1) * whole.rows + i) * whole.columns;
        T* const to = whole.result + i * whole.result_stride;
        for (index_t j = 0; j < whole.columns; ++j) to[j] += from[j];
      }
  }
};

template <class T, class Executor>
COHORT_HIDDEN void multiply_on(Executor& executor, matrix_product<T> const& p) {
  product_cut const cut(p.rows, p.columns, p.depth);
  index_t const slabs = (std::max)(cut.depth.count, index_t{1});
  packed_panel<T> const partials((slabs - 1) * p.rows * p.columns);
  executor.run(cut.tiles() * slabs, product_block<T>{p, cut, partials.memory.get()});
  constexpr index_t rows = 16;
  if (slabs > 1) executor.run((p.rows - 1) / rows + 1, partial_rows<T>{p, cut, partials.memory.get(), rows});
}

} // namespace detail

COHORT_NAMESPACE_END
