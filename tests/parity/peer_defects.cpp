// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What the peers get wrong and this library must not.
#include <algorithm>
#include <cmath>

#include <cohort/interop/span.hpp>

#include <parity/recipe.hpp>
#include <support/catch.hpp>

namespace {

template <class F>
void on_every_engine(F const& f) {
  for (auto const make :
       {parity::reference_engine, parity::emulated_block_engine, parity::eigen_engine, parity::eigen_float_engine}) {
    auto const e = make();
    INFO("on " << e->name);
    f(*e);
  }
}

/// As verl normalises: ddof 1, 1e-6 after the root.
parity::group_options as_verl(cohort::group_layout<cohort::host_space> const& groups) {
  return {.groups = groups, .ddof = 1, .epsilon = 1e-6, .singleton = cohort::singleton::reward};
}

} // namespace

// verl's grpo_vectorized takes its moments in float: -1.1596.
TEST_CASE("parity: large rewards keep their digits", "[parity]") {
  on_every_engine([](parity::engine& e) {
    parity::values reward{10000.1, 10000.2, 10000.3, 10000.4};
    if (e.in_float)
      for (double& r : reward) r = static_cast<float>(r); // what the rewards then are
    double const mean = (reward[0] + reward[1] + reward[2] + reward[3]) / 4;
    double squares = 0;
    for (double const r : reward) squares += (r - mean) * (r - mean);
    auto const advantage = e.group_advantage(reward, as_verl(cohort::uniform_groups{4}));
    CHECK_THAT(advantage[0], WithinAbs((reward[0] - mean) / (std::sqrt(squares / 3) + 1e-6), 1e-7));
    CHECK_THAT(advantage[0], WithinAbs(-1.1619, 1e-3)); // the float rewards are 5e-4 off themselves
  });
}

// grpo_vectorized turns ids into indices of an array: 1e15 fails to allocate, neighbours in float merge.
TEST_CASE("parity: group ids are identities", "[parity]") {
  std::vector<std::int64_t> const ids{1'000'000'000'000'001,
                                      1'000'000'000'000'000,
                                      1'000'000'000'000'001,
                                      -7,
                                      1'000'000'000'000'000,
                                      -7,
                                      INT64_MAX,
                                      INT64_MIN};
  on_every_engine([&](parity::engine& e) {
    parity::values const reward{1, 4, 3, 10, 8, 30, 5, 6};
    auto options = as_verl(cohort::group_ids(ids));
    options.scale = cohort::scale::none;
    CHECK(e.group_advantage(reward, options) == parity::values{-1, -2, 1, -10, 2, 10, 5, 6});
  });
}

// TRL holds the ratio at delta before it counts: with delta < 1 + epsilon_high its clip_ratio/high_mean is 0.
TEST_CASE("parity: a token beyond delta counts as clipped", "[parity]") {
  auto const& in = parity::trl();
  auto const mask = in.mask("mask");
  auto const& log_prob = in.input("log_prob");
  auto const& old = in.input("old_log_prob");
  std::size_t const columns = 9;
  double const delta = 1.1, tokens = static_cast<double>(std::count(mask.begin(), mask.end(), 1));
  double beyond = 0;
  for (std::size_t i = 0; i < mask.size(); ++i)
    beyond += mask[i] && std::exp(log_prob[i] - old[i]) > delta && in.input("advantage")[i / columns] > 0;
  REQUIRE(beyond > 0);
  on_every_engine([&](parity::engine& e) {
    auto const found =
        e.policy_loss({.frame = parity::frame_of(in, "mask"),
                       .log_prob = log_prob,
                       .old_log_prob = old,
                       .advantage = in.input("advantage"),
                       .objective = cohort::objective(engines::any_surrogate(cohort::two_sided_clip{0.2, 0.28, delta})),
                       .options = {.normalizer = cohort::by_tokens()}});
    CHECK_THAT(found.report.clip_high, WithinAbs(beyond / tokens, 1e-12));
  });
}

// verl leaves the running advantage on tokens behind the mask.
TEST_CASE("parity: masked tokens have no advantage", "[parity]") {
  auto const& in = parity::verl();
  auto const theirs = std::find_if(in.cases.begin(), in.cases.end(),
                                   [](auto const& c) { return c.name == "verl advantage/gae_holes"; });
  REQUIRE(theirs != in.cases.end());
  auto const frame = parity::frame_of(in, "mask_with_holes");
  auto const on_masked = [&](parity::values const& x) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += frame.mask[i] ? 0 : std::fabs(x[i]);
    return sum;
  };
  CHECK(on_masked(theirs->outputs.data("advantage")) > 1);
  on_every_engine([&](parity::engine& e) {
    auto const found = e.gae({frame, in.input("token_rewards"), in.input("values"), 0.98, 0.93});
    CHECK(on_masked(found.advantage) == 0);
    CHECK(on_masked(found.returns) == 0);
    CHECK(on_masked(e.whiten(frame, found.advantage)) == 0);
  });
}

// One sampler weight of 0 makes TRL's VESPO forget the row: its weight falls to 1e-12. Here such a token is masked.
TEST_CASE("parity: a rejected token does not silence its sequence", "[parity]") {
  auto const& in = parity::trl();
  auto const theirs = std::find_if(in.cases.begin(), in.cases.end(),
                                   [](auto const& c) { return c.name == "trl loss/vespo/zero_weight"; });
  REQUIRE(theirs != in.cases.end());
  CHECK(std::fabs(theirs->outputs.data("d_log_prob")[0]) < 1e-15);
  auto frame = parity::frame_of(in, "mask");
  frame.mask[1] = 0;
  auto old = in.input("old_log_prob");
  for (std::size_t i = 0; i < old.size(); ++i) old[i] -= std::log(in.input("is_weights")[i]);
  on_every_engine([&](parity::engine& e) {
    auto const found = e.policy_loss(
        {.frame = frame,
         .log_prob = in.input("log_prob"),
         .old_log_prob = old,
         .advantage = in.input("advantage"),
         .objective = cohort::objective(engines::any_surrogate(cohort::vespo{})),
         .options = {.normalizer = cohort::by_tokens(52), .ratio = cohort::ratio_level::sequence_product}});
    CHECK(std::fabs(found.d_log_prob[0]) > 1e-3);
    CHECK(found.d_log_prob[1] == 0);
    CHECK(found.report.bad_slots == 0);
  });
}

// Liger's luspo multiplies the loss of each token, masked or not, by the sequence's length and takes the mean over the
// rectangle: 0.001 (its KL alone) and 0.103 of gradient on hidden states under the mask.
TEST_CASE("parity: nothing under the mask has a gradient", "[parity]") {
  int cases = 0;
  for (auto const& c : parity::liger().cases) {
    if (parity::liger_recipe(c)) continue;
    INFO(c.name);
    auto const call = parity::liger_call(c.options);
    auto const width = static_cast<std::size_t>(call.width);
    auto const masked = [&](parity::values const& d_hidden) {
      double largest = 0;
      for (std::size_t i = 0; i < d_hidden.size(); ++i)
        if (!call.loss.frame.mask[i / width]) largest = std::fmax(largest, std::fabs(d_hidden[i]));
      return largest;
    };
    CHECK(masked(c.outputs.data("d_hidden")) > 1e-3);
    on_every_engine([&](parity::engine& e) { CHECK(masked(e.head_policy_gradient(call).d_hidden) == 0); });
    ++cases;
  }
  CHECK(cases == 2);
}
