// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The contexts of the host as one type, chosen when a test runs: what a test does is compiled once, and the kernels
/// behind it are compiled once for all tests, in this folder.
///
/// `for_each_row` and `multiply` are declared here and defined in engines/rows.hpp. A file that calls an algorithm that
/// engines/calls.hpp does not list therefore fails to link, and the linker names the body: add the call to the list, or,
/// where the test is about a body of its own, include engines/rows.hpp.
#pragma once

#include <memory>
#include <string>

#include <cohort/core/execution_context.hpp>
#include <cohort/core/multiplying_context.hpp>

namespace engines {

enum class place { reference, emulated_block, eigen, thrust_sequential, thrust_openmp, thrust_tbb };

/// A context to be made: where, on how many threads.
struct choice {
  place where = place::reference;
  int threads = 1;

  [[nodiscard]] bool is_thrust() const { return where >= place::thrust_sequential; }
  [[nodiscard]] std::string name() const;
};

/// Whether these sources were compiled with that place.
[[nodiscard]] bool is_there(place where);

class any_context {
public:
  using memory_space = cohort::host_space;

  explicit any_context(choice const& made, cohort::index_t workspace_bytes = 64 * 1024);
  any_context(any_context const&) = delete;
  any_context& operator=(any_context const&) = delete;
  ~any_context();

  template <template <class> class A, class Body>
  void for_each_row(cohort::row_layout<memory_space> const& rows, Body const& body, A<double>* total);
  template <class T, class R>
  void multiply(cohort::matrix_product<T, R> const& product);
  void group_by(cohort::index_view<memory_space> const& ids, cohort::index_t n, cohort::index_t* order,
                cohort::index_t* offsets);
  [[nodiscard]] cohort::scratch_memory scratch() noexcept;
  void reserve(cohort::index_t bytes);
  /// What any of them does on the host, where a call has ended when it returns.
  template <class X>
  [[nodiscard]] X fetch(X const* pointer) const {
    return *pointer;
  }

  /// Arithmetic is in double whatever the type.
  [[nodiscard]] bool is_reference() const { return made_.where == place::reference; }
  /// A row is one thread's, which adds its cells one by one.
  [[nodiscard]] bool adds_in_order() const { return is_reference() || made_.is_thrust(); }
  [[nodiscard]] choice const& made() const { return made_; }

private:
  struct real;
  choice made_;
  std::unique_ptr<real> real_;
};

static_assert(cohort::execution_context<any_context>);
static_assert(cohort::multiplying_context<any_context, float> &&
              cohort::multiplying_context<any_context, cohort::bfloat16, float>);

} // namespace engines
