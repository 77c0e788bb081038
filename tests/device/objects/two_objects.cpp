// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Two shared objects with kernels for different architectures in one process, beside this file of the host's compiler
/// that includes the library, too.
#include <cases/random.hpp>
#include <cases/stories/outcome.hpp>
#include <cohort/cohort.hpp>

#include <device/objects/engine.hpp>
#include <device/session.hpp>

namespace {

engine_batch batch_of(cohort::index_t vocabulary) {
  cases::random random(7);
  engine_batch b{32, vocabulary, {}, {}, {}, {}};
  b.logits = random.normals<float>(static_cast<std::size_t>(b.rows * vocabulary), 2);
  for (cohort::index_t r = 0; r < b.rows; ++r) {
    b.reward.push_back(static_cast<float>(random.bits() % 2)), b.old.push_back(-8);
    b.token.push_back(random.integer(0, vocabulary - 1));
  }
  return b;
}

std::vector<float> on_reference(engine_batch const& b) {
  cohort::reference_context context{{.workspace_bytes = 1 << 20}};
  std::vector<float> advantage(b.reward.size()), out(b.logits.size());
  cohort::index_t const n = b.rows, v = b.vocabulary;
  cohort::group_advantage<float>(context, b.reward, {.advantage = advantage}, {.groups = cohort::uniform_groups{4}});
  cohort::logits_policy_gradient<float>(
      context,
      {.layout = cohort::padded{n, 1},
       .logits = cohort::view<float const, 2, cohort::host_space>{b.logits.data(), {n, v}, {v, 1}},
       .token = b.token,
       .old_log_prob = b.old,
       .advantage = cohort::per_sequence(advantage)},
      {.d_logits = cohort::view<float, 2, cohort::host_space>{out.data(), {n, v}, {v, 1}}},
      cohort::objective(cohort::ppo_clip{}), {.normalizer = cohort::by_tokens(n)});
  return out;
}

void compare(std::vector<float> const& found, std::vector<float> const& expected) {
  stories::outcome a, b;
  // Log-probs are about -8 and ratios below e^2: 16 u |w| and the score's error.
  stories::budget const allowed{.absolute = 256 * 0x1p-24 / 32, .relative = 256 * 0x1p-24};
  a.columns.push_back({"d_logits", {found.begin(), found.end()}});
  b.columns.push_back({"d_logits", {expected.begin(), expected.end()}, allowed});
  device::check_silent("a shared object agrees with reference_context", disagreement(a, b));
}

void two_objects(device::session&) {
  int architecture = 0;
  device::require(cudaDeviceGetAttribute(&architecture, cudaDevAttrComputeCapabilityMajor, 0), "architecture");
  for (cohort::index_t const vocabulary : {1000, 50257}) {
    engine_batch const b = batch_of(vocabulary);
    std::vector<float> const expected = on_reference(b);
    std::vector<float> out;
    COHORT_CHECK(engine_sm80(b, out) == 0);
    compare(out, expected);
    if (architecture < 9) continue;
    COHORT_CHECK(engine_sm90(b, out) == 0);
    compare(out, expected);
    COHORT_CHECK(engine_sm80(b, out) == 0);
    compare(out, expected);
  }
}

bool const registered = [] {
  device::extra_tests().push_back({"two shared objects", two_objects});
  return true;
}();

} // namespace
