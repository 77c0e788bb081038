// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include <unsupported/Eigen/CXX11/ThreadPool>

#include <cohort/core/index.hpp>

COHORT_NAMESPACE_BEGIN

/// What an eigen_context runs its blocks on: run(blocks, f) calls f(b) for every b in [0, blocks), on any threads, and
/// returns when all have returned.
template <class Executor>
concept block_executor = requires(Executor& executor, index_t blocks, void (*f)(index_t)) {
  executor.run(blocks, f);
};

/// Eigen's thread pool with the threads asked for, the caller's among them. No allocation in run().
class eigen_pool {
public:
  explicit eigen_pool(int threads) : threads_(threads < 1 ? 1 : threads) {
    if (threads_ > 1) pool_ = std::make_unique<Eigen::ThreadPool>(threads_ - 1);
  }

  template <class F>
  COHORT_HIDDEN void run(index_t blocks, F const& f) {
    auto const helpers = static_cast<int>(blocks < threads_ ? (blocks > 0 ? blocks - 1 : 0) : threads_ - 1);
    job<F> work{f, blocks, {0}, {helpers}};
    for (int t = 0; t < helpers; ++t) pool_->Schedule([&work] { work.help(); });
    work.drain();
    while (work.helpers.load(std::memory_order_acquire) > 0) std::this_thread::yield();
  }

private:
  template <class F>
  struct job {
    F const& f;
    index_t blocks;
    std::atomic<index_t> next;
    std::atomic<int> helpers;

    COHORT_HIDDEN void drain() {
      for (index_t b; (b = next.fetch_add(1, std::memory_order_relaxed)) < blocks;) f(b);
    }
    COHORT_HIDDEN void help() {
      drain();
      helpers.fetch_sub(1, std::memory_order_release);
    }
  };

  int threads_;
  std::unique_ptr<Eigen::ThreadPool> pool_;
};

static_assert(block_executor<eigen_pool>);

COHORT_NAMESPACE_END
