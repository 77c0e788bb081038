// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// context.multiply against its definition in long double: shapes around every cut, strides, transposes, every pair of
/// types.
#include <cases/contexts.hpp>
#include <cases/storage.hpp>
#include <engines/rows.hpp>

namespace {

using cohort::index_t;

struct shape {
  index_t rows, columns, depth;
};

template <class Factor, class Result = Factor>
struct types {
  using factor = Factor;
  using result = Result;
};
using cases::stored;
template <class T>
long double value(T const& x) {
  return static_cast<long double>(cases::value(x));
}
/// Half a unit of the last place, where a result has 16 bits.
template <class T>
double storage_rounding(long double x) {
  if (std::is_same_v<T, cohort::half>) return 0x1p-11 * static_cast<double>(std::fabs(x)) + 0x1p-25;
  return std::is_same_v<T, cohort::bfloat16> ? 0x1p-8 * static_cast<double>(std::fabs(x)) : 0;
}

/// A product and its operands, the rows `gap` elements further apart than they are long, NaN between them.
template <class Types>
struct operands {
  using T = typename Types::factor;
  using R = typename Types::result;
  shape size;
  index_t gap;
  bool left_transposed, right_transposed;
  std::vector<T> left, right;
  std::vector<R> result;

  operands(shape const& x, index_t apart, bool first, bool second)
      : size(x), gap(apart), left_transposed(first), right_transposed(second) {
    support::random random(7);
    fill(left, first ? x.depth : x.rows, first ? x.rows : x.depth, random);
    fill(right, second ? x.columns : x.depth, second ? x.depth : x.columns, random);
    fill(result, x.rows, x.columns, random);
  }
  template <class X>
  void fill(std::vector<X>& x, index_t rows, index_t columns, support::random& random) {
    x.assign(static_cast<std::size_t>(rows * (columns + gap)), stored<X>(cohort::not_a_number));
    for (index_t i = 0; i < rows; ++i)
      for (index_t j = 0; j < columns; ++j)
        x[static_cast<std::size_t>(i * (columns + gap) + j)] = stored<X>(random.uniform(-1, 1));
  }
  [[nodiscard]] T left_at(index_t i, index_t k) const {
    return left[static_cast<std::size_t>(left_transposed ? k * (size.rows + gap) + i : i * (size.depth + gap) + k)];
  }
  [[nodiscard]] T right_at(index_t k, index_t j) const {
    return right[static_cast<std::size_t>(right_transposed ? j * (size.depth + gap) + k
                                                           : k * (size.columns + gap) + j)];
  }
  template <class Context>
  std::vector<R> run(Context& context, double scale, bool accumulate) const {
    auto out = result;
    context.multiply(cohort::matrix_product<T, R>{
        .rows = size.rows,
        .columns = size.columns,
        .depth = size.depth,
        .left = {left.data(), (left_transposed ? size.rows : size.depth) + gap, left_transposed},
        .right = {right.data(), (right_transposed ? size.depth : size.columns) + gap, right_transposed},
        .result = out.data(),
        .result_stride = size.columns + gap,
        .scale = scale,
        .accumulate = accumulate});
    return out;
  }
};

/// At every element, or at some of a large result; the gaps between rows keep their bits.
template <class Types>
void check(operands<Types> const& x, std::vector<typename Types::result> const& found, double scale, bool accumulate) {
  using T = typename Types::factor;
  using R = typename Types::result;
  index_t const pitch = x.size.columns + x.gap, step = x.size.rows * x.size.columns * x.size.depth > 2000000 ? 37 : 1;
  double worst = 0;
  for (index_t at = 0; at < x.size.rows * pitch; at += step) {
    index_t const i = at / pitch, j = at % pitch;
    auto const cell = static_cast<std::size_t>(at);
    if (j >= x.size.columns) {
      REQUIRE(support::same_bits(found[cell], x.result[cell]));
      continue;
    }
    long double sum = 0, size = 0;
    for (index_t k = 0; k < x.size.depth; ++k) {
      auto const term = value(x.left_at(i, k)) * value(x.right_at(k, j));
      sum += term, size += std::fabs(term);
    }
    sum *= scale, size *= std::fabs(scale);
    if (accumulate) sum += value(x.result[cell]), size += 1;
    // a chain of at most 1024 roundings, and the folds of its blocks; then the rounding where the result is stored
    double const summed = support::unit_roundoff<cohort::compute_t<T>> *
                          (2 + std::sqrt(static_cast<double>(x.size.depth))) * static_cast<double>(size);
    double const allowed = summed + storage_rounding<R>(sum);
    double const error = static_cast<double>(std::fabs(value(found[cell]) - sum));
    if (error > 0) worst = std::fmax(worst, error / allowed);
  }
  CAPTURE(x.size.rows, x.size.columns, x.size.depth, x.gap, x.left_transposed, x.right_transposed, accumulate);
  CHECK(worst <= 1);
}

template <class Types>
void check_everywhere(shape const& size, index_t gap, bool first, bool second, bool accumulate) {
  operands<Types> const x(size, gap, first, second);
  double const scale = accumulate ? -0.75 : 1;
  auto const all = cases::outcomes([&](auto& context) { return x.run(context, scale, accumulate); });
  for (auto const& found : all) check(x, found, scale, accumulate);
  for (std::size_t i = cases::first_eigen; i < all.size(); ++i)
    CHECK(support::same_bits(all[i], all[cases::first_eigen]));
}

using float_pair = types<float>;
using double_pair = types<double>;
using half_pair = types<cohort::half>;
using half_sums = types<cohort::half, float>;
using bfloat_pair = types<cohort::bfloat16>;
using bfloat_sums = types<cohort::bfloat16, float>;

} // namespace

