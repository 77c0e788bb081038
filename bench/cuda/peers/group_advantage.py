# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Group statistics in PyTorch: a view of prompts x samples; verl's dictionary of lists for comparison at small sizes."""
from collections import defaultdict

import torch

import generator
from common import Peer, Work, compiled, sets_for

EPSILON = 1e-6


def grouped(reward, size):
    x = reward.view(-1, size)
    return ((x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + EPSILON)).view(-1)


def by_dictionary(reward, ids, size):
    """The loop that trainers run: a list per prompt, its mean and deviation, then sample by sample."""
    members = defaultdict(list)
    for i, key in enumerate(ids):
        members[key].append(reward[i])
    mean = {key: torch.stack(values).mean() for key, values in members.items()}
    deviation = {key: torch.stack(values).std() for key, values in members.items()}
    return torch.stack([(reward[i] - mean[key]) / (deviation[key] + EPSILON) for i, key in enumerate(ids)])


def measure(run, groups, size):
    n = groups * size
    work = Work("group_advantage", f"{groups}x{size}", 8.0 * n, sets=sets_for(8.0 * n))
    rewards = [generator.rewards(n) for _ in range(work.sets)]
    x = rewards[0].double().view(-1, size)
    truth = ((x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + EPSILON))
    truth = torch.where(x.amax(-1, keepdim=True) == x.amin(-1, keepdim=True), 0, truth).view(-1)
    function = compiled(grouped)
    peers = [Peer("PyTorch eager", lambda i: {"advantage": grouped(rewards[i], size)}, tolerance={"advantage": 1e-3}),
             Peer("torch.compile", lambda i: {"advantage": function(rewards[i], size)}, compiled=True,
                  tolerance={"advantage": 1e-3})]
    if groups <= 64:
        ids = [i // size for i in range(n)]
        peers.append(Peer("a dictionary of lists, as verl", lambda i: {"advantage": by_dictionary(rewards[i], ids, size)},
                          tolerance={"advantage": 1e-3}))
    run.compare(work, peers, {"advantage": truth})


def main(run):
    sizes = [(65536, 8)] if run.options.quick else [(1000000, 8), (1000000, 16), (1000000, 64), (65536, 8), (64, 8)]
    for size in sizes:
        run.attempt("group_advantage", lambda: measure(run, *size))
