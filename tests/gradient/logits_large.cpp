// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// More than 2^31 logits: rows far apart in memory that is not there, and 15,000 rows of 151,936 bfloat16 that are.
#include <cstdio>
#include <fstream>
#include <string>

#include <sys/mman.h>

#include "logits_parts.hpp"

using namespace oracle;

namespace {

/// Zeros that take no memory until they are touched.
template <class X>
class sparse_memory {
public:
  explicit sparse_memory(index_t elements) : bytes_(static_cast<std::size_t>(elements) * sizeof(X)) {
    void* const p = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    data_ = p == MAP_FAILED ? nullptr : static_cast<X*>(p);
  }
  ~sparse_memory() {
    if (data_) munmap(data_, bytes_);
  }
  sparse_memory(sparse_memory const&) = delete;
  sparse_memory& operator=(sparse_memory const&) = delete;
  [[nodiscard]] X* data() const { return data_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
  X* data_;
  std::size_t bytes_;
};

/// KiB that programs may still take.
long available_memory() {
  std::ifstream in("/proc/meminfo");
  for (std::string key; in >> key;)
    if (long kib = 0; key == "MemAvailable:" && in >> kib) return kib;
  return 0;
}

template <class L>
void spread(batch<L> const& b, L* first, index_t stride) {
  for (index_t r = 0; r < b.rows; ++r) std::copy_n(b.logits.begin() + r * b.pitch, b.vocabulary, first + r * stride);
}
template <class L>
bool same_rows(batch<L> const& b, std::vector<L> const& dense, L const* first, index_t stride) {
  bool same = true;
  for (index_t r = 0; r < b.rows; ++r)
    same = same && std::memcmp(dense.data() + r * b.pitch, first + r * stride,
                               static_cast<std::size_t>(b.vocabulary) * sizeof(L)) == 0;
  return same;
}

/// The calls over rows `stride` apart against the same over rows side by side.
template <class L>
void check_far_rows(auto& context, policy_batch<L> const& b, L* in, L* out, index_t stride) {
  using C = cohort::compute_t<L>;
  index_t const n = b.rows.rows, width = b.rows.vocabulary;
  cohort::view<L const, 2, host_space> const logits(in, {n, width}, {stride, 1});
  cohort::view<L, 2, host_space> const d_logits(out, {n, width}, {stride, 1});
  spread(b.rows, in, stride);
  auto const lp = run_forward(context, b.rows, 1, b.mask);
  numbers<L> log_prob(b.tokens());
  cohort::token_log_prob<L>(context, {.logits = logits, .token = b.rows.token, .mask = b.mask}, {.log_prob = log_prob});
  CHECK(support::same_bits(log_prob, lp.log_prob));
  numbers<L> const seed(b.tokens(), C(0.5));
  cohort::token_log_prob_backward<L>(
      context, {.logits = logits, .token = b.rows.token, .d_log_prob = seed, .mask = b.mask}, {.d_logits = d_logits});
  CHECK(same_rows(b.rows, run_backward(context, b.rows, seed, 1, nullptr, b.mask).d_logits, out, stride));
  auto const f = cohort::objective(cohort::ppo_clip{}, cohort::k3{0.05});
  for (auto const level : {cohort::ratio_level::token, cohort::ratio_level::sequence})
    for (double const kl : {0.0, 0.3}) {
      policy_call const call{.options = {.normalizer = cohort::by_tokens(), .ratio = level, .distribution_kl = kl},
                             .entropy = false,
                             .reference = kl != 0};
      auto const dense = run_policy(context, b, f, call);
      auto arguments = inputs(b, call);
      arguments.logits = logits;
      if (kl != 0) { // the reference's rows stand where the policy's do
        for (index_t t = 0; t < n; ++t)
          std::copy_n(b.reference.logits.begin() + t * width, width, in + t * stride + width);
        arguments.ref_logits = cohort::view<L const, 2, host_space>(in + width, {n, width}, {stride, 1});
      }
      cohort::logits_policy_gradient<L>(context, arguments, {.d_logits = d_logits}, f, call.options);
      CHECK(same_rows(b.rows, dense.d_logits, out, stride));
    }
}

} // namespace

TEMPLATE_TEST_CASE("rows more than 2^31 elements apart", "[gradient][large]", float, cohort::bfloat16) {
  using L = TestType;
  index_t const stride = (index_t{1} << 31) + 64;
  auto const b = random_policy<L>(141, {.sequences = 2, .longest = 3, .vocabulary = 45, .hole = 0});
  index_t const elements = stride * b.rows.rows;
  sparse_memory<L> const in(elements), out(elements);
  if (!in.data() || !out.data()) {
    WARN("no address space for " << elements << " elements: not run");
    return;
  }
  support::on_every_context([&](auto& context) {
    check_far_rows(context, b, in.data(), out.data(), stride);
    index_t const last = stride * (b.rows.rows - 1); // and upside down
    check_far_rows(context, b, in.data() + last, out.data() + last, -stride);
  });
}

TEST_CASE("15,000 rows of 151,936 classes in bfloat16, in place", "[gradient][large]") {
  using L = cohort::bfloat16;
  constexpr index_t sequences = 100, columns = 150, classes = 151936, tokens = sequences * columns;
  static_assert(tokens * classes > index_t{1} << 31);
  constexpr index_t beyond = (index_t{1} << 31) / classes; // the row in which element 2^31 stands
  if (available_memory() < 6L << 20) {
    WARN("less than 6 GB of memory to be had: not run");
    return;
  }
  sparse_memory<L> const memory(tokens * classes);
  REQUIRE(memory.data() != nullptr);
  std::memset(memory.data(), 0xff, memory.bytes()); // NaN, where nothing is to be read
  std::vector<index_t> const live{0, 1, 7777, beyond - 1, beyond, beyond + 1, 14500, tokens - 2, tokens - 1};
  auto few = random_batch<L>(static_cast<index_t>(live.size()), classes, 142);
  std::vector<float> old(tokens, 0), advantage(tokens, 0), few_old, few_advantage;
  std::vector<std::int64_t> token(tokens, -1);
  for (std::size_t i = 0; i < live.size(); ++i) {
    auto const t = static_cast<std::size_t>(live[i]);
    std::copy_n(few.logits.begin() + static_cast<std::ptrdiff_t>(i) * classes, classes,
                memory.data() + live[i] * classes);
    token[t] = few.token[i], old[t] = -14, advantage[t] = static_cast<float>(i) - 3.5F;
    few_old.push_back(old[t]), few_advantage.push_back(advantage[t]);
  }
  std::vector<std::uint8_t> mask(tokens, 1);
  for (std::size_t t = 100; t < 7000; ++t) mask[t] = 0;
  engines::any_context context{{engines::place::eigen, 2}, 16 * tokens + 65536};
  auto const f = cohort::objective(cohort::ppo_clip{.low = 1, .high = 1e6});
  cohort::logits_policy_gradient_options const options{.normalizer = cohort::by_constant(10)};
  cohort::view<L, 2, host_space> const rows(memory.data(), {tokens, classes}, {classes, 1});
  std::vector<float> log_prob(tokens), few_log_prob(live.size());
  std::vector<std::int64_t> live_rows(tokens);
  cohort::logits_sums sums;
  cohort::logits_policy_gradient<L>(context,
                                    {.layout = cohort::padded{sequences, columns},
                                     .logits = rows,
                                     .token = token,
                                     .old_log_prob = old,
                                     .advantage = cohort::per_token(advantage),
                                     .mask = mask},
                                    {.d_logits = rows, .log_prob = log_prob, .live_rows = live_rows, .report = &sums},
                                    f, options);
  auto few_gradient = few.logits;
  cohort::logits_policy_gradient<L>(context,
                                    {.layout = cohort::padded{few.rows, 1},
                                     .logits = few.view(),
                                     .token = few.token,
                                     .old_log_prob = few_old,
                                     .advantage = cohort::per_token(few_advantage)},
                                    {.d_logits = few.view_of(few_gradient), .log_prob = few_log_prob}, f, options);
  CHECK(cohort::read(context, &sums).policy.tokens == few.rows);
  bool same = true, zero = true;
  for (std::size_t i = 0; i < live.size(); ++i) {
    L* const row = memory.data() + live[i] * classes;
    auto const bytes = static_cast<std::size_t>(classes) * sizeof(L);
    same = same && std::memcmp(row, &few_gradient[i * static_cast<std::size_t>(classes)], bytes) == 0;
    same = same && live_rows[i] == live[i] &&
           support::same_bits(log_prob[static_cast<std::size_t>(live[i])], few_log_prob[i]);
    std::memset(row, 0, bytes);
  }
  for (index_t t = 0; t < tokens; ++t) // what is left is zero: a row is the row before
    zero = zero &&
           std::memcmp(memory.data() + t * classes, memory.data(), static_cast<std::size_t>(classes) * sizeof(L)) == 0;
  CHECK((same && zero && live_rows[live.size()] == -1));
  double size = 0;
  for (auto const& x : few_gradient) size = std::fmax(size, std::fabs(value(x)));
  CHECK(size > 0.01);
}
