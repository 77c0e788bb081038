# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Feeds check_layers.py trees that break one rule each, and one that breaks none."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).with_name("check_layers.py")
SPDX = "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
HEADERS = ["detail/config", "core/tensor", "core/lane", "formula/clip", "reward/verify", "gradient/entropy",
           "objective/loss", "backend/eigen", "backend/eigen/pack", "backend/detail/host", "backend/reference",
           "backend/block/pack", "backend/emulated_block", "interop/eigen", "cohort"]
TREE = {f"include/cohort/{name}.hpp": SPDX for name in HEADERS}
TREE["include/cohort/backend/cuda.cuh"] = SPDX

GOOD = [
    ("include/cohort/core/tensor.hpp", "#include <vector>\n#include <cohort/detail/config.hpp>\n"),
    ("include/cohort/formula/clip.hpp", "#include <cohort/core/lane.hpp>\n"),
    ("include/cohort/gradient/entropy.hpp", "#include <cohort/objective/loss.hpp>\n#define COHORT_X 1\n"),
    ("include/cohort/backend/eigen.hpp", "#include <Eigen/Core>\n#include <unsupported/Eigen/CXX11/ThreadPool>\n"
     "#include <cohort/backend/eigen/pack.hpp>\n#include <cohort/backend/detail/host.hpp>\n"),
    ("include/cohort/backend/emulated_block.hpp", "#include <cohort/backend/block/pack.hpp>\n"),
    ("include/cohort/backend/cuda.cuh", "#include <cuda_runtime.h>\n#include <cub/cub.cuh>\n"
     "#include <cohort/backend/block/pack.hpp>\n"),
    ("include/cohort/backend/cublas.cuh", "#include <cublasLt.h>\n#include <cuda_fp16.h>\n#include <cohort/backend/cuda.cuh>\n"),
    ("include/cohort/cohort.hpp", "#include <cohort/backend/reference.hpp>\n#include <cohort/reward/verify.hpp>\n"),
]
BAD = [
    ("include/cohort/core/tensor.hpp", "#include <cohort/formula/clip.hpp>\n", "rule L1"),
    ("include/cohort/core/tensor.hpp", "#include <Eigen/Core>\n", "third party"),
    ("include/cohort/core/tensor.hpp", '#include "lane.hpp"\n', "angle brackets"),
    ("include/cohort/core/tensor.hpp", "#include <cohort/core/absent.hpp>\n", "no such header"),
    ("include/cohort/core/tensor.hpp", "#define LIMIT 3\n", "not prefixed"),
    ("include/cohort/core/tensor.hpp", "//\n" * 300, "at most 300"),
    ("include/cohort/formula/clip.hpp", "#include <cohort/core/tensor.hpp>\n", "rule L2"),
    ("include/cohort/reward/verify.hpp", "#include <cohort/objective/loss.hpp>\n", "rule L3 reward"),
    ("include/cohort/reward/verify.hpp", "#include <cohort/backend/reference.hpp>\n", "rule L3 reward"),
    ("include/cohort/backend/eigen.hpp", "#include <cohort/objective/loss.hpp>\n", "rule L4 backend"),
    ("include/cohort/backend/eigen.hpp", "#include <thrust/sort.h>\n", "third party"),
    ("include/cohort/backend/reference.hpp", "#include <cohort/backend/eigen/pack.hpp>\n", "rule L4 backend"),
    ("include/cohort/backend/block/pack.hpp", "#include <cub/block/block_scan.cuh>\n", "third party"),
    ("include/cohort/backend/eigen.hpp", "#include <cohort/backend/block/pack.hpp>\n", "rule L4 backend"),
    ("include/cohort/interop/eigen.hpp", "#include <cohort/backend/eigen.hpp>\n", "rule L4 interop"),
    ("include/cohort/cohort.hpp", "#include <cohort/backend/eigen.hpp>\n", "rule umbrella"),
    ("tests/core/tensor.cpp", "#include <cohort/backend/cuda.cuh>\n", "only from .cuh and .cu"),
]


def run(changes):
    """Status and output of the check on the tree with lines appended to some of its files."""
    with tempfile.TemporaryDirectory() as root:
        for name, text in (TREE | {name: TREE.get(name, SPDX) + text for name, text in changes}).items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        result = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True)
        return result.returncode, result.stdout + result.stderr


status, output = run(GOOD)
assert status == 0, output
for name, text, sentence in BAD:
    status, output = run([(name, text)])
    assert status == 1 and sentence in output, f"{name} with {text!r} must fail with {sentence!r}:\n{output}"
TREE["include/cohort/core/tensor.hpp"] = "#pragma once\n"
status, output = run([])
assert status == 1 and "first line" in output, output
print(f"check_layers_test: {len(BAD) + 2} trees judged as they should be")
