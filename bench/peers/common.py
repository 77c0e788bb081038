# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the peer scripts share: the inputs, the comparison that comes before any timing, the samples, the JSON.

A script makes one process' measurements at one thread count: SCRIPT --inputs DIR --threads N --out FILE
"""
import argparse
import ctypes
import dataclasses
import gc
import itertools
import json
import os
import pathlib
import re
import sys
import time
import warnings
from typing import Callable

warnings.filterwarnings("ignore")
import numpy
import torch

torch._logging.set_logs(all=40)  # errors only
torch._dynamo.config.recompile_limit = 64  # variants share the code of their closures

CALLS_PER_SAMPLE = 5
ROTATED_BYTES = 400_000_000  # copies of the inputs that leave nothing of the first one in a shared cache
GRADIENT_TOLERANCE = 1e-5  # of the largest element
VALUE_TOLERANCE = 1e-5  # of max(1, |value|)


@dataclasses.dataclass
class Variant:
    """One way to compute it. `call` takes one copy of the inputs and returns {name: tensor or number}."""

    name: str
    call: Callable
    compiled: bool = False


def compiled(function, **options):
    return torch.compile(function, fullgraph=True, dynamic=False, **options)


class Inputs:
    """The raw files of one folder of bench_inputs."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.facts = json.loads((self.folder / "facts.json").read_text())

    def floats(self, name, *shape):
        return torch.from_numpy(numpy.fromfile(self.folder / f"{name}.f32", "<f4").reshape(shape))

    def integers(self, name, *shape):
        return torch.from_numpy(numpy.fromfile(self.folder / f"{name}.i64", "<i8").reshape(shape))

    def bfloats(self, name, *shape):
        return torch.from_numpy(numpy.fromfile(self.folder / f"{name}.bf16", "<i2").reshape(shape)).view(torch.bfloat16)

    def flags(self, name, *shape):
        return torch.from_numpy(numpy.fromfile(self.folder / f"{name}.u8", "u1").reshape(shape).astype(bool))


def copies_of(tensors, bytes_of_a_call):
    count = ROTATED_BYTES // bytes_of_a_call + 1
    return [{name: tensor.clone() for name, tensor in tensors.items()} for _ in range(count)]


