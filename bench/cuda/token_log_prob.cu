// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "benches.cuh"
#include "support/logits.cuh"
#include "support/three_pass.cuh"

namespace bench {
namespace {

template <class L>
struct scoring {
  session& run;
  logits_batch<L> batch;
  std::vector<buffer<L>> more{}; ///< copies in turn, where one is small
  buffer<float> log_prob, log_sum_exp, entropy;
  buffer<cohort::row_sums> report{1};
  owned_context context;

  scoring(session& r, logits_shape s)
      : run(r), batch(r, s), log_prob(s.tokens()), log_sum_exp(s.tokens()), entropy(s.tokens()),
        context(r.stream(), 64 << 10) {
    for (int i = 1; i < sets_for(batch.bytes()); ++i) {
      more.emplace_back(batch.original.size());
      require(cudaMemcpyAsync(more.back().data(), batch.original.data(), more.back().bytes(), cudaMemcpyDeviceToDevice,
                              run.stream()),
              "copy");
    }
  }
  [[nodiscard]] L const* logits(int i) const {
    return i == 0 ? batch.original.data() : more[static_cast<std::size_t>(i - 1)].data();
  }
  void ours(int i, bool with_entropy) {
    index_t const tokens = batch.shape.tokens(), vocabulary = batch.shape.vocabulary;
    cohort::view<L const, 2, device_space> const rows(logits(i), {tokens, vocabulary}, {vocabulary, 1});
    cohort::token_log_prob_outputs<L, device_space> out{
        .log_prob = log_prob.view(), .log_sum_exp = log_sum_exp.view(), .report = report.data()};
    if (with_entropy) out.entropy = entropy.view();
    cohort::token_log_prob<L>(*context, {.logits = rows, .token = batch.token.view()}, out, {});
  }
  void plain(int i) {
    three_pass_rows r{};
    r.vocabulary = batch.shape.vocabulary;
    r.token = batch.token.data();
    r.log_sum_exp = log_sum_exp.data();
    r.log_prob = log_prob.data();
    three_pass_forward<L><<<static_cast<unsigned>(batch.shape.tokens()), 512, 0, run.stream()>>>(logits(i), r);
    require(cudaGetLastError(), "three_pass_forward");
  }
  void judge(candidate& who, bool with_entropy) {
    who.call(0);
    run.wait();
    std::vector<double> log_probs, entropies;
    for (auto const& row : batch.truth) log_probs.push_back(row.log_prob), entropies.push_back(row.entropy);
    who.errors = {{"log_prob", largest_error(log_prob.download(), log_probs)}};
    if (with_entropy) who.errors.emplace_back("entropy", largest_error(entropy.download(), entropies));
    who.accepted = who.errors[0].second <= 2e-6 && (!with_entropy || who.errors[1].second <= 1e-5);
  }
};

template <class L>
void one(session& run, logits_shape shape, bool with_entropy) {
  scoring<L> s(run, shape);
  std::vector<candidate> candidates{{.name = "cohort",
                                     .call = [&](int i) { s.ours(i, with_entropy); },
                                     .workspace = static_cast<double>(s.context.bytes())}};
  if (!with_entropy)
    candidates.push_back({.name = "plain kernel, a block per row", .call = [&](int i) { s.plain(i); }});
  for (auto& who : candidates) s.judge(who, with_entropy);
  if (candidates.size() > 1) candidates[1].accepted = candidates[1].errors[0].second <= 2e-5; // float sums in a row
  std::string const name = name_of(shape, kind_of<L>, with_entropy ? "entropy" : "log_prob");
  compare(run,
          {.algorithm = "token_log_prob",
           .name = name,
           .bytes = s.batch.bytes(),
           .limit = "read",
           .sets = 1 + static_cast<int>(s.more.size())},
          candidates);
}

} // namespace

void token_log_prob(session& run) {
  using bf16 = cohort::bfloat16;
  auto const attempt = [&]<class L>(L, index_t tokens, index_t vocabulary, bool with_entropy) {
    run.attempt("token_log_prob", [&] { one<L>(run, {tokens / 64, 64, vocabulary}, with_entropy); });
  };
  if (run.options.quick) return attempt(bf16{}, 2048, 151936, false);
  attempt(bf16{}, 8192, 151936, false);
  attempt(bf16{}, 8192, 151936, true);
  for (index_t const vocabulary : {32000, 50257, 128256, 262144}) attempt(bf16{}, 8192, vocabulary, false);
  attempt(float{}, 8192, 151936, false);
  for (index_t const tokens : {64, 512, 2048, 65536}) attempt(bf16{}, tokens, 151936, false);
}

} // namespace bench
