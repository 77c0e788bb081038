// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Checks that algorithms share: shapes, pointers, offsets, parameters, workspace. Each returns the first broken rule.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include <cohort/core/group_layout.hpp>
#include <cohort/core/status.hpp>
#include <cohort/core/token_layout.hpp>
#include <cohort/core/workspace.hpp>
#include <cohort/detail/argument.hpp>

COHORT_NAMESPACE_BEGIN

namespace detail {

/// Ids and offsets are read by a check only where that needs no device.
template <class Space>
inline constexpr bool host_readable = std::same_as<Space, host_space>;

constexpr double as_double(index_t n) { return static_cast<double>(n); }

COHORT_APART constexpr status first_broken(std::initializer_list<status> checks) {
  for (status const& s : checks)
    if (!s) return s;
  return {};
}

/// Makes the statuses of one function. Its rules are no templates and not inlined: a call has dozens of them.
struct checker {
  char const* function;

  [[nodiscard]] COHORT_APART constexpr status broken(error_code code, char const* argument, char const* rule,
                                                     index_t index = -1) const {
    return {.code = code, .function = function, .argument = argument, .rule = rule, .index = index};
  }
  [[nodiscard]] COHORT_APART constexpr status differs(error_code code, char const* argument, char const* rule,
                                                      double found, double expected, index_t index = -1) const {
    return {code, function, argument, rule, index, status::values_told::both, found, expected};
  }

  /// Extents are not negative, their product and the reach of the strides fit, and where there are elements there is
  /// data, aligned.
  [[nodiscard]] COHORT_APART constexpr status shape(char const* argument, void const* data, index_t const* extent,
                                                    index_t const* stride, int rank, std::size_t alignment = 1) const {
    constexpr index_t largest_element = 8;
    index_t elements = 1, reach = largest_element, span = 0;
    for (int i = 0; i < rank; ++i) {
      if (extent[i] < 0)
        return differs(error_code::bad_extent, argument, "an extent is negative", as_double(extent[i]), 0, i);
      if (!checked_multiply(elements, extent[i], elements))
        return broken(error_code::size_overflow, argument, "the product of its extents leaves 64 bits", i);
      bool const fits = checked_multiply(extent[i], stride[i], span) && checked_multiply(span, largest_element, span) &&
                        checked_add(reach, span < 0 ? -span : span, reach);
      if (!fits) return broken(error_code::bad_stride, argument, "the stride reaches outside of 64 bits", i);
    }
    if (elements > 0 && data == nullptr)
      return broken(error_code::null_data, argument, "data is null but there are elements");
    if (elements > 0 && alignment > 1 && reinterpret_cast<std::uintptr_t>(data) % alignment != 0)
      return differs(error_code::misaligned, argument, "its address is a multiple of its elements' alignment",
                     static_cast<double>(reinterpret_cast<std::uintptr_t>(data) % alignment), 0);
    return {};
  }

  [[nodiscard]] constexpr status shape(char const* argument, seen_argument const& x) const {
    return shape(argument, x.data, x.extent, x.stride, x.rank, x.alignment);
  }

  [[nodiscard]] COHORT_APART constexpr status extent(char const* argument, index_t found, index_t expected,
                                                     int axis = 0) const {
    if (found == expected) return {};
    return differs(error_code::shape_mismatch, argument, "extent differs from the other arguments", as_double(found),
                   as_double(expected), axis);
  }

  [[nodiscard]] COHORT_APART constexpr status of_length(char const* argument, seen_argument const& x,
                                                        index_t expected) const {
    if (status const s = shape(argument, x); !s) return s;
    return extent(argument, x.extent[0], expected);
  }
  template <class View>
  [[nodiscard]] constexpr status vector(char const* argument, View const& x, index_t expected) const {
    return x.given ? of_length(argument, seen(x), expected) : status{};
  }
  template <class T, class Space>
  [[nodiscard]] constexpr status rows_of(char const* argument, view<T, 1, Space> const& x, index_t expected) const {
    return of_length(argument, seen(x), expected);
  }

