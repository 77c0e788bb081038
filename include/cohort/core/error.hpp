// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// What happens to a failed check: an exception, an abort with the message, or the engine's own handler.
///
/// Define COHORT_ON_CONTRACT_FAILURE(status) before any include to take over (and COHORT_ERROR_POLICY, a namespace name
/// of your own, if several handlers meet in one program). A handler that returns makes the algorithm return without
/// writing anything. An engine that wants status codes calls check_<name> itself.
#pragma once

#include <cstdlib>
#include <exception>

#include <cohort/core/status.hpp>

COHORT_SHARED_BEGIN

/// An exception with its text in a fixed buffer: nothing to allocate while failing. Thrown in one shared object, caught
/// in another, whatever the flags of both.
class COHORT_EXPORTED status_error : public std::exception {
public:
  COHORT_INLINE explicit status_error(cohort::status const& s) noexcept : status_(s) {
    describe(s, text_, sizeof text_);
  }
  [[nodiscard]] char const* what() const noexcept override { return text_; }
  [[nodiscard]] cohort::status const& status() const noexcept { return status_; }

private:
  cohort::status status_;
  char text_[320] = "";
};

/// A rule of a call was broken; nothing was written.
class COHORT_EXPORTED contract_error : public status_error {
public:
  COHORT_INLINE explicit contract_error(cohort::status const& s) noexcept : status_error(s) {}
};
/// Values per token or per logit were excluded and counted, and the report was read without accepting that.
class COHORT_EXPORTED data_error : public status_error {
public:
  COHORT_INLINE explicit data_error(cohort::status const& s) noexcept : status_error(s) {}
};
/// The device failed at something a context asked of it, or had failed before; results are not there.
class COHORT_EXPORTED device_error : public status_error {
public:
  COHORT_INLINE explicit device_error(cohort::status const& s) noexcept : status_error(s) {}
};

/// What `read` does where values were excluded.
enum class on_data_error : int { fail, accept };

COHORT_SHARED_END

COHORT_NAMESPACE_BEGIN

namespace detail {
inline namespace COHORT_ERROR_POLICY COHORT_HIDDEN {

template <class Error>
inline bool fail_with(status const& s) {
#if defined(COHORT_ON_CONTRACT_FAILURE)
  COHORT_ON_CONTRACT_FAILURE(s);
  return false;
#elif COHORT_HAS_EXCEPTIONS
  throw Error(s);
#else
  char text[320];
  describe(s, text, sizeof text);
  std::fprintf(stderr, "cohort: %s\n", text);
  std::abort();
#endif
}

/// True where the check passed; otherwise fails by the policy, and is false where the engine's handler returned.
inline bool require(status const& s) { return s.ok() || fail_with<contract_error>(s); }

} // namespace COHORT_HIDDEN
} // namespace detail

COHORT_NAMESPACE_END
