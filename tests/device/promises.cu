// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Failures and repetitions on cuda_context: what no comparison with the reference shows.
#include <cases/stories/groups.hpp>
#include <device/run.cuh>

#if __has_include(<cohort/backend/cuda.cuh>)
namespace {

using namespace device;
using cohort::index_t;
using space = cohort::device_space;
template <class T>
using vector = cohort::view<T, 1, space>;

/// Rewards of eight groups of eight on the device, room for advantages, and for a report.
struct small_batch {
  static constexpr index_t samples = 64;
  cudaStream_t stream;
  lent_memory memory{4096};
  float* reward = reinterpret_cast<float*>(memory.get().data);
  float* out = reward + samples;
  cohort::group_sums* report = reinterpret_cast<cohort::group_sums*>(out + samples);

  explicit small_batch(cudaStream_t s, float last = 1) : stream(s) {
    memory.overwrite(s);
    std::vector<float> x(samples, 1);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 3);
    x.back() = last;
    require(cudaMemcpyAsync(reward, x.data(), samples * sizeof(float), cudaMemcpyHostToDevice, s), "rewards");
    require(cudaStreamSynchronize(s), "rewards");
  }
  template <class Context>
  void call(Context& context, cohort::scale scale = cohort::scale::group_std) const {
    vector<float const> const rewards{reward, {samples}, {1}};
    vector<float> const advantage{out, {samples}, {1}};
    cohort::group_advantage<float>(context, rewards, {.advantage = advantage, .report = report},
                                   {.groups = cohort::uniform_groups{8}, .scale = scale});
  }
  [[nodiscard]] std::vector<float> result() const {
    std::vector<float> x(samples);
    require(cudaMemcpyAsync(x.data(), out, samples * sizeof(float), cudaMemcpyDeviceToHost, stream), "result");
    require(cudaStreamSynchronize(stream), "result");
    return x;
  }
  [[nodiscard]] bool untouched() const {
    for (float const x : result())
      if (!std::isnan(x)) return false;
    return true;
  }
};

/// What a call throws.
template <class Error, class F>
bool throws(F f) {
  try {
    f();
  } catch (Error const&) {
    return true;
  } catch (...) {
  }
  return false;
}

/// The first failed launch is kept and told by read; nothing is cleared and nothing else happens.
void failed_launches(session&) {
  for (long const at : {0, 1}) {
    cuda_place place;
    small_batch const batch(place.stream.get());
    {
      counting_calls const counting(place.stream.get());
      calls().until_failure = at;
      batch.call(place.context);
    }
    COHORT_CHECK(place.status() == cudaErrorInvalidConfiguration);
    COHORT_CHECK(throws<cohort::device_error>([&] { (void)cohort::read(place.context, batch.report); }));
    batch.call(place.context);
    COHORT_CHECK(place.status() == cudaErrorInvalidConfiguration);
  }
}

/// A context without the memory for totals says so.
void no_memory(session&) {
  stream_of_its_own const stream;
  small_batch const batch(stream.get());
  cohort::cuda_context context{stream.get(), {}};
  batch.call(context);
  COHORT_CHECK(context.status() != cudaSuccess);
  COHORT_CHECK(throws<cohort::device_error>([&] { (void)cohort::read(context, batch.report); }));
}

/// Somebody else's error stays pending through calls and read, and is not taken for ours.
void foreign_error(session&) {
  cuda_place place;
  small_batch const batch(place.stream.get());
  void* pointer = nullptr;
  COHORT_CHECK(cudaMalloc(&pointer, std::size_t{1} << 60) == cudaErrorMemoryAllocation);
  batch.call(place.context);
  (void)cohort::read(place.context, batch.report);
  COHORT_CHECK(place.status() == cudaSuccess);
  COHORT_CHECK(cudaPeekAtLastError() == cudaErrorMemoryAllocation);
  cudaGetLastError();
}

/// A broken rule is refused before anything is launched or written.
void contract_errors(session&) {
  stream_of_its_own const stream;
  small_batch const batch(stream.get());
  lent_memory const own(static_cast<std::size_t>(cohort::cuda_context::own_bytes));
  cohort::cuda_context context{stream.get(), own.get()};
  {
    counting_calls const counting(stream.get());
    COHORT_CHECK(throws<cohort::contract_error>([&] { batch.call(context, cohort::scale::batch_std); }));
    COHORT_CHECK(calls().launches == 0);
  }
  COHORT_CHECK(batch.untouched());
}

/// Bad data is counted, and told by read unless it is accepted.
void data_errors(session&) {
  cuda_place place;
  small_batch const batch(place.stream.get(), NAN);
  batch.call(place.context);
  COHORT_CHECK(throws<cohort::data_error>([&] { (void)cohort::read(place.context, batch.report); }));
  auto const seen = cohort::read(place.context, batch.report, cohort::on_data_error::accept);
  COHORT_CHECK(seen.excluded == 1 && seen.first_excluded == 63);
  COHORT_CHECK(batch.result().back() == 0);
  COHORT_CHECK(place.status() == cudaSuccess);
}

/// A thousand runs while others use the device.
void thousand_runs(session& s) {
  cuda_place place;
  stream_of_its_own const load;
  small_batch const batch(place.stream.get());
  batch.call(place.context);
  auto const first = batch.result();
  int others = 0;
  for (int i = 0; i < (s.tight ? 10 : 1000); ++i) {
    if (i % 50 == 0) launch_busy(load.get(), 500);
    batch.call(place.context, cohort::scale::group_std);
    auto const again = batch.result();
    others += std::memcmp(again.data(), first.data(), first.size() * sizeof(float)) != 0;
  }
  COHORT_CHECK(others == 0);
}

/// A context of its own memory allocates at construction, in reserve and at destruction, and nowhere else.
void own_memory(session&) {
  stream_of_its_own const stream;
  small_batch const batch(stream.get());
  counting_calls const counting(stream.get());
  {
    cohort::basic_cuda_context<cohort::stream_ordered_memory> context{stream.get(), {}, {.workspace_bytes = 1 << 16}};
    COHORT_CHECK(calls().allocations == 1);
    batch.call(context);
    COHORT_CHECK(calls().allocations == 1 && calls().waits == 0);
    context.reserve(1 << 20);
    COHORT_CHECK(calls().allocations == 3);
  }
  COHORT_CHECK(calls().allocations == 4 && calls().waits == 0);
}

bool const registered = [] {
  auto& all = extra_tests();
  all.push_back({"a launch that fails", failed_launches});
  all.push_back({"a context without memory", no_memory});
  all.push_back({"an error of somebody else's", foreign_error});
  all.push_back({"a broken rule", contract_errors});
  all.push_back({"bad data", data_errors});
  all.push_back({"a thousand runs", thousand_runs});
  all.push_back({"a context's own memory", own_memory});
  return true;
}();

} // namespace
#endif