  template <class View>
  [[nodiscard]] constexpr status matrix(char const* argument, View const& x, index_t rows, index_t columns) const {
    seen_argument const it{x.data, x.extent, x.stride, 2, alignment_of(x)};
    return matrix_of(argument, it, rows, columns);
  }
  [[nodiscard]] COHORT_APART constexpr status matrix_of(char const* argument, seen_argument const& x, index_t rows,
                                                        index_t columns) const {
    if (status const s = shape(argument, x); !s) return s;
    if (status const s = extent(argument, x.extent[0], rows, 0); !s) return s;
    if (status const s = extent(argument, x.extent[1], columns, 1); !s) return s;
    if (columns < 2 || x.stride[1] == 1) return {};
    return differs(error_code::unsupported_layout, argument, "its rows are contiguous", as_double(x.stride[1]), 1, 1);
  }

  /// A mask with one value per row.
  template <class View>
  [[nodiscard]] constexpr status row_mask(char const* argument, View const& x, index_t rows) const {
    if (x.rank == 0) return {};
    if (x.rank == 2) return differs(error_code::bad_rank, argument, "it has a value per row", 2, 1);
    return of_length(argument, seen(x), rows);
  }

  /// A bit per class: words that follow one another, for all rows or for each.
  template <class Space>
  [[nodiscard]] constexpr status vocabulary(char const* argument, vocabulary_mask_view<Space> const& x, index_t rows,
                                            index_t classes) const {
    if (!x.given()) return {};
    int const last = x.rank - 1;
    if (status const s = shape(argument, seen(x)); !s) return s;
    if (status const s = extent(argument, x.words(), (classes + 31) / 32, last); !s) return s;
    if (x.rank == 2)
      if (status const s = extent(argument, x.extent[0], rows, 0); !s) return s;
    if (x.words() < 2 || x.stride[last] == 1) return {};
    return differs(error_code::unsupported_layout, argument, "its words are contiguous", as_double(x.stride[last]), 1,
                   last);
  }

  template <class Space>
  [[nodiscard]] constexpr status indices_alone(char const* argument, index_view<Space> const& x) const {
    return shape(argument, seen(x));
  }
  template <class Space>
  [[nodiscard]] constexpr status indices(char const* argument, index_view<Space> const& x, index_t expected) const {
    return of_length(argument, seen(x), expected);
  }

  /// A layout's own numbers.
  template <class Space>
  [[nodiscard]] COHORT_APART constexpr status layout(token_layout<Space> const& x) const {
    if (!x.is_packed()) {
      index_t const extents[2] = {x.rows.rows, x.rows.width}, strides[2] = {0, 0};
      return shape("layout", &x, extents, strides, 2);
    }
    if (status const s = indices_alone("layout", x.rows.offsets); !s) return s;
    if (x.rows.offsets.extent > 0) return {};
    return differs(error_code::bad_offsets, "layout", "offsets have an element more than there are sequences", 0, 1);
  }

  /// A token argument (or mask) against a layout whose packed form has that many tokens.
  template <class Space, class View>
  [[nodiscard]] constexpr status tokens(char const* argument, token_layout<Space> const& layout, View const& x,
                                        index_t packed_tokens) const {
    if (x.rank == 0) return {};
    index_t const padded[2] = {layout.rows.rows, layout.rows.width};
    return tokens_of(argument, seen(x), layout.is_packed() ? nullptr : padded, packed_tokens);
  }
  /// `padded` is null where the layout is packed.
  [[nodiscard]] COHORT_APART constexpr status tokens_of(char const* argument, seen_argument const& x,
                                                        index_t const* padded, index_t packed_tokens) const {
    if (status const s = shape(argument, x); !s) return s;
    if (x.rank == 1 && !padded) return extent(argument, x.extent[0], packed_tokens);
    if (x.rank == 1) {
      index_t cells = 0;
      return checked_multiply(padded[0], padded[1], cells) ? extent(argument, x.extent[0], cells)
                                                           : status{}; // the layout's own fault
    }
    if (!padded) return differs(error_code::bad_rank, argument, "packed tokens have one dimension", 2, 1);
    if (status const s = extent(argument, x.extent[0], padded[0], 0); !s) return s;
    return extent(argument, x.extent[1], padded[1], 1);
  }

