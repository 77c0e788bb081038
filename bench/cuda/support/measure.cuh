// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Candidates for one piece of work, compared in turn: A B C, A B C ...; everything twice.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "session.cuh"

namespace bench {

/// What is to be done, and what it would cost at a limit.
struct work {
  std::string algorithm;
  std::string name;      ///< sizes and kinds: the key that the peers use too
  double bytes = 0;      ///< that have to move
  double operations = 0; ///< floating point operations, where they are the limit
  char const* limit = "copy";
  int sets = 1; ///< copies of the data taken in turn, so that no cache holds the next one
};

/// One way to do it. A call works on set i; `restore` gives set i back what a call destroyed, outside the timing.
struct candidate {
  std::string name;
  std::function<void(int)> call;
  std::function<void(int)> restore{};
  double workspace = 0; ///< bytes that it holds beyond inputs and outputs
  double loss = 0;      ///< where there is one: what the peers must find too
  std::vector<std::pair<std::string, double>> errors{};
  bool accepted = true; ///< whether its outputs were those of the oracle; otherwise it is not timed
  bool recordable = true;
};

/// So many copies that they exceed a cache of 60 MB four times over.
[[nodiscard]] inline int sets_for(double bytes_of_one, double room = 240e6) {
  return static_cast<int>((std::min)(64.0, (std::max)(1.0, room / (std::max)(1.0, bytes_of_one) + 1.0)));
}

namespace detail {

enum class mode : int { graph, hot, eager };
inline char const* name_of(mode m) { return m == mode::graph ? "graph" : m == mode::hot ? "hot" : "eager"; }

inline double quantile(std::vector<double> const& sorted, double q) {
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5)];
}
inline double free_bytes() {
  std::size_t unused = 0, all = 0;
  require(cudaMemGetInfo(&unused, &all), "cudaMemGetInfo");
  return static_cast<double>(unused);
}

struct contestant {
  candidate const& who;
  graph lap{}, hot{};
  double first_call = 0, growth = 0;
  std::string not_recorded{};
  std::vector<double> samples{};
};

class contest {
  session& run_;
  work const& what_;
  std::vector<contestant> in_{};
  event begin_{}, end_{};

  void restore(contestant const& x) {
    for (int i = 0; x.who.restore && i < what_.sets; ++i) x.who.restore(i);
  }
  void lap(contestant const& x, bool same) {
    for (int i = 0; i < what_.sets; ++i) x.who.call(same ? 0 : i);
  }
  double sample(contestant const& x, mode m) {
    restore(x);
    begin_.record(run_.stream());
    if (m == mode::eager)
      lap(x, false);
    else
      (m == mode::graph ? x.lap : x.hot).launch(run_.stream());
    end_.record(run_.stream());
    return end_.milliseconds_since(begin_) / what_.sets;
  }
  [[nodiscard]] static bool takes_part(contestant const& x, mode m) {
    return m == mode::eager || static_cast<bool>(m == mode::graph ? x.lap : x.hot);
  }

public:
  contest(session& run, work const& what) : run_(run), what_(what) {}

  void enter(candidate const& who) {
    contestant x{who};
    double const before = free_bytes();
    restore(x);
    begin_.record(run_.stream());
    who.call(0);
    end_.record(run_.stream());
    x.first_call = end_.milliseconds_since(begin_);
    x.growth = (std::max)(0.0, before - free_bytes());
    try {
      if (who.recordable) x.lap = graph(run_.stream(), [&] { lap(x, false); });
      // The same data again and again: not for those that destroy it.
      if (who.recordable && what_.sets > 1 && !who.restore) x.hot = graph(run_.stream(), [&] { lap(x, true); });
    } catch (std::exception const& problem) {
      x.not_recorded = problem.what();
    }
    in_.push_back(std::move(x));
  }
  void time(mode m, int round) {
    for (auto& x : in_) x.samples.clear();
    int const warm_ups = run_.options.quick ? 2 : 5, wanted = run_.options.quick ? 9 : 60;
    double const enough = run_.options.quick ? 100 : 600; // milliseconds of one in one mode, from the 30th sample on
    std::vector<double> spent(in_.size(), 0);
    for (int i = -warm_ups; i < wanted; ++i)
      for (std::size_t k = 0; k < in_.size(); ++k) {
        auto& x = in_[k];
        bool const slow = spent[k] > 4 * enough || (i >= wanted / 2 && spent[k] > enough);
        if (!takes_part(x, m) || (slow && x.samples.size() > 2)) continue;
        double const ms = sample(x, m);
        spent[k] += ms * what_.sets;
        if (i >= 0 || spent[k] > 4 * enough) x.samples.push_back(ms);
      }
    for (auto& x : in_)
      if (!x.samples.empty()) tell(x, m, round);
  }

private:
  void tell(contestant& x, mode m, int round) {
    std::sort(x.samples.begin(), x.samples.end());
    double const median = quantile(x.samples, 0.5), seconds = median / 1e3;
    double const amount = what_.operations > 0 ? what_.operations : what_.bytes;
    double const limit = run_.limits.contains(what_.limit) ? run_.limits.at(what_.limit) : 0;
    json_line line("time");
    line.add("algorithm", what_.algorithm).add("workload", what_.name).add("provider", x.who.name);
    line.add("mode", name_of(m)).add("process", run_.options.process).add("round", round);
    line.add("median_ms", median).add("p20_ms", quantile(x.samples, 0.2)).add("p80_ms", quantile(x.samples, 0.8));
    line.add("repetitions", x.samples.size()).add("sets", what_.sets).add("bytes", what_.bytes);
    line.add("operations", what_.operations).add("rate", amount / seconds).add("limit", what_.limit);
    line.add("share", limit > 0 ? amount / seconds / limit : 0.0);
    if (x.lap) line.add("launches", static_cast<double>(x.lap.nodes()) / what_.sets);
    if (!x.not_recorded.empty()) line.add("not_recorded", x.not_recorded);
    line.add("workspace", x.who.workspace).add("memory_growth", x.growth).add("first_call_ms", x.first_call);
    line.add("loss", x.who.loss);
    for (auto const& [name, error] : x.who.errors) line.add(("error_" + name).c_str(), error);
  }
};

} // namespace detail

/// Times the candidates that the oracle accepted, and tells which it did not.
inline void compare(session& run, work const& what, std::vector<candidate> const& candidates) {
  detail::contest contest(run, what);
  for (auto const& who : candidates) {
    if (who.accepted) {
      contest.enter(who);
      continue;
    }
    json_line line("refused");
    line.add("algorithm", what.algorithm).add("workload", what.name).add("provider", who.name);
    for (auto const& [name, error] : who.errors) line.add(("error_" + name).c_str(), error);
  }
  for (int round = 1; round <= 2; ++round)
    for (auto const m : {detail::mode::graph, detail::mode::hot, detail::mode::eager}) contest.time(m, round);
}

} // namespace bench
