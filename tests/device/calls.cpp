// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/// \file
/// Linked with --wrap=NAME for each name here: the program's calls of NAME come to __wrap_NAME, __real_NAME is the
/// runtime's.
#include <device/calls.hpp>

namespace device {

runtime_calls& calls() {
  static runtime_calls all;
  return all;
}

namespace {

void count(long runtime_calls::*what) {
  if (calls().counting) ++(calls().*what);
}
/// Whether this launch is to fail.
bool fails(cudaStream_t stream) {
  if (!calls().counting) return false;
  ++calls().launches;
  calls().elsewhere += stream != calls().stream;
  return calls().until_failure >= 0 && calls().until_failure-- == 0;
}

} // namespace
} // namespace device

using device::runtime_calls;

extern "C" {

cudaError_t __real_cudaMalloc(void** p, size_t n);
cudaError_t __wrap_cudaMalloc(void** p, size_t n) {
  device::count(&runtime_calls::allocations);
  return __real_cudaMalloc(p, n);
}
cudaError_t __real_cudaFree(void* p);
cudaError_t __wrap_cudaFree(void* p) {
  device::count(&runtime_calls::allocations);
  return __real_cudaFree(p);
}
cudaError_t __real_cudaMallocAsync(void** p, size_t n, cudaStream_t s);
cudaError_t __wrap_cudaMallocAsync(void** p, size_t n, cudaStream_t s) {
  device::count(&runtime_calls::allocations);
  return __real_cudaMallocAsync(p, n, s);
}
cudaError_t __real_cudaFreeAsync(void* p, cudaStream_t s);
cudaError_t __wrap_cudaFreeAsync(void* p, cudaStream_t s) {
  device::count(&runtime_calls::allocations);
  return __real_cudaFreeAsync(p, s);
}
cudaError_t __real_cudaMallocFromPoolAsync(void** p, size_t n, cudaMemPool_t m, cudaStream_t s);
cudaError_t __wrap_cudaMallocFromPoolAsync(void** p, size_t n, cudaMemPool_t m, cudaStream_t s) {
  device::count(&runtime_calls::allocations);
  return __real_cudaMallocFromPoolAsync(p, n, m, s);
}
cudaError_t __real_cudaMallocManaged(void** p, size_t n, unsigned flags);
cudaError_t __wrap_cudaMallocManaged(void** p, size_t n, unsigned flags) {
  device::count(&runtime_calls::allocations);
  return __real_cudaMallocManaged(p, n, flags);
}
cudaError_t __real_cudaHostAlloc(void** p, size_t n, unsigned flags);
cudaError_t __wrap_cudaHostAlloc(void** p, size_t n, unsigned flags) {
  device::count(&runtime_calls::allocations);
  return __real_cudaHostAlloc(p, n, flags);
}
cudaError_t __real_cudaMallocHost(void** p, size_t n);
cudaError_t __wrap_cudaMallocHost(void** p, size_t n) {
  device::count(&runtime_calls::allocations);
  return __real_cudaMallocHost(p, n);
}
cudaError_t __real_cudaFreeHost(void* p);
cudaError_t __wrap_cudaFreeHost(void* p) {
  device::count(&runtime_calls::allocations);
  return __real_cudaFreeHost(p);
}
cudaError_t __real_cudaDeviceSynchronize(void);
cudaError_t __wrap_cudaDeviceSynchronize(void) {
  device::count(&runtime_calls::waits);
  return __real_cudaDeviceSynchronize();
}
cudaError_t __real_cudaStreamSynchronize(cudaStream_t s);
cudaError_t __wrap_cudaStreamSynchronize(cudaStream_t s) {
  device::count(&runtime_calls::waits);
  return __real_cudaStreamSynchronize(s);
}
cudaError_t __real_cudaEventSynchronize(cudaEvent_t e);
cudaError_t __wrap_cudaEventSynchronize(cudaEvent_t e) {
  device::count(&runtime_calls::waits);
  return __real_cudaEventSynchronize(e);
}
cudaError_t __real_cudaMemcpy(void* to, void const* from, size_t n, cudaMemcpyKind k);
cudaError_t __wrap_cudaMemcpy(void* to, void const* from, size_t n, cudaMemcpyKind k) {
  device::count(&runtime_calls::waits);
  return __real_cudaMemcpy(to, from, n, k);
}
cudaError_t __real_cudaMemset(void* to, int value, size_t n);
cudaError_t __wrap_cudaMemset(void* to, int value, size_t n) {
  device::count(&runtime_calls::waits);
  return __real_cudaMemset(to, value, n);
}
cudaError_t __real_cudaGetLastError(void);
cudaError_t __wrap_cudaGetLastError(void) {
  device::count(&runtime_calls::clears);
  return __real_cudaGetLastError();
}
cudaError_t __real_cudaSetDevice(int d);
cudaError_t __wrap_cudaSetDevice(int d) {
  device::count(&runtime_calls::clears);
  return __real_cudaSetDevice(d);
}
cudaError_t __real_cudaDeviceReset(void);
cudaError_t __wrap_cudaDeviceReset(void) {
  device::count(&runtime_calls::clears);
  return __real_cudaDeviceReset();
}
cudaError_t __real_cudaLaunchKernelExC(cudaLaunchConfig_t const* config, void const* kernel, void** arguments);
cudaError_t __wrap_cudaLaunchKernelExC(cudaLaunchConfig_t const* config, void const* kernel, void** arguments) {
  if (device::fails(config->stream)) return cudaErrorInvalidConfiguration;
  return __real_cudaLaunchKernelExC(config, kernel, arguments);
}
cudaError_t __real___cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, size_t shared,
                                      cudaStream_t stream);
cudaError_t __wrap___cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, size_t shared,
                                      cudaStream_t stream) {
  if (device::fails(stream)) return cudaErrorInvalidConfiguration;
  return __real___cudaLaunchKernel(kernel, grid, block, arguments, shared, stream);
}
cudaError_t __real_cudaMemcpyAsync(void* to, void const* from, size_t n, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t __wrap_cudaMemcpyAsync(void* to, void const* from, size_t n, cudaMemcpyKind kind, cudaStream_t stream) {
  if (device::calls().counting) device::calls().elsewhere += stream != device::calls().stream;
  return __real_cudaMemcpyAsync(to, from, n, kind, stream);
}
cudaError_t __real_cudaMemsetAsync(void* to, int value, size_t n, cudaStream_t stream);
cudaError_t __wrap_cudaMemsetAsync(void* to, int value, size_t n, cudaStream_t stream) {
  if (device::calls().counting) device::calls().elsewhere += stream != device::calls().stream;
  return __real_cudaMemsetAsync(to, value, n, stream);
}

} // extern "C"
