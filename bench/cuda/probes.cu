// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// The limits of the device, in the process that everything else is compared with.
#include <algorithm>

#include "benches.cuh"
#include "support/product.cuh"
#include "support/random.cuh"

namespace bench {
namespace {

struct alignas(16) words {
  std::uint32_t x, y, z, w;
};

/// A sum of everything, written where a sum cannot be: nothing but reads.
__global__ void read_kernel(words const* data, index_t n, std::uint32_t* out) {
  index_t const step = static_cast<index_t>(gridDim.x) * blockDim.x;
  index_t i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  std::uint32_t sum = 0;
  for (; i + 3 * step < n; i += 4 * step) {
    words const a = data[i], b = data[i + step], c = data[i + 2 * step], d = data[i + 3 * step];
    sum += (a.x ^ a.y ^ a.z ^ a.w) + (b.x ^ b.y ^ b.z ^ b.w) + (c.x ^ c.y ^ c.z ^ c.w) + (d.x ^ d.y ^ d.z ^ d.w);
  }
  for (; i < n; i += step) sum += data[i].x ^ data[i].y ^ data[i].z ^ data[i].w;
  if (sum == 0xdeadbeefU && n < 0) *out = sum;
  if (sum == 0x9e3779b9U) atomicOr(out, sum);
}
__global__ void in_place_kernel(words* data, index_t n) {
  index_t const step = static_cast<index_t>(gridDim.x) * blockDim.x;
  for (index_t i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    words a = data[i];
    a.x ^= 1U;
    data[i] = a;
  }
}

template <class Call>
void probe(session& run, char const* when, char const* name, double amount, Call const& call) {
  event begin, end;
  std::vector<double> ms;
  int const wanted = run.options.quick ? 9 : 30;
  for (int i = -3; i < wanted; ++i) {
    begin.record(run.stream());
    call();
    end.record(run.stream());
    double const x = end.milliseconds_since(begin);
    if (i >= 0) ms.push_back(x);
  }
  std::sort(ms.begin(), ms.end());
  auto const rate = [&](double q) { return amount / (detail::quantile(ms, q) / 1e3); };
  run.limits[name] = (std::max)(run.limits[name], rate(0.5));
  json_line("probe")
      .add("name", name)
      .add("when", when)
      .add("process", run.options.process)
      .add("rate", rate(0.5))
      .add("p20", rate(0.8))
      .add("p80", rate(0.2));
}

void memory(session& run, char const* when) {
  index_t const words_each = (run.options.quick ? index_t{1} << 30 : index_t{1} << 32) / index_t{sizeof(words)};
  buffer<words> const from(words_each), to(words_each);
  buffer<std::uint32_t> const out(1);
  auto const bytes = static_cast<double>(from.bytes());
  cudaStream_t const stream = run.stream();
  require(cudaMemsetAsync(from.data(), 1, from.bytes(), stream), "cudaMemsetAsync");
  probe(run, when, "copy", 2 * bytes, [&] {
    require(cudaMemcpyAsync(to.data(), from.data(), from.bytes(), cudaMemcpyDeviceToDevice, stream), "cudaMemcpyAsync");
  });
  probe(run, when, "in_place", 2 * bytes,
        [&] { in_place_kernel<<<132 * 16, 512, 0, stream>>>(to.data(), words_each); });
  probe(run, when, "read", bytes,
        [&] { read_kernel<<<132 * 16, 512, 0, stream>>>(from.data(), words_each, out.data()); });
  probe(run, when, "memset", bytes, [&] { require(cudaMemsetAsync(to.data(), 0, to.bytes(), stream), "memset"); });
}

void products(session& run, char const* when) {
#if COHORT_BENCH_CUBLAS
  constexpr index_t n = 8192;
  buffer<cohort::bfloat16> const left(n * n), right(n * n), result(n * n);
  generate(run.stream(), left, normal_numbers{31, unit_of(1)});
  generate(run.stream(), right, normal_numbers{32, unit_of(1)});
  product const multiply({.m = n, .n = n, .k = n});
  probe(run, when, "gemm", 2.0 * n * n * n, [&] { multiply(run.stream(), left.data(), right.data(), result.data()); });
#else
  json_line("skipped").add("workload", "gemm").add("reason", "built without cublasLt.h").add("when", when);
  static_cast<void>(run);
#endif
}

} // namespace

void probe_limits(session& run, char const* when) {
  memory(run, when);
  products(run, when);
}

} // namespace bench
