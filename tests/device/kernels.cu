// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <device/session.hpp>

namespace device {

namespace {

__global__ void wait_for(unsigned long long nanoseconds) {
  unsigned long long start = 0, now = 0;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(start));
  do asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  while (now - start < nanoseconds);
}

void launch(cudaStream_t stream, int blocks, int threads, int microseconds) {
  wait_for<<<static_cast<unsigned>(blocks), static_cast<unsigned>(threads), 0, stream>>>(
      static_cast<unsigned long long>(microseconds) * 1000);
  require(cudaPeekAtLastError(), "the delay");
}

} // namespace

void launch_delay(cudaStream_t stream, int microseconds) { launch(stream, 1, 1, microseconds); }
void launch_busy(cudaStream_t stream, int microseconds) { launch(stream, 64, 256, microseconds); }

} // namespace device
