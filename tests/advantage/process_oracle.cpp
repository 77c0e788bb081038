// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Process advantages of random ragged sequences against the definition, and every form of the same call alike.
#include <cases/contexts.hpp>
#include <cases/processes.hpp>
#include <cases/tensors.hpp>

namespace {

using cases::process;
using cases::process_options;
using cohort::index_t;

template <class T>
double excess(std::vector<T> const& found, process const& p, process_options const& options) {
  std::vector<long double> tolerance;
  auto const expected = cases::process_oracle<T>(p, options, tolerance);
  if (found.size() != expected.size()) return 1e9;
  long double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    auto const allowed =
        (1e-12L + 4 * static_cast<long double>(support::unit_roundoff<T>)) * (tolerance[i] + std::fabs(expected[i]));
    auto const error = std::fabs(static_cast<long double>(found[i]) - expected[i]);
    if (!(error <= allowed)) worst = std::max(worst, error / (allowed + 1e-300L));
  }
  return static_cast<double>(worst);
}

/// The rectangle of that width with these strides, as valid tokens in a row.
template <class T, class Context>
std::vector<T> run_dense(Context& context, process const& p, index_t width, bool column_major, T poison,
                         process_options const& options, cohort::group_sums* sums = nullptr) {
  cases::dense_tensors<T> const dense(p, width, poison);
  index_t const rows = dense.rows, row_stride = column_major ? 1 : width + 3,
                column_stride = column_major ? rows + 1 : 1;
  auto const size = static_cast<std::size_t>(rows * row_stride + width * column_stride);
  std::vector<T> reward(size, poison), advantage(size, T(77));
  std::vector<std::uint8_t> step(size, 1), mask(size, 0);
  for (index_t r = 0; r < rows; ++r)
    for (index_t c = 0; c < width; ++c) {
      auto const from = static_cast<std::size_t>(r * width + c),
                 to = static_cast<std::size_t>(r * row_stride + c * column_stride);
      reward[to] = dense.reward[from], step[to] = dense.step[from], mask[to] = dense.mask[from];
    }
  auto const shaped = [&](auto& x) { return cases::loose_matrix(x.data(), rows, width, row_stride, column_stride); };
  auto const r = shaped(reward);
  auto const s = shaped(step);
  cohort::process_advantage<T>(
      context, {.layout = cohort::padded{rows, width}, .steps = cohort::dense_steps(r, s), .mask = shaped(mask)},
      {.advantage = shaped(advantage), .report = sums}, options);
  std::vector<T> back;
  for (index_t i = 0; i < rows; ++i)
    for (index_t c = 0; c < width; ++c)
      back.push_back(advantage[static_cast<std::size_t>(i * row_stride + c * column_stride)]);
  bool zero = true;
  auto tokens = cases::packed_tokens(p, width, back, zero);
  CHECK(zero);
  return tokens;
}

} // namespace

TEST_CASE("process_advantage: random sequences against the definition", "[advantage][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (std::uint64_t const seed : {1U, 2U, 3U}) {
      INFO("seed " << seed);
      cases::random source(seed);
      process const p = cases::random_process(source, 12, seed == 3 ? 300 : 30);
      for (process_options options :
           {process_options{.groups = cohort::group_ids(p.ids)},
            process_options{.groups = cohort::group_ids(p.ids), .ddof = 1, .epsilon = 1e-4},
            process_options{.groups = cohort::group_ids(p.ids),
            .epsilon = 0.01,
            .epsilon_place = cohort::epsilon_place::inside_root},
            process_options{
                .groups = cohort::group_ids(p.ids), .epsilon = 0.8, .epsilon_place = cohort::epsilon_place::floor}}) {
        auto const out = cases::run_packed_list<T>(context, p, options);
        CHECK(excess(out.advantage, p, options) == 0);
        CHECK(out.sums.excluded == 0);
      }
    }
  });
}

TEST_CASE("process_advantage: lists and rectangles of any width and strides agree bit for bit", "[advantage][oracle]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    cases::random source(4);
    process const p = cases::random_process(source, 9, 40);
    process_options const options{.groups = cohort::group_ids(p.ids)};
    auto const packed = cases::run_packed_list<T>(context, p, options);
    for (index_t const width : {40, 41, 97, 300})
      for (bool const column_major : {false, true}) {
        INFO("width " << width << ", column-major " << column_major);
        cohort::group_sums sums;
        CHECK(support::same_bits(run_dense<T>(context, p, width, column_major, static_cast<T>(NAN), options, &sums),
                                 packed.advantage));
        CHECK(sums.samples == packed.sums.samples);
        CHECK(support::same_bits(sums.reward_std, packed.sums.reward_std));
      }
    for (double const poison : {0.0, 1e38, 1e-42, static_cast<double>(INFINITY), -static_cast<double>(INFINITY)})
      CHECK(support::same_bits(run_dense<T>(context, p, 64, false, static_cast<T>(poison), options), packed.advantage));
  });
}