TEMPLATE_TEST_CASE("multiply: every transpose, stride and small shape", "[backend][multiply]", float_pair, double_pair,
                   half_pair, half_sums, bfloat_pair, bfloat_sums) {
  for (shape const& size : {shape{1, 1, 1}, {1, 1, 700}, {1, 9, 5}, {9, 1, 5}, {5, 3, 2}, {7, 33, 65}, {50, 49, 17}})
    for (index_t const gap : {0, 3})
      for (int const kind : {0, 1, 2, 3}) check_everywhere<TestType>(size, gap, kind & 1, kind & 2, kind == 1);
}

TEMPLATE_TEST_CASE("multiply: around the cuts", "[backend][multiply]", float_pair, double_pair, half_pair, half_sums,
                   bfloat_pair, bfloat_sums) {
  check_everywhere<TestType>({514, 5, 3}, 1, false, true, false);
  check_everywhere<TestType>({3, 1010, 6}, 0, false, true, true);
  check_everywhere<TestType>({6, 5, 4101}, 2, false, false, false); // the depth in slabs
  check_everywhere<TestType>({6, 5, 4101}, 0, true, false, true);
  check_everywhere<TestType>({20, 50, 1030}, 0, true, true, true);
}

TEMPLATE_TEST_CASE("multiply: nothing to add, and nothing at all", "[backend][multiply]", float_pair, double_pair,
                   half_pair, half_sums, bfloat_pair, bfloat_sums) {
  support::on_every_context([](auto& context) {
    operands<TestType> const x({3, 4, 0}, 0, false, false);
    CHECK(support::same_bits(x.run(context, 1, false), std::vector<typename TestType::result>(12)));
    CHECK(support::same_bits(x.run(context, 1, true), x.result));
    for (shape const& size : {shape{0, 4, 3}, {4, 0, 3}, {0, 0, 0}}) {
      operands<TestType> const none(size, 0, false, false);
      CHECK(none.run(context, 1, false).empty());
    }
  });
}

TEMPLATE_TEST_CASE("multiply: what is overwritten is not read", "[backend][multiply]", float_pair, double_pair,
                   half_pair, half_sums, bfloat_pair, bfloat_sums) {
  support::on_every_context([](auto& context) {
    operands<TestType> x({5, 6, 3000}, 0, false, true);
    auto const found = x.run(context, 1, false);
    std::fill(x.result.begin(), x.result.end(), stored<typename TestType::result>(cohort::not_a_number));
    CHECK(support::same_bits(x.run(context, 1, false), found));
  });
}
