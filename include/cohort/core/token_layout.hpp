// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// How sequences lie in memory, and the arguments that have a value per token.
///
///   padded{rows, columns}     a rectangle with any strides, usually with a mask
///   packed(sequence_offsets)  one run of tokens; sequence r is offsets[r] .. offsets[r + 1]
#pragma once

#include <concepts>
#include <type_traits>

#include <cohort/core/row_layout.hpp>

COHORT_NAMESPACE_BEGIN

struct padded {
  index_t rows;
  index_t columns;
};

template <class Offsets>
struct packed {
  Offsets const& offsets;
  constexpr explicit packed(Offsets const& x) : offsets(x) {}
};

/// Either of them, seen from a memory space.
template <class Space>
struct token_layout {
  row_layout<Space> rows;

  constexpr token_layout(padded p) : rows{.rows = p.rows, .width = p.columns} {}
  template <class Offsets>
  constexpr token_layout(packed<Offsets> const& p) : token_layout(index_view<Space>(p.offsets)) {}
  /// For the sentence that it prints.
  template <class X>
  requires(!std::same_as<X, token_layout>) constexpr token_layout(X const&) : rows{} {
    static_assert(std::same_as<X, void>, "cohort: a layout is padded{rows, columns} or packed(sequence_offsets)");
  }

  [[nodiscard]] constexpr bool is_packed() const { return rows.offsets.given; }

private:
  constexpr explicit token_layout(index_view<Space> offsets)
      : rows{.rows = offsets.extent > 0 ? offsets.extent - 1 : 0, .offsets = offsets} {}
};

/// An argument with a value per token: rows x columns, or one run (packed tokens; a rectangle in row-major order).
template <class T, class Space>
struct optional_token_view {
  T* data = nullptr;
  int rank = 0;
  index_t extent[2] = {};
  index_t stride[2] = {};
  bool given = false;

  constexpr optional_token_view() = default;
  template <class X>
  requires(!std::derived_from<std::remove_cvref_t<X>, optional_token_view>) constexpr optional_token_view(X&& x)
      : given(true) {
    detail::check_binding<X, T, Space, 1, 2>();
    if constexpr (tensor<X>) {
      rank = traits_of<X>::rank;
      data = detail::data_of<T>(x);
      for (int i = 0; i < rank; ++i) extent[i] = traits_of<X>::extent(x, i), stride[i] = traits_of<X>::stride(x, i);
    }
  }
};

/// The same, required: no default constructor.
template <class T, class Space>
struct token_view : optional_token_view<T, Space> {
  template <class X>
  requires(!std::same_as<std::remove_cvref_t<X>, token_view>) constexpr token_view(X&& x)
      : optional_token_view<T, Space>(static_cast<X&&>(x)) {}
};

/// The cells of a token argument over a layout.
template <class T, class Space>
constexpr cells<T, Space> token_cells(token_layout<Space> const& layout, optional_token_view<T, Space> const& x) {
  if (!x.given) return {};
  if (layout.is_packed()) return {x.data, 0, x.stride[0], false};
  if (x.rank == 2) return {x.data, x.stride[0], x.stride[1], false};
  return {x.data, layout.rows.width * x.stride[0], x.stride[0], false};
}

/// Advantages say what they are.
template <class X>
struct per_sequence {
  X const& values;
  constexpr explicit per_sequence(X const& x) : values(x) {}
};
template <class X>
struct per_token {
  X const& values;
  constexpr explicit per_token(X const& x) : values(x) {}
};

template <class T, class Space>
struct advantage_view {
  optional_view<T const, 1, Space> sequences{};
  optional_token_view<T const, Space> tokens{};

  template <class X>
  constexpr advantage_view(per_sequence<X> const& a) : sequences(a.values) {}
  template <class X>
  constexpr advantage_view(per_token<X> const& a) : tokens(a.values) {}
  /// For the sentence that it prints.
  template <class X>
  requires(!std::same_as<X, advantage_view>) constexpr advantage_view(X const&) {
    static_assert(std::same_as<X, void>, "cohort: advantages say what they are: per_sequence(x) or per_token(x)");
  }

  [[nodiscard]] constexpr cells<T const, Space> over(token_layout<Space> const& layout) const {
    if (sequences.given) return row_cells<T const, Space>(sequences.data, sequences.stride[0]);
    return token_cells(layout, tokens);
  }
};

COHORT_NAMESPACE_END