def errors(found, expected, ignored=None):
    """Largest error of each output: of tensors relative to the largest element expected, of numbers to max(1, |x|).
    `ignored` leaves out elements, or rows."""
    result = {}
    for name, want in expected.items():
        if name not in found:
            continue
        if isinstance(want, torch.Tensor):
            has = found[name].detach().reshape(want.shape)
            rows = max(1, len(want) * 2**20 // want.numel())  # a part at a time: twice the memory of logits is a lot
            left_out = itertools.repeat(None) if ignored is None else ignored.split(rows)
            parts = [tensor_error(*part) for part in zip(has.split(rows), want.split(rows), left_out)]
            result[name] = float(torch.stack(parts).max() / want.abs().max())
        else:
            result[name] = abs(float(found[name]) - want) / max(1.0, abs(want))
    return result


def tensor_error(found, want, ignored):
    error = (found.double() - want.double()).abs()
    if ignored is not None:
        error = error.masked_fill(ignored.view(*ignored.shape, *[1] * (error.dim() - ignored.dim())), 0)
    return error.max()


def accepted(error_of, expected, tolerance=None):
    limit = lambda name: tolerance or (
        GRADIENT_TOLERANCE if isinstance(expected[name], torch.Tensor) else VALUE_TOLERANCE)
    return bool(error_of) and all(error <= limit(name) for name, error in error_of.items())


def told(error_of, expected):
    """The errors of the loss and of every array one by one, the largest one of the metrics."""
    metrics = [error for name, error in error_of.items()
               if name != "loss" and not isinstance(expected[name], torch.Tensor)]
    parts = [f"{name} {error:.1e}" for name, error in error_of.items()
             if name == "loss" or isinstance(expected[name], torch.Tensor)]
    return ", ".join(parts + ([f"metrics {max(metrics):.1e}"] if metrics else []))


def status_bytes(name):
    """A line of /proc/self/status; None where the system has none."""
    path = pathlib.Path("/proc/self/status")
    found = re.search(rf"^{name}:\s*(\d+) kB", path.read_text(), re.M) if path.exists() else None
    return 1024 * int(found[1]) if found else None


def peak_growth(call):
    """By how much the resident set grew at its highest during a call, its results included; None where unknown."""
    try:
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # what was freed is not there to be taken again
        pathlib.Path("/proc/self/clear_refs").write_text("5")  # the highest resident set begins anew
        before = status_bytes("VmRSS")
        kept = call()
        del kept
        return status_bytes("VmHWM") - before
    except (AttributeError, OSError, TypeError):
        return None


class Measurement:
    """Arguments, comparison, timing and output of one script."""

    def __init__(self):
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--inputs", required=True)
        parser.add_argument("--threads", type=int, required=True)
        parser.add_argument("--samples", type=int, default=9)
        parser.add_argument("--out", required=True)
        self.options = parser.parse_args()
        torch.set_num_threads(self.options.threads)
        self.peers, self.samples = [], []

    def inputs(self, name):
        return Inputs(pathlib.Path(self.options.inputs) / name)

    def compare(self, workload, variants, copy, expected, ignored, tolerance):
        """The first call of each, timed by itself; those whose outputs are the ones expected."""
        kept = []
        for variant in variants:
            start = time.perf_counter()
            try:
                found = variant.call(copy)
            except Exception as problem:  # a peer that this version of PyTorch cannot run is reported, not hidden
                print(f"  {workload}: {variant.name}: cannot run: {str(problem).splitlines()[0][:200]}", flush=True)
                self.peers.append({"workload": workload, "variant": variant.name, "accepted": False, "errors": {}})
                continue
            first = time.perf_counter() - start
            error_of = errors(found, expected, ignored)
            del found
            good = accepted(error_of, expected, tolerance)
            self.peers.append({"workload": workload, "variant": variant.name, "compiled": variant.compiled,
                               "first_call_s": round(first, 3), "accepted": good,
                               "beyond_inputs": peak_growth(lambda: variant.call(copy)) if good else None,
                               "errors": {name: float(f"{error:.2g}") for name, error in error_of.items()}})
            print(f"  {workload}: {variant.name}: first call {first:.2f} s; errors: {told(error_of, expected)}"
                  + ("" if good else "  DIFFERS: not timed"), flush=True)
            if good:
                kept.append(variant)
        return kept

    def measure(self, workload, variants, copies, expected, ignored=None, calls=CALLS_PER_SAMPLE, tolerance=None,
                warm_ups=2, samples=None):
        kept = self.compare(workload, variants, copies[0], expected, ignored, tolerance)
        turn = itertools.cycle(copies)
        for variant in kept:
            for _ in range(warm_ups):
                variant.call(next(turn))
        for sample in range(min(self.options.samples, samples or self.options.samples)):
            for variant in kept:
                start = time.perf_counter()
                for _ in range(calls):
                    variant.call(next(turn))
                self.note(workload, variant, sample, (time.perf_counter() - start) / calls)

    def note(self, workload, variant, sample, seconds):
        name = f"{workload}/{variant.name}/{self.options.threads}"
        self.samples.append({"name": name, "run_type": "iteration", "repetition_index": sample,
                             "real_time": round(seconds * 1e3, 4), "time_unit": "ms"})

    def write(self):
        context = {"date": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "torch": torch.__version__,
                   "python": sys.version.split()[0], "threads": self.options.threads,
                   "cpu_capability": torch.backends.cpu.get_cpu_capability(),
                   "memory": os.environ.get("COHORT_BENCH_MEMORY", "default")}
        document = {"context": context, "peers": self.peers, "benchmarks": self.samples}
        pathlib.Path(self.options.out).write_text(json.dumps(document, indent=1) + "\n")
        if not all(peer["accepted"] for peer in self.peers):
            print("  not every variant was timed", file=sys.stderr)
