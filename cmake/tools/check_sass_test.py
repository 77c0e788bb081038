# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Feeds check_sass.py kernels that break one rule each, and one that breaks none.

Usage: check_sass_test.py NVCC CUOBJDUMP
"""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).with_name("check_sass.py")
NVCC, CUOBJDUMP = sys.argv[1:]

GOOD = """
__global__ void copied(uint4 const* a, uint4* b) { b[threadIdx.x] = a[threadIdx.x]; }
__global__ void divided(float* x) { x[0] = exp2f(expf(x[1]) / sqrtf(x[2])); }
"""
WIDE = ["registers=copied", "stackless=copied", "wide_loads=copied", "wide_stores=copied"]
# An array whose index is not known stays in memory; more values at a time than there are registers are spilled.
ARRAY = """
__global__ void indexed(float* x, int k) {
  float kept[16];
  for (int i = 0; i < 16; ++i) kept[i] = x[i];
  kept[k] = 0;
  for (int i = 0; i < 16; ++i) x[i] += kept[15 - i] * kept[(k + i) & 15];
}
"""
SPILL = """
__global__ void __launch_bounds__(1024) spilled(float* x) {
  float kept[128];
#pragma unroll
  for (int i = 0; i < 128; ++i) kept[i] = x[i * 1024 + threadIdx.x];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 128; ++i) x[i * 1024 + threadIdx.x] = kept[i] * kept[127 - i];
}
"""
FLUSHED = """
__global__ void flushed(float* x) {
  float y;
  asm("add.ftz.f32 %0, %1, %1;" : "=f"(y) : "f"(x[0]));
  x[0] = y;
}
"""
FAST = ["-use_fast_math"]
CASES = [  # source, options, rules, what is found
    (GOOD, [], WIDE + ["exact=divided", "registers=."], None),
    (GOOD, [], ["wide_loads=divided"], "divided(float*): wide_loads: none"),
    (GOOD, [], ["wide_stores=divided"], "divided(float*): wide_stores: none"),
    (GOOD, [], ["registers=vanished"], "no kernel is called vanished"),
    (GOOD, FAST, ["exact=divided"], "div.approx.ftz.f32"),
    (GOOD, FAST, ["exact=divided"], "sqrt.approx.ftz.f32"),
    (ARRAY, [], ["registers=indexed"], "indexed(float*, int): registers"),
    (ARRAY, [], ["stackless=."], "indexed(float*, int): stackless: a stack frame of 64 bytes"),
    (SPILL, [], ["registers=spilled"], "spilled(float*): registers"),
    (FLUSHED, [], ["exact=flushed"], "sm_90: flushed(float*): exact: add.ftz.f32"),
]


def compiled(folder, source, options):
    path = pathlib.Path(folder, "kernel.cu")
    path.write_text(source)
    target = path.with_suffix(".o")
    code = "--generate-code=arch=compute_90,code=[compute_90,sm_90]"
    subprocess.run([NVCC, code, *options, "-c", path, "-o", target], check=True)
    return target


with tempfile.TemporaryDirectory() as folder:
    before = None
    for source, options, rules, sentence in CASES:
        if before != (source, options):
            target = compiled(folder, source, options)
        before = (source, options)
        command = [sys.executable, CHECK, "--cuobjdump", CUOBJDUMP, target, "--", *rules]
        result = subprocess.run(command, capture_output=True, text=True)
        output = result.stdout + result.stderr
        if sentence is None:
            assert result.returncode == 0, output
        else:
            assert result.returncode == 1 and sentence in output, f"{rules} must find {sentence!r}:\n{output}"
print(f"check_sass_test: {len(CASES)} kernels judged as they should be")
