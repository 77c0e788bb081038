// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Any context, with its rows of logits elsewhere while a body works on them, as where many blocks hold a row on chip:
///
///   support::staging_context<cohort::emulated_block_context> context{{.workspace_bytes = 1 << 20}};
///
/// What `stage` returns is memory of its own, and so is what `stage_out` returns: the same. Outside of collectives it
/// holds NaN, what is written to it then is lost, and a cell around it that is written ends the test. The row that was
/// staged holds NaN too until the body is done with it; then what nobody wrote is as it was. A row that is committed without
/// a reduction since it was staged ends the test: the blocks that hold it would not have met. Bits are the context's own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <cohort/core/execution_context.hpp>
#include <cohort/core/multiplying_context.hpp>

namespace support {

/// n cells as bytes. All bits set are a NaN in every storage kind, and none that arithmetic makes.
struct cell_bytes {
  static constexpr unsigned char poison = 0xff;
  std::vector<unsigned char> bytes;

  void assign(void const* from, std::size_t count) {
    auto const* const first = static_cast<unsigned char const*>(from);
    bytes.assign(first, first + count);
  }
  void copy_to(void* to) const {
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  }
  [[nodiscard]] static bool poisoned(void const* first, std::size_t count) {
    auto const* const p = static_cast<unsigned char const*>(first);
    return std::all_of(p, p + count, [](unsigned char x) { return x == poison; });
  }
};

/// Team, but for rows of L. `chunk` is the team's own: all of a row is here.
template <class Team, class L>
class staging_team {
public:
  using index_t = cohort::index_t;
  using uniform = typename Team::uniform;
  static constexpr int max_chunks = Team::max_chunks;

  explicit staging_team(Team const& team) : team_(team) {}
  staging_team(staging_team const&) = delete;
  ~staging_team() { release(); }

  [[nodiscard]] index_t chunk(index_t n) const { return team_.chunk(n); }
  template <template <class> class A, class F>
  A<uniform> reduce(index_t n, F f) const {
    show();
    A<uniform> const sum = team_.template reduce<A>(n, f);
    hide();
    met_ = true;
    return sum;
  }
  template <class F>
  void for_each(index_t n, F f) const {
    show(), team_.for_each(n, f), hide();
  }
  template <template <class> class E, class F, class G>
  void scan_reverse(index_t n, F f, G g) const {
    show(), team_.template scan_reverse<E>(n, f, g), hide();
  }
  template <class F>
  void once(F f) const {
    team_.once(f);
  }
  template <class F>
  void at(index_t c, F f) const {
    show(), team_.at(c, f), hide();
  }
  template <class Flag>
  index_t list(index_t n, Flag flag, cohort::line<index_t> out) const {
    return team_.list(n, flag, out);
  }

  template <class X>
  cohort::line<X> stage(int slot, cohort::line<X> x, index_t n) const {
    if constexpr (!std::same_as<X, L const>) {
      return x;
    } else {
      if (slot != 0 || staged_) throw std::logic_error("one row is staged, in slot 0");
      staged_ = const_cast<L*>(x.p), met_ = false;
      original_.assign(staged_, static_cast<std::size_t>(n) * sizeof(L));
      content_ = original_;
      memory_.bytes.assign(content_.bytes.size() + 2 * around, cell_bytes::poison);
      std::memset(static_cast<void*>(staged_), cell_bytes::poison, original_.bytes.size());
      return {reinterpret_cast<L*>(visible()), 1};
    }
  }
  template <class X>
  cohort::line<X> stage_out(int slot, cohort::line<X> x, index_t n) const {
    if constexpr (!std::same_as<X, L>) {
      return x;
    } else {
      if (slot != 1 || !staged_ || static_cast<std::size_t>(n) * sizeof(L) != content_.bytes.size())
        throw std::logic_error("a row is written over the one that was staged, in slot 1");
      return {reinterpret_cast<L*>(visible()), 1};
    }
  }
  template <class X>
  void commit(cohort::line<X> staged, cohort::line<X> x, index_t n) const {
    if (staged.p == x.p) return;
    if (!met_) throw std::logic_error("no reduction between stage and commit: blocks that share the row have not met");
    if (static_cast<void*>(staged.p) != visible() || static_cast<std::size_t>(n) * sizeof(X) != content_.bytes.size())
      throw std::logic_error("what is committed is the whole row");
    content_.copy_to(x.p);
  }

  /// The row is done.
  void release() const {
    for (std::size_t c = 0; c < original_.bytes.size(); c += sizeof(L)) {
      auto* const cell = reinterpret_cast<unsigned char*>(staged_) + c;
      if (cell_bytes::poisoned(cell, sizeof(L))) std::memcpy(cell, original_.bytes.data() + c, sizeof(L));
    }
    staged_ = nullptr;
    original_.bytes.clear(), content_.bytes.clear();
  }

private:
  static constexpr std::size_t around = 64; ///< bytes on either side

  [[nodiscard]] unsigned char* visible() const { return memory_.bytes.data() + around; }
  void show() const { content_.copy_to(visible()); }
  void hide() const {
    if (!staged_) return;
    std::size_t const n = content_.bytes.size();
    if (!cell_bytes::poisoned(memory_.bytes.data(), around) || !cell_bytes::poisoned(visible() + n, around))
      throw std::logic_error("a cell beyond a staged row was written");
    content_.assign(visible(), n);
    std::fill_n(visible(), n, cell_bytes::poison);
  }

  Team const& team_;
  mutable L* staged_ = nullptr;
  mutable bool met_ = false; ///< since the row was staged
  mutable cell_bytes original_, content_, memory_;
};

/// Body on such a team.
template <class Body>
struct staging_body {
  using compute_type = typename Body::compute_type;
  using staged_type = typename Body::staged_type;
  static constexpr bool rows_in_lanes = false;
  Body const& body;

  template <class Team>
  auto operator()(Team const& team, cohort::index_t r) const {
    staging_team<Team, typename Body::staged_type> const staging(team);
    return body(staging, r);
  }
};

template <class Context>
struct staging_context : Context {
  using Context::Context;

  template <template <class> class A, class Body>
  void for_each_row(cohort::row_layout<cohort::host_space> const& rows, Body const& body, A<double>* total) {
    if constexpr (requires { typename Body::staged_type; })
      Context::template for_each_row<A>(rows, staging_body<Body>{body}, total);
    else
      Context::template for_each_row<A>(rows, body, total);
  }
};

} // namespace support
