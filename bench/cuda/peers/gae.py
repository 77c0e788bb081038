# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generalised advantage estimation in PyTorch: the loop over time of verl and its kin."""
import torch

import generator
from common import Peer, Work

DISCOUNT, DECAY = 0.99, 0.95


def loop(reward, value):
    columns, later, backwards = reward.shape[1], torch.zeros_like(reward[:, 0]), []
    for t in reversed(range(columns)):
        following = value[:, t + 1] if t < columns - 1 else 0.0
        later = reward[:, t] + DISCOUNT * following - value[:, t] + DISCOUNT * DECAY * later
        backwards.append(later)
    advantage = torch.stack(backwards[::-1], 1)
    return advantage, advantage + value


def measure(run, rows, columns):
    work = Work("gae", f"{rows}x{columns}", 16.0 * rows * columns)
    reward, value = (generator.normals(rows * columns, seed, 1.0).view(rows, columns) for seed in (9, 10))
    wanted = dict(zip(("advantage", "returns"), loop(reward.double(), value.double())))
    run.compare(work, [Peer("the loop of verl, eager", lambda i: dict(zip(("advantage", "returns"), loop(reward, value))))],
                wanted)


def main(run):
    for size in [(256, 4096)] if run.options.quick else [(256, 4096), (1024, 8192)]:
        run.attempt("gae", lambda: measure(run, *size))
