// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What a body may do with its row: collectives only, no thread ids, no barriers. A team is one thread, a block, a
/// cluster, a pack along the row, or a pack of rows (then `uniform` is a pack with one row per lane, and a body that
/// opted in by `rows_in_lanes` runs unchanged).
///
///   team.reduce<A>(n, f)             A<uniform>: f(lane, c) -> A<V>; the tree over c is a function of c alone; absent
///                                    cells give A's identity exactly
///   team.for_each(n, f)              f(lane, c), any order
///   team.scan_reverse<E>(n, f, g)    s_c = compose(f(lane, c), s_{c+1}), then g(lane, c, s_c); compose is associative,
///                                    E's default is its identity
///   team.stage(slot, line, n)        the same line, close to the team (a tile in L1, shared memory), or itself
///   team.stage_out(slot, line, n)    where to write a line, perhaps over the one that `stage` returned
///   team.commit(staged, line, n)     puts it in place; what is not committed need not have been written anywhere
///   team.chunk(n)                    how many cells to visit at a time so that a second look is cheap; at most
///                                    Team::max_chunks of them cover n
///   team.once(f)                     one thread
///   team.at(c, f)                    the thread whose cells hold cell c
///   team.list(n, flag, line)         the numbers i < n with flag(i), in ascending order, to the line, which flag does not
///                                    read; returns how many. Not of a pack of rows: listing_team
///   team.clear(pointer, n)           zeros that nobody reads soon; absent: a for_each of stores
///
/// Each collective ends with the row's writes visible to the whole team. So does `stage`, whatever it returns: no thread
/// writes a cell that another still has to read by itself. Where several blocks have a row, this is each block's own affair,
/// and reductions are where they meet: there is one between `stage` and `commit`, and before a block reads what once, at or
/// for_each wrote elsewhere.
///
/// A staged line is there for collectives alone: a functor called for cell c, and `at(c, f)`, touch cell c of it, read
/// before it is written, and nothing else does: each thread may hold a part of the line only. A cell by itself is read
/// from the line as it was opened, before anything is written. A team that holds such parts has one chunk.
#pragma once

#include <concepts>

#include <cohort/core/accumulator.hpp>
#include <cohort/core/row_layout.hpp>

COHORT_NAMESPACE_BEGIN

/// A functor of a reduction that is one long chain of dependent steps: a team may run the chains of several cells interleaved, in a
/// lane type of its own.
template <class F>
struct interleaved_functor {
  using interleaves = void;
  F f;
  template <class Lane>
  COHORT_HOST_DEVICE COHORT_INLINE auto operator()(Lane at, index_t c) const {
    return f(at, c);
  }
};
template <class F>
COHORT_HOST_DEVICE constexpr interleaved_functor<F> interleaved(F f) {
  return {f};
}

/// A functor that is much text, and whether all lines that it reads and writes are runs. A team of packs compiles it once
/// for whole packs of runs (run_lane) and once for whatever else there is (rest_lane); without MayRun only the latter. Other
/// teams have one form of a row and call it as any functor.
template <class F, bool MayRun>
struct large_functor {
  static constexpr bool may_run = MayRun;
  F f;
  bool runs;
  template <class Lane>
  COHORT_HOST_DEVICE COHORT_INLINE auto operator()(Lane at, index_t c) const {
    return f(at, c);
  }
};
template <bool MayRun = true, class F>
COHORT_HOST_DEVICE constexpr large_functor<F, MayRun> large(F const& f, bool runs) {
  return {f, runs};
}
template <class F>
COHORT_HOST_DEVICE constexpr large_functor<F, false> large(F const& f) {
  return {f, false};
}

/// The same of a row that is cheap to open: `open()` gives the row, which is a functor equal to f. What a team compiles apart
/// opens the row again, because a row that is handed over goes through memory. For teams that say `reopens`.
template <class F, class Open>
struct reopened_functor : large_functor<F, true> {
  Open open;
};
template <class F, class Open>
COHORT_HOST_DEVICE constexpr reopened_functor<F, Open> reopened(F const& f, bool runs, Open const& open) {
  return {{f, runs}, open};
}

/// Archetypes: the least that a functor handed to a team is, for checking the concepts without an algorithm.
namespace archetype {

struct term {
  template <class Lane>
  COHORT_HOST_DEVICE auto operator()(Lane, index_t) const {
    return sum_of<typename Lane::type>{};
  }
};

template <class V>
struct element {
  V value = V(0);
  friend COHORT_HOST_DEVICE element compose(element a, element b) { return {a.value + b.value}; }
};

struct scan_term {
  template <class Lane>
  COHORT_HOST_DEVICE auto operator()(Lane, index_t) const {
    return element<typename Lane::type>{};
  }
};

struct visit {
  template <class... Arguments>
  COHORT_HOST_DEVICE void operator()(Arguments const&...) const {}
};

struct flag {
  COHORT_HOST_DEVICE bool operator()(index_t) const { return true; }
};

} // namespace archetype

template <class Team>
concept team = requires(Team const& t, index_t n, line<float> x, archetype::visit visit) {
  typename Team::uniform;
  { Team::max_chunks } -> std::convertible_to<int>;
  { t.template reduce<sum_of>(n, archetype::term{}) } -> std::same_as<sum_of<typename Team::uniform>>;
  t.for_each(n, visit);
  t.template scan_reverse<archetype::element>(n, archetype::scan_term{}, visit);
  { t.stage(0, x, n) } -> std::same_as<line<float>>;
  { t.stage_out(0, x, n) } -> std::same_as<line<float>>;
  t.commit(x, x, n);
  { t.chunk(n) } -> std::same_as<index_t>;
  t.once(visit);
  t.at(n, visit);
};

template <class Team>
concept listing_team = team<Team> && requires(Team const& t, index_t n, line<index_t> x, archetype::flag flag) {
  { t.list(n, flag, x) } -> std::same_as<index_t>;
};

COHORT_NAMESPACE_END
