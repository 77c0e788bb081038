// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Independent items of work on a few threads. Which thread takes an item never shows in a result: every item writes
/// to places of its own, and the caller adds them up in the order of the items.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace gsm8k {

class workers {
public:
  explicit workers(std::size_t threads) : threads_{(std::max)(threads, std::size_t{1})} {}

  [[nodiscard]] std::size_t size() const { return threads_; }

  /// function(worker, item) for every item; worker < size() is never in two calls at a time. The exception of the
  /// first worker that met one is thrown on.
  template <class Function>
  void run(std::size_t items, Function const& function) const {
    std::size_t const used = (std::min)(threads_, items);
    std::vector<std::exception_ptr> failure(used);
    auto const work = [&](std::size_t worker) noexcept {
      try {
        for (std::size_t item = worker; item < items; item += used) function(worker, item);
      } catch (...) {
        failure[worker] = std::current_exception();
      }
    };
    {
      std::vector<std::jthread> others;
      for (std::size_t worker = 1; worker < used; ++worker) others.emplace_back(work, worker);
      if (used > 0) work(0);
    }
    for (auto const& met : failure)
      if (met) std::rethrow_exception(met);
  }

private:
  std::size_t threads_;
};

} // namespace gsm8k
