// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <engines/rows.hpp>

namespace engines {

namespace {

/// A real context in its place of the variant; options as the context's class has them.
template <class Real, class Context>
std::unique_ptr<Real> made_as(choice const& made, cohort::index_t bytes) {
  std::in_place_type_t<Context> const which;
  if constexpr (std::is_same_v<Context, cohort::eigen_context>)
    return std::make_unique<Real>(which, cohort::eigen_options{.threads = made.threads, .workspace_bytes = bytes});
  else if constexpr (std::is_constructible_v<Context, cohort::host_options>)
    return std::make_unique<Real>(which, cohort::host_options{bytes});
#if defined(COHORT_TEST_THRUST)
  else if constexpr (!is_absent<Context>)
    return std::make_unique<Real>(which, cohort::thrust_options{bytes});
#endif
  else
    std::abort();
}

} // namespace

any_context::any_context(choice const& made, cohort::index_t workspace_bytes) : made_(made) {
  switch (made.where) {
  case place::reference:
    real_ = made_as<real, cohort::reference_context>(made, workspace_bytes);
    break;
  case place::emulated_block:
    real_ = made_as<real, cohort::emulated_block_context>(made, workspace_bytes);
    break;
  case place::eigen:
    real_ = made_as<real, cohort::eigen_context>(made, workspace_bytes);
    break;
  case place::thrust_sequential:
    real_ = made_as<real, thrust_sequential_context>(made, workspace_bytes);
    break;
  case place::thrust_openmp:
    real_ = made_as<real, thrust_openmp_context>(made, workspace_bytes);
    break;
  case place::thrust_tbb:
    real_ = made_as<real, thrust_tbb_context>(made, workspace_bytes);
    break;
  }
}

any_context::~any_context() = default;

void any_context::group_by(cohort::index_view<memory_space> const& ids, cohort::index_t n, cohort::index_t* order,
                           cohort::index_t* offsets) {
  openmp_threads const threads(made_);
  visit_present(real_->context, [&](auto& context) { context.group_by(ids, n, order, offsets); });
}

cohort::scratch_memory any_context::scratch() noexcept {
  cohort::scratch_memory memory{};
  visit_present(real_->context, [&](auto& context) { memory = context.scratch(); });
  return memory;
}

void any_context::reserve(cohort::index_t bytes) {
  visit_present(real_->context, [&](auto& context) { context.reserve(bytes); });
}

bool is_there(place where) {
  switch (where) {
  case place::thrust_sequential:
    return !is_absent<thrust_sequential_context>;
  case place::thrust_openmp:
    return !is_absent<thrust_openmp_context>;
  case place::thrust_tbb:
    return !is_absent<thrust_tbb_context>;
  default:
    return true;
  }
}

std::string choice::name() const {
  std::string const on_threads = " with " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  switch (where) {
  case place::reference:
    return "reference_context";
  case place::emulated_block:
    return "emulated_block_context";
  case place::eigen:
    return "eigen_context" + on_threads + ", " + std::to_string(cohort::eigen_context::lanes) + " lanes";
  case place::thrust_sequential:
    return "thrust_context, sequential";
  case place::thrust_openmp:
    return "thrust_context, OpenMP" + on_threads;
  case place::thrust_tbb:
    return "thrust_context, TBB";
  }
  return "no context";
}

} // namespace engines