  /// Offsets start at 0, do not decrease and end at `total`. Read on the host only.
  template <class Space>
  [[nodiscard]] COHORT_APART status offsets(char const* argument, index_view<Space> const& x, index_t total) const {
    bool const readable = host_readable<Space> && x.given && x.data && x.extent > 0;
    if (!readable || !indices_alone(argument, x)) return {}; // a shape's fault is its own check's
    if (x[0] != 0) return differs(error_code::bad_offsets, argument, "offsets start at 0", as_double(x[0]), 0, 0);
    for (index_t i = 1; i < x.extent; ++i)
      if (x[i] < x[i - 1])
        return differs(error_code::bad_offsets, argument, "offsets do not decrease", as_double(x[i]),
                       as_double(x[i - 1]), i);
    index_t const last = x[x.extent - 1];
    if (last == total) return {};
    return differs(error_code::bad_offsets, argument, "the last offset is the number of elements", as_double(last),
                   as_double(total), x.extent - 1);
  }

  /// Groups against the number of samples.
  template <class Space>
  [[nodiscard]] status groups(group_layout<Space> const& x, index_t samples) const {
    if (x.kind == group_kind::uniform) {
      if (x.size < 1)
        return differs(error_code::bad_group, "groups", "a group has at least one sample", as_double(x.size), 1);
      if (samples % x.size == 0) return {};
      return differs(error_code::bad_group, "groups", "the samples do not fill the last group",
                     as_double(samples % x.size), as_double(x.size));
    }
    if (x.kind == group_kind::ids) return indices("groups", x.view, samples);
    if (status const s = indices_alone("groups", x.view); !s) return s;
    if (x.view.extent < 1)
      return differs(error_code::bad_offsets, "groups", "offsets have an element more than there are groups", 0, 1);
    return offsets("groups", x.view, samples);
  }

  [[nodiscard]] COHORT_APART constexpr status parameter(bool holds, char const* argument, char const* rule,
                                                        double found) const {
    if (holds) return {};
    return {error_code::bad_parameter, function, argument, rule, -1, status::values_told::found, found, 0};
  }
  [[nodiscard]] COHORT_APART constexpr status rule(bool holds, error_code code, char const* argument, char const* text,
                                                   index_t index = -1) const {
    return holds ? status{} : broken(code, argument, text, index);
  }
  template <class Out, class In>
  [[nodiscard]] status disjoint(char const* argument, Out const& out, In const& in) const {
    return rule(!overlaps(out, in), error_code::overlap, argument, "overlaps an input without being it");
  }
  /// An output that must not touch another argument at all, and whose elements are all different ones.
  [[nodiscard]] COHORT_APART status apart(char const* argument, footprint const& out, footprint const& other) const {
    return rule(!share_memory(out, other), error_code::overlap, argument, "shares memory with another argument");
  }
  template <class Out>
  [[nodiscard]] status writable(char const* argument, Out const& out) const {
    return writable_memory(argument, footprint_of(out));
  }
  [[nodiscard]] COHORT_APART status writable_memory(char const* argument, footprint const& out) const {
    return rule(!folds_onto_itself(out), error_code::overlap, argument, "two of its elements are the same memory");
  }
  /// An output over tokens or sequences against what none may touch: itself, the mask and the layout's offsets.
  template <class Space, class Out, class Mask>
  [[nodiscard]] status output(char const* argument, token_layout<Space> const& layout, Out const& out,
                              Mask const& mask) const {
    return untouched(argument, footprint_of(out), footprint_of(mask), footprint_of(layout.rows.offsets));
  }
  [[nodiscard]] COHORT_APART status untouched(char const* argument, footprint const& out, footprint const& mask,
                                              footprint const& offsets) const {
    return first_broken({writable_memory(argument, out), apart(argument, out, mask), apart(argument, out, offsets)});
  }
  /// What a formula says of its own parameters.
  template <class Fault>
  [[nodiscard]] constexpr status formula(Fault const& fault) const {
    return parameter(fault.argument == nullptr, fault.argument, fault.rule, fault.found);
  }

  [[nodiscard]] COHORT_APART constexpr status workspace(scratch_memory const& memory,
                                                        workspace_layout const& needed) const {
    if (needed.overflow()) return broken(error_code::size_overflow, "workspace", "its size leaves 64 bits");
    if (needed.bytes() <= memory.bytes) return {};
    return differs(error_code::bad_workspace, "workspace", "the context's workspace is too short (context.reserve)",
                   as_double(memory.bytes), as_double(needed.bytes()));
  }
};

} // namespace detail

COHORT_NAMESPACE_END