TEST_CASE("process_advantage: the order of the sequences changes no bit", "[advantage][permutation]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      INFO("seed " << seed);
      cases::random source(seed);
      process p = cases::random_process(source, 10, 20);
      for (auto& rewards : p.reward)
        for (double& x : rewards) x = source.normal() * std::exp(3 * source.normal());
      auto const order = cases::permutation(source, p.rows());
      process const q = cases::reordered(p, order);
      auto const first = cases::run_packed_list<T>(context, p, {.groups = cohort::group_ids(p.ids)});
      auto const second = cases::run_packed_list<T>(context, q, {.groups = cohort::group_ids(q.ids)});
      cases::step_tensors<T> const at(p);
      std::vector<T> expected;
      for (auto const r : order)
        expected.insert(expected.end(), first.advantage.begin() + at.token_offsets[r],
                        first.advantage.begin() + at.token_offsets[r + 1]);
      CHECK(support::same_bits(second.advantage, expected));
    }
  });
}

TEST_CASE("process_advantage: any number of threads gives the same bits", "[advantage][oracle]") {
  cases::random source(6);
  process const p = cases::random_process(source, 200, 60);
  auto const all = cases::outcomes(
      [&](auto& context) { return cases::run_packed_list<float>(context, p, {.groups = cohort::group_ids(p.ids)}); });
  for (std::size_t i = cases::first_eigen; i < all.size(); ++i) {
    CHECK(support::same_bits(all[i].advantage, all[cases::first_eigen].advantage));
    CHECK(support::same_bits(all[i].sums, all[cases::first_eigen].sums));
  }
}

TEST_CASE("process_advantage: equal step rewards are exactly 0", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const reward : {0.1, 0.7, -3.3}) {
      process const p{{9, 7},
                      {1, 1},
                      {{0, 1, 2, 3, 4, 5, 8}, {0, 2, 4, 5, 6}},
                      {std::vector<double>(7, reward), std::vector<double>(5, reward)}};
      auto const out = cases::run_packed_list<T>(context, p, {.groups = cohort::uniform_groups{2}});
      CHECK(support::same_bits(out.advantage, std::vector<T>(16, T(0))));
      CHECK(out.sums.zero_variance == 1);
    }
  });
}

TEST_CASE("process_advantage: steps that end at one token add up", "[advantage][degenerate]") {
  process const p{{3, 2}, {1, 1}, {{0, 2, 2}, {1}}, {{1, 3, 2}, {2}}}; // mean 2, variance 1/2
  cases::in_both_types([&]<class T>(auto& context, T) {
    auto const out = cases::run_packed_list<T>(context, p, {.groups = cohort::uniform_groups{2}});
    std::vector<double> const expected{0, std::sqrt(2.0), std::sqrt(2.0), 0, 0};
    for (std::size_t t = 0; t < expected.size(); ++t)
      CHECK(std::fabs(static_cast<double>(out.advantage[t]) - expected[t]) <= 1e-6);
    CHECK(out.sums.samples == 4);
  });
}

TEST_CASE("process_advantage: a step reward that is not finite", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (double const bad : {NAN, INFINITY, -INFINITY}) {
      process const clean{{3, 4}, {1, 1}, {{1}, {0, 3}}, {{1}, {2, 4}}};
      process broken = clean;
      broken.end[0] = {1, 2}, broken.reward[0] = {1, bad};
      auto const expected = cases::run_packed_list<T>(context, clean, {.groups = cohort::uniform_groups{2}}).advantage;
      auto const out = cases::run_packed_list<T>(
          context, broken, {.groups = cohort::uniform_groups{2}, .non_finite = cohort::non_finite::exclude});
      CHECK(support::same_bits(out.advantage, expected));
      CHECK(out.sums.excluded == 1);
      CHECK(out.sums.first_excluded == 1);
      CHECK_THROWS_AS(cases::run_packed_list<T>(context, broken, {.groups = cohort::uniform_groups{2}}),
                      cohort::contract_error);
      cohort::group_sums sums;
      CHECK(support::same_bits(
          run_dense<T>(context, broken, 5, false, T(0), {.groups = cohort::uniform_groups{2}}, &sums), expected));
      CHECK(sums.refused == 1);
      CHECK(sums.first_excluded == 2);
      CHECK_THROWS_AS(cohort::read(context, &sums), cohort::data_error);
      CHECK(cohort::read(context, &sums, cohort::on_data_error::accept).excluded == 1);
    }
  });
}

TEST_CASE("process_advantage: no sequences, no tokens, no steps", "[advantage][degenerate]") {
  cases::in_both_types([]<class T>(auto& context, T) {
    for (process const& p : {process{{}, {}, {}, {}}, process{{0, 0}, {1, 1}, {{}, {}}, {{}, {}}},
                             process{{3, 0}, {1, 2}, {{}, {}}, {{}, {}}}}) {
      auto const out = cases::run_packed_list<T>(context, p, {.groups = cohort::group_ids(p.ids)});
      CHECK(support::same_bits(out.advantage, std::vector<T>(out.advantage.size(), T(0))));
      CHECK(out.sums.samples == 0);
      CHECK(out.sums.zero_variance == 0);
    }
  });
}
