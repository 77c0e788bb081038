# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The inputs of bench_cuda, made here: the numbers of support/random.cuh, to the bit."""
import os

import numpy
import torch

MASK = 0xFFFFFFFF
FOUR_DEVIATION = 37837.22  # of a sum of four 16-bit numbers
DEVICE = os.environ.get("COHORT_BENCH_DEVICE", "cuda")  # another one to try the formulas, not to time them
CHUNK = 1 << 26  # numbers made at a time


def unit_of(deviation):
    return float(numpy.float32(deviation / FOUR_DEVIATION))


def mixed(x):
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & MASK
    x = ((x ^ (x >> 15)) * 0x846CA68B) & MASK
    return x ^ (x >> 16)


def random_bits(at, seed):
    high = mixed(((at >> 32) + seed * 0x9E3779B9) & MASK)
    return mixed((at & MASK) ^ high)


def random_normal(at, seed, unit):
    a, b = random_bits(at, 2 * seed), random_bits(at, 2 * seed + 1)
    total = (a & 0xFFFF) + (a >> 16) + (b & 0xFFFF) + (b >> 16)
    return (total - 131070).to(torch.float32) * unit


def indices(first, last):
    return torch.arange(first, last, dtype=torch.int64, device=DEVICE)


def made(n, f, dtype=torch.float32):
    out = torch.empty(n, dtype=dtype, device=DEVICE)
    for first in range(0, n, CHUNK):
        last = min(n, first + CHUNK)
        out[first:last] = f(indices(first, last)).to(dtype)
    return out


def normals(n, seed, deviation, dtype=torch.float32):
    unit = unit_of(deviation)
    return made(n, lambda at: random_normal(at, seed, unit), dtype)


def tokens(n, vocabulary):
    return made(n, lambda at: random_bits(at, 2) % vocabulary, torch.int64)


def logits(n, vocabulary, dtype, raised=12.0, deviation=2.0):
    """Rows of normal logits; the token's own is raised before the rounding."""
    chosen = tokens(n, vocabulary)
    unit = unit_of(deviation)
    out = torch.empty(n, vocabulary, dtype=dtype, device=DEVICE)
    rows = max(1, CHUNK // vocabulary)
    for first in range(0, n, rows):
        last = min(n, first + rows)
        x = random_normal(indices(first * vocabulary, last * vocabulary), 1, unit).view(-1, vocabulary)
        at = chosen[first:last, None]
        x.scatter_add_(1, at, torch.full_like(at, raised, dtype=torch.float32))
        out[first:last] = x.to(dtype)
    return out, chosen


def advantages(rows, constant=0):
    at = indices(0, rows)
    k = random_bits(at, 3) & 7
    value = 0.5 * torch.where(k < 4, k - 4, k - 3).to(torch.float32)
    return torch.where(at % 5 < constant, torch.zeros_like(value), value)


def lengths(rows, columns, mix):
    at = indices(0, rows)
    return columns * 7 // 10 + (at % 7 - 3) * (columns // 16) if mix else torch.full_like(at, columns)


def rewards(n):
    return made(n, lambda at: 0.25 * (random_bits(at, 5) % 5).to(torch.float32), torch.float32)
