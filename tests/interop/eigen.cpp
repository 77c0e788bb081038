// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Eigen's dense types as tensors: rank, strides, constness, and calls that take them.
#include <vector>

#include <Eigen/Core>

#include <cohort/backend/eigen.hpp>
#include <cohort/cohort.hpp>
#include <cohort/interop/eigen.hpp>
#include <support/contexts.hpp>

namespace {

using cohort::host_space;
using cohort::index_t;
using cohort::tensor;
using cohort::traits_of;
using cohort::writable_tensor;
using row_major = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using row_major_array = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using strided = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
template <class T, int Rank>
using view = cohort::view<T, Rank, host_space>;

static_assert(tensor<Eigen::MatrixXf> && tensor<Eigen::ArrayXXd const> && tensor<Eigen::VectorXf&> &&
              tensor<row_major>);
static_assert(tensor<Eigen::Map<Eigen::VectorXf>> && tensor<Eigen::Map<row_major const, 0, strided>> &&
              tensor<Eigen::Ref<Eigen::VectorXd>>);
static_assert(!tensor<decltype(Eigen::VectorXf() + Eigen::VectorXf())> && !tensor<decltype(Eigen::VectorXf::Zero(3))>);
static_assert(traits_of<Eigen::VectorXf>::rank == 1 && traits_of<Eigen::RowVectorXf>::rank == 1 &&
              traits_of<Eigen::ArrayXf>::rank == 1 && traits_of<Eigen::MatrixXf>::rank == 2);
static_assert(traits_of<row_major>::row_major && !traits_of<Eigen::MatrixXf>::row_major);
static_assert(writable_tensor<Eigen::MatrixXf&> && !writable_tensor<Eigen::MatrixXf const&>);
static_assert(writable_tensor<Eigen::Map<Eigen::VectorXf>&> && !writable_tensor<Eigen::Map<Eigen::VectorXf const>&>);
static_assert(writable_tensor<Eigen::Ref<Eigen::VectorXf>&> && !writable_tensor<Eigen::Ref<Eigen::VectorXf const>&>);
static_assert(std::is_same_v<cohort::value_of<Eigen::Array<Eigen::half, Eigen::Dynamic, 1>>, cohort::half>);
static_assert(std::is_same_v<cohort::value_of<Eigen::Array<Eigen::bfloat16, Eigen::Dynamic, 1>>, cohort::bfloat16>);

/// Every element of the view is that of the matrix.
template <class X>
void check_matrix(X const& x) {
  view<typename X::Scalar const, 2> const bound = x;
  CHECK((bound.extent[0] == x.rows() && bound.extent[1] == x.cols()));
  for (index_t r = 0; r < x.rows(); ++r)
    for (index_t c = 0; c < x.cols(); ++c)
      CHECK(&bound.data[r * bound.stride[0] + c * bound.stride[1]] == &x.coeffRef(r, c));
}
template <class X>
void check_vector(X const& x) {
  view<typename X::Scalar const, 1> const bound = x;
  CHECK(bound.extent[0] == x.size());
  for (index_t i = 0; i < x.size(); ++i) CHECK(&bound.data[i * bound.stride[0]] == &x.coeffRef(i));
}

} // namespace

TEST_CASE("matrices of either order, arrays, maps and blocks have their strides", "[interop][eigen]") {
  Eigen::MatrixXf const columns = Eigen::MatrixXf::Random(3, 4);
  row_major const rows = columns;
  Eigen::ArrayXXd const array = Eigen::ArrayXXd::Random(2, 5);
  check_matrix(columns);
  check_matrix(rows);
  check_matrix(array);
  std::vector<float> memory(100);
  check_matrix(Eigen::Map<row_major const>(memory.data(), 3, 4));
  check_matrix(Eigen::Map<row_major const, 0, strided>(memory.data(), 3, 4, strided(20, 2)));
  check_matrix(Eigen::Map<Eigen::MatrixXf const, 0, strided>(memory.data(), 3, 4, strided(20, 2)));
  check_matrix(Eigen::Map<row_major const, 0, Eigen::OuterStride<>>(memory.data(), 3, 4, Eigen::OuterStride<>(9)));
  check_matrix(Eigen::Ref<Eigen::MatrixXf const>(columns.middleCols(1, 2)));
  check_matrix(Eigen::Ref<row_major const, 0, Eigen::OuterStride<>>(rows.block(1, 1, 2, 2)));
}

TEST_CASE("vectors of either orientation have one dimension", "[interop][eigen]") {
  Eigen::VectorXf const column = Eigen::VectorXf::Random(5);
  Eigen::RowVectorXd const row = Eigen::RowVectorXd::Random(4);
  check_vector(column);
  check_vector(row);
  check_vector(Eigen::ArrayXf(column.array()));
  std::vector<float> memory(30);
  check_vector(Eigen::Map<Eigen::VectorXf const>(memory.data(), 7));
  check_vector(Eigen::Map<Eigen::VectorXf const, 0, Eigen::InnerStride<>>(memory.data(), 7, Eigen::InnerStride<>(4)));
  Eigen::VectorXf empty;
  cohort::optional_view<float, 1, host_space> const none = empty;
  CHECK((none.given && none.extent[0] == 0));
}

