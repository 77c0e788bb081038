// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What any_context does with rows: each body is compiled for every context of the host where it is called. For the
/// files of this folder, and for tests with bodies of their own.
#pragma once

#include <cstdlib>
#include <variant>

#include <cohort/backend/eigen.hpp>
#include <cohort/backend/emulated_block.hpp>
#include <cohort/backend/reference.hpp>
#include <engines/any_context.hpp>
#include <engines/thrust_places.hpp>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace engines {

/// In the order of `place`.
struct any_context::real {
  std::variant<cohort::reference_context, cohort::emulated_block_context, cohort::eigen_context,
               thrust_sequential_context, thrust_openmp_context, thrust_tbb_context>
      context;

  template <class Context, class Options>
  real(std::in_place_type_t<Context> which, Options const& options) : context(which, options) {}
};

/// A body behind a pointer to one function, so that Thrust's own templates are compiled once per kind of sum, and not per
/// body and system. Their teams are single threads.
template <template <class> class A>
struct outlined_row {
  using compute_type = double;
  [[maybe_unused]] static constexpr bool rows_in_lanes = false;

  void const* body;
  A<double> (*of_body)(void const*, cohort::index_t);

  template <class Body>
  explicit outlined_row(Body const& of)
      : body(&of), of_body([](void const* x, cohort::index_t r) {
          using team = cohort::detail::thread_team<typename Body::compute_type>;
          return A<double>((*static_cast<Body const*>(x))(team{}, r));
        }) {}
  template <class Team>
  A<double> operator()(Team const&, cohort::index_t r) const {
    return of_body(body, r);
  }
};

#if defined(_OPENMP)
/// The choice's number of threads for OpenMP while it lives; where the choice is another place OpenMP is left alone, because
/// its runtime allocates when it is first asked for anything.
class openmp_threads {
public:
  explicit openmp_threads(choice const& made) : used_(made.where == place::thrust_openmp) {
    if (used_) before_ = omp_get_max_threads(), omp_set_num_threads(made.threads);
  }
  openmp_threads(openmp_threads const&) = delete;
  openmp_threads& operator=(openmp_threads const&) = delete;
  ~openmp_threads() {
    if (used_) omp_set_num_threads(before_);
  }

private:
  bool used_;
  int before_ = 0;
};
#else
struct openmp_threads {
  explicit openmp_threads(choice const&) {}
};
#endif

/// f(context) for the one that a variant holds; none of them is absent.
template <class Contexts, class F>
void visit_present(Contexts& contexts, F const& f) {
  std::visit(
      [&]<class C>(C& context) {
        if constexpr (is_absent<C>)
          std::abort();
        else
          f(context);
      },
      contexts);
}

template <template <class> class A, class Body>
__attribute__((noinline)) void any_context::for_each_row(cohort::row_layout<memory_space> const& rows, Body const& body,
                                                         A<double>* total) {
  openmp_threads const threads(made_);
  visit_present(real_->context, [&]<class C>(C& context) {
    if constexpr (std::is_same_v<C, thrust_openmp_context> || std::is_same_v<C, thrust_tbb_context> ||
                  std::is_same_v<C, thrust_sequential_context>)
      context.template for_each_row<A>(rows, outlined_row<A>{body}, total);
    else
      context.template for_each_row<A>(rows, body, total);
  });
}

template <class T, class R>
__attribute__((noinline)) void any_context::multiply(cohort::matrix_product<T, R> const& product) {
  openmp_threads const threads(made_);
  visit_present(real_->context, [&](auto& context) { context.multiply(product); });
}

} // namespace engines
