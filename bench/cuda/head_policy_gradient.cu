// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "benches.cuh"
#include "support/head.cuh"
#include "support/product.cuh"

#if COHORT_BENCH_MULTIPLIES
namespace bench {
namespace {

/// What owns a context that multiplies.
class head_caller {
  using inputs = cohort::head_policy_gradient_inputs<head_element, device_space>;
  using outputs = cohort::head_policy_gradient_outputs<head_element, device_space>;

  head_batch& b_;
  index_t workspace_;
  buffer<std::byte> memory_{};
#if COHORT_BENCH_HEAD
  product_handle handle_{};
#endif
  head_context context_;

  [[nodiscard]] cohort::head_policy_gradient_options options() const {
    return {.normalizer = cohort::by_tokens(static_cast<double>(b_.shape.tokens())), .chunk_rows = b_.shape.chunk_rows};
  }
  template <class F>
  auto with_arguments(F const& f) const {
    head_shape const& s = b_.shape;
    auto const advantage = b_.advantage.view();
    inputs const in{.layout = cohort::padded{s.rows, s.columns},
                    .hidden = b_.hidden.matrix(s.tokens()),
                    .weights = b_.weights.matrix(s.vocabulary),
                    .token = b_.token.view(),
                    .old_log_prob = b_.old_log_prob.view(),
                    .advantage = cohort::per_sequence(advantage),
                    .mask = b_.mask.view()};
    outputs const out{.d_hidden = b_.d_hidden.matrix(s.tokens()),
                      .d_weights = b_.d_weights.matrix(s.vocabulary),
                      .log_prob = b_.log_prob.view(),
                      .report = b_.report.data()};
    return f(in, out);
  }
  [[nodiscard]] index_t needed() const {
    return with_arguments([&](inputs const& in, outputs const& out) {
      return (cohort::head_policy_gradient_workspace_bytes(in, out, options()) + 255) / 256 * 256;
    });
  }

public:
#if COHORT_BENCH_HEAD
  head_caller(session& run, head_batch& batch)
      : b_(batch), workspace_(needed() + (index_t{32} << 20)),
        memory_(own_bytes + workspace_), context_{handle_.get(),
                                                  run.stream(),
                                                  {.data = memory_.data(), .bytes = memory_.size()}} {}
#else
  head_caller(session& run, head_batch& batch)
      : b_(batch), workspace_(needed()), context_{THRUST_NS_QUALIFIER::cuda::par_nosync.on(run.stream()),
                                                  {.workspace_bytes = workspace_}} {}
#endif
  void operator()() {
    with_arguments([&](inputs const& in, outputs const& out) {
      cohort::head_policy_gradient<head_element>(
          context_, in, out, cohort::objective(cohort::ppo_clip{.low = 0.2, .high = 0.28}), options());
    });
  }
  [[nodiscard]] double loss() { return cohort::read(context_, b_.report.data()).loss; }
  [[nodiscard]] double bytes() const { return static_cast<double>(workspace_ + own_bytes); }
};

/// The gate: a small head, several chunks and padding, against double.
bool judge(session& run, candidate& who) {
  head_batch b(run, {8, 16, 256, 4096, 48, true});
  head_caller ours(run, b);
  ours();
  b.sampled_nearby(run);
  b.clear(run);
  ours();
  run.wait();
  head_truth const wanted(run, b);
  double const loss = ours.loss();
  who.errors = {{"d_hidden", relative_error(b.d_hidden, wanted.d_hidden)},
                {"d_weights", relative_error(b.d_weights, wanted.d_weights)},
                {"loss", std::fabs(loss - wanted.loss) / (std::max)(1.0, std::fabs(wanted.loss))}};
  double const tolerance = sizeof(head_element) == 2 ? 2e-2 : 1e-4; // logits of 16 bits
  return who.errors[0].second <= tolerance && who.errors[1].second <= tolerance && who.errors[2].second <= tolerance;
}

#if COHORT_BENCH_CUBLAS
/// The three products alone, chunk by chunk.
class three_products {
  static constexpr bool bf16 = sizeof(head_element) == 2;
  head_batch& b_;
  index_t rows_;
  buffer<head_element> logits_;
  product logits_of_, d_hidden_, d_weights_;

public:
  explicit three_products(head_batch& b)
      : b_(b), rows_((std::min)(b.shape.chunk_rows, b.shape.tokens())), logits_(rows_ * b.shape.vocabulary),
        logits_of_({.m = rows_, .n = b.shape.vocabulary, .k = b.shape.width, .right_transposed = true, .bf16 = bf16}),
        d_hidden_({.m = rows_, .n = b.shape.width, .k = b.shape.vocabulary, .bf16 = bf16}),
        d_weights_({.m = b.shape.vocabulary,
                    .n = b.shape.width,
                    .k = rows_,
                    .left_transposed = true,
                    .bf16 = bf16,
                    .float_result = true,
                    .accumulate = true}) {}
  void operator()(cudaStream_t stream) const {
    for (index_t first = 0; first + rows_ <= b_.shape.tokens(); first += rows_) {
      auto* const hidden = b_.hidden.data() + first * b_.shape.width;
      logits_of_(stream, hidden, b_.weights.data(), logits_.data());
      d_hidden_(stream, logits_.data(), b_.weights.data(), b_.d_hidden.data() + first * b_.shape.width);
      d_weights_(stream, logits_.data(), hidden, b_.d_weights.data());
    }
  }
  [[nodiscard]] double bytes() const { return static_cast<double>(logits_.bytes()) + 3.0 * (32 << 20); }
};
#endif

std::string name_of(head_shape const& s) {
  return std::string(kind_of<head_element>) + "/" + std::to_string(s.tokens()) + "x" + std::to_string(s.width) + "x" +
         std::to_string(s.vocabulary) + (s.mix ? "/mix" : "/dense") + "/chunk " + std::to_string(s.chunk_rows);
}

void one(session& run, head_shape const& shape) {
  head_batch b(run, shape);
  head_caller ours(run, b);
  ours();
  b.sampled_nearby(run);
  std::vector<candidate> candidates{{.name = "cohort",
                                     .call = [&](int) { ours(); },
                                     .restore = [&](int) { b.clear(run); },
                                     .workspace = ours.bytes(),
                                     .recordable = false}}; // it reads how many rows are live
  candidates[0].accepted = judge(run, candidates[0]);
#if COHORT_BENCH_CUBLAS
  three_products const products(b);
  if (!shape.mix)
    candidates.push_back({.name = "cuBLASLt, the three products alone",
                          .call = [&](int) { products(run.stream()); },
                          .restore = [&](int) { b.clear(run); },
                          .workspace = products.bytes()});
#endif
  compare(run,
          {.algorithm = "head_policy_gradient", .name = name_of(shape), .operations = b.operations(), .limit = "gemm"},
          candidates);
}

} // namespace

void head_policy_gradient(session& run) {
  auto const attempt = [&](index_t tokens, index_t width, index_t vocabulary, index_t chunk, bool mix) {
    run.attempt("head_policy_gradient", [&] { one(run, {tokens / 64, 64, width, vocabulary, chunk, mix}); });
  };
  if (!COHORT_BENCH_HEAD) {
    json_line("skipped").add("workload", "head_policy_gradient").add("reason", "no context with tensor cores");
    return;
  }
  if (run.options.quick) return attempt(2048, 2048, 151936, 1024, false);
  for (index_t const chunk : {4096, 1024, 8192}) attempt(8192, 4096, 151936, chunk, false);
  attempt(8192, 4096, 151936, 4096, true);
  attempt(8192, 4096, 128256, 4096, false);
  for (index_t const width : {896, 2048}) attempt(8192, width, 151936, 4096, false);
}

} // namespace bench
#else
void bench::head_policy_gradient(session&) {
  json_line("skipped").add("workload", "head_policy_gradient").add("reason", "built without cuBLASLt");
}
#endif