TEST_CASE("a view writes into Eigen's memory", "[interop][eigen]") {
  Eigen::MatrixXf columns = Eigen::MatrixXf::Zero(2, 3);
  view<float, 2> const bound = columns;
  bound.data[1 * bound.stride[0] + 2 * bound.stride[1]] = 5;
  CHECK(columns(1, 2) == 5);
  Eigen::Map<Eigen::MatrixXf> map(columns.data(), 2, 3);
  CHECK(view<float, 2>(map).data == columns.data());
  Eigen::Ref<Eigen::MatrixXf> ref(columns);
  CHECK(view<float, 2>(ref).data == columns.data());
}

TEST_CASE("column-major token arguments are read by their strides", "[interop][eigen]") {
  support::random random(3);
  row_major_array log_prob(4, 6), old(4, 6), ref(4, 6), d_rows(4, 6);
  Eigen::ArrayXXi mask(4, 6);
  Eigen::ArrayXf const advantage = Eigen::ArrayXf::Random(4);
  for (index_t r = 0; r < 4; ++r)
    for (index_t c = 0; c < 6; ++c) {
      log_prob(r, c) = static_cast<float>(random.uniform(-2, 0)), old(r, c) = static_cast<float>(random.uniform(-2, 0));
      ref(r, c) = static_cast<float>(random.uniform(-2, 0)), mask(r, c) = static_cast<int>(random.integer(0, 1));
    }
  Eigen::ArrayXXf const log_prob_columns = log_prob, old_columns = old, ref_columns = ref;
  Eigen::ArrayXXf d_columns(4, 6);
  auto const loss = cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}, cohort::k3{.beta = 0.04});
  support::on_every_context([&](auto& context) {
    cohort::loss_sums rows_report, columns_report;
    cohort::policy_loss<float>(context,
                               {.layout = cohort::padded{4, 6},
                                .log_prob = log_prob,
                                .old_log_prob = old,
                                .ref_log_prob = ref,
                                .advantage = cohort::per_sequence(advantage),
                                .mask = mask},
                               {.d_log_prob = d_rows, .report = &rows_report}, loss,
                               {.normalizer = cohort::by_tokens()});
    cohort::policy_loss<float>(context,
                               {.layout = cohort::padded{4, 6},
                                .log_prob = log_prob_columns,
                                .old_log_prob = old_columns,
                                .ref_log_prob = ref_columns,
                                .advantage = cohort::per_sequence(advantage),
                                .mask = mask},
                               {.d_log_prob = d_columns, .report = &columns_report}, loss,
                               {.normalizer = cohort::by_tokens()});
    CHECK((d_rows == d_columns).all());
    CHECK(d_rows.abs().maxCoeff() > 1e-3F);
    CHECK(cohort::read(context, &rows_report).loss == cohort::read(context, &columns_report).loss);
  });
}

TEMPLATE_TEST_CASE("Eigen's own half types as logits", "[interop][eigen]", Eigen::half, Eigen::bfloat16) {
  using matrix = Eigen::Matrix<TestType, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using storage = cohort::storage_t<TestType>;
  matrix const logits = Eigen::MatrixXf::Random(3, 21).cast<TestType>();
  row_major const wide = logits.template cast<float>();
  Eigen::VectorXi const token = (Eigen::VectorXi(3) << 0, 20, 7).finished();
  Eigen::VectorXf log_prob(3), expected(3), seed = Eigen::VectorXf::Ones(3);
  matrix d_logits(3, 21);
  row_major d_wide(3, 21);
  support::on_every_context([&](auto& context) {
    cohort::token_log_prob<storage>(context, {.logits = logits, .token = token}, {.log_prob = log_prob});
    cohort::token_log_prob<float>(context, {.logits = wide, .token = token}, {.log_prob = expected});
    CHECK(support::same_bits(log_prob, expected));
    cohort::token_log_prob_backward<storage>(context, {.logits = logits, .token = token, .d_log_prob = seed},
                                             {.d_logits = d_logits});
    cohort::token_log_prob_backward<float>(context, {.logits = wide, .token = token, .d_log_prob = seed},
                                           {.d_logits = d_wide});
    // the reference rounds from double, Eigen's from float: within a unit of the narrow type
    CHECK((d_logits.template cast<float>() - d_wide).cwiseAbs().maxCoeff() <= 0.005F);
    CHECK(d_wide.cwiseAbs().maxCoeff() > 0.5F);
  });
}

TEST_CASE("logits in a strided map and in place", "[interop][eigen]") {
  std::vector<float> memory(5 * 40, 9);
  Eigen::Map<row_major, 0, Eigen::OuterStride<>> logits(memory.data(), 5, 33, Eigen::OuterStride<>(40));
  logits.setRandom();
  row_major const dense = logits;
  Eigen::VectorXi const token = Eigen::VectorXi::LinSpaced(5, 0, 32);
  Eigen::VectorXf const seed = Eigen::VectorXf::Random(5);
  row_major expected(5, 33);
  cohort::eigen_context context{{.threads = 2}};
  cohort::token_log_prob_backward<float>(context, {.logits = dense, .token = token, .d_log_prob = seed},
                                         {.d_logits = expected});
  cohort::token_log_prob_backward<float>(context, {.logits = logits, .token = token, .d_log_prob = seed},
                                         {.d_logits = logits});
  CHECK((logits.array() == expected.array()).all());
  CHECK((memory[33] == 9 && memory.back() == 9));
}
