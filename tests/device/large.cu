// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// logits_policy_gradient in place over more than 2^32 logits: rows on either side of 2^31 and 2^32 against the reference.
#include <vector>

#include <device/large.hpp>
#include <device/places.cuh>
#include <device/session.hpp>

namespace device {

namespace {

using cohort::index_t;
using space = cohort::device_space;

__global__ void generate_logits(cohort::bfloat16* out, index_t n) {
  index_t const step = static_cast<index_t>(gridDim.x) * blockDim.x;
  for (index_t i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step)
    out[i] = large_batch::logit(i);
}

template <class T>
class device_vector {
public:
  device_vector(index_t n, std::vector<T> const& from = {}) : memory_(static_cast<std::size_t>(n) * sizeof(T)), n_(n) {
    if (!from.empty())
      require(cudaMemcpy(data(), from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice), "a large input");
  }
  [[nodiscard]] T* data() const { return reinterpret_cast<T*>(memory_.get().data); }
  [[nodiscard]] cohort::view<T, 1, space> view() const { return {data(), {n_}, {1}}; }

private:
  lent_memory memory_;
  index_t n_;
};

void more_than_2_to_the_32(session& s) {
  if (s.tight) return;
  std::size_t available = 0, total = 0;
  require(cudaMemGetInfo(&available, &total), "cudaMemGetInfo");
  index_t const rows = available > std::size_t{11} << 30 ? 30000 : available > std::size_t{6} << 30 ? 15000 : 0;
  if (rows == 0) return void(std::printf("too little memory for 2^31 logits: skipped\n"));
  index_t const columns = large_batch::vocabulary, cells = rows * columns;
  large_inputs const in(every_row(rows));
  cuda_place place;
  device_vector<cohort::bfloat16> const logits(cells);
  device_vector<std::int64_t> const token(rows, in.token);
  device_vector<float> const old(rows, in.old_log_prob), advantage(rows, in.advantage), log_prob(rows);
  generate_logits<<<1024, 256, 0, place.stream.get()>>>(logits.data(), cells);
  cohort::view<cohort::bfloat16, 2, space> const matrix{logits.data(), {rows, columns}, {columns, 1}};
  auto const advantages = advantage.view();
  auto const given = cohort::per_token(advantages);
  cohort::logits_policy_gradient<cohort::bfloat16>(place.context,
                                                   {.layout = cohort::padded{rows / 10, 10},
                                                    .logits = matrix,
                                                    .token = token.view(),
                                                    .old_log_prob = old.view(),
                                                    .advantage = given},
                                                   {.d_logits = matrix, .log_prob = log_prob.view()}, large_objective(),
                                                   large_options());
  require(cudaStreamSynchronize(place.stream.get()), "the large call");
  COHORT_CHECK(place.status() == cudaSuccess);
  std::vector<index_t> const sampled = sampled_rows(rows);
  stories::outcome const expected = large_oracle(sampled);
  stories::outcome found = expected;
  for (stories::column& c : found.columns) c.values.clear();
  for (index_t const r : sampled) {
    std::vector<cohort::bfloat16> row(static_cast<std::size_t>(columns));
    float score = 0;
    require(cudaMemcpy(row.data(), logits.data() + r * columns, row.size() * 2, cudaMemcpyDeviceToHost), "a row");
    require(cudaMemcpy(&score, log_prob.data() + r, sizeof score, cudaMemcpyDeviceToHost), "a log-prob");
    for (auto const x : row) found.columns[0].values.push_back(double(cohort::to_float(x)));
    found.columns[1].values.push_back(double(score));
  }
  check_silent("sampled rows agree with reference_context", disagreement(found, expected));
}

bool const registered = [] {
  extra_tests().push_back({"more than 2^32 logits", more_than_2_to_the_32});
  return true;
}();

} // namespace
} // namespace device
