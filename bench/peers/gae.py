# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Generalised advantage estimation in PyTorch: A[t] = delta[t] + gamma * lambda * A[t + 1] over rows x columns, and the
returns A + value. Small enough to stay in a cache: every call works on the same tensors, as ours does.

loop, mask   verl's way: from the last token to the first, vectors over the rows; a masked token hands on what it got
loop         the same without a mask
doubling     a scan in log2(columns) sweeps of the whole array, each adding what stands twice as far to the right
blocks       matrix products: 64 tokens at a time by a triangle of powers, then a loop over the blocks' carries
"""
import torch
from torch.nn.functional import pad

from common import Measurement, Variant, compiled

BLOCK = 64


class Gae:
    def __init__(self, facts):
        self.gamma, self.decay = facts["gamma"], facts["gamma"] * facts["lambda"]
        self.rows, self.columns = facts["rows"], facts["columns"]
        power = torch.arange(BLOCK, dtype=torch.float64)
        distance = power[:, None] - power[None, :]  # from t, a column, to the token s that it takes from, a row
        self.triangle = torch.where(distance >= 0, self.decay**distance.clamp(min=0), 0).float()
        self.reach = (self.decay ** (BLOCK - power)).float()

    def loop_with_mask(self, reward, value, mask):
        next_value = torch.zeros_like(reward[:, 0])
        carried = torch.zeros_like(next_value)
        backwards = []
        for t in range(self.columns - 1, -1, -1):
            here = reward[:, t] + self.gamma * next_value - value[:, t] + self.decay * carried
            keep = mask[:, t]
            next_value = keep * value[:, t] + (1 - keep) * next_value
            carried = keep * here + (1 - keep) * carried
            backwards.append(carried)
        return torch.stack(backwards[::-1], 1)

    def loop(self, reward, value):
        delta = self.delta(reward, value)
        advantage = torch.empty_like(reward)
        carried = torch.zeros_like(reward[:, 0])
        for t in range(self.columns - 1, -1, -1):
            carried = torch.add(delta[:, t], carried, alpha=self.decay)
            advantage[:, t] = carried
        return advantage

    def delta(self, reward, value):
        return reward + self.gamma * pad(value[:, 1:], (0, 1)) - value

    def doubling(self, reward, value):
        total, reach = self.delta(reward, value), 1
        while reach < self.columns and self.decay**reach > 1e-30:
            total = total + self.decay**reach * pad(total[:, reach:], (0, reach))
            reach *= 2
        return total

    def blocks(self, reward, value):
        within = self.delta(reward, value).view(self.rows, -1, BLOCK) @ self.triangle
        first = within[:, :, 0].unbind(1)
        carried = torch.zeros_like(first[0])
        carries = []
        for block in reversed(first):
            carries.append(carried)
            carried = block + self.decay**BLOCK * carried
        carry = torch.stack(carries[::-1], 1)
        return (within + carry.unsqueeze(-1) * self.reach).view(self.rows, self.columns)


def with_returns(function):
    def both(reward, value, *mask):
        advantage = function(reward, value, *mask)
        return advantage, advantage + value

    return both


def variant(name, function, is_compiled=False, masked=False):
    function = compiled(with_returns(function)) if is_compiled else with_returns(function)
    names = ("reward", "value", "mask") if masked else ("reward", "value")

    def call(copy):
        with torch.no_grad():
            advantage, returns = function(*(copy[name] for name in names))
            return {"advantage": advantage, "returns": returns}

    return Variant(f"{'torch.compile' if is_compiled else 'eager'}, {name}", call, is_compiled)


def main():
    run = Measurement()
    for name in ("gae_64x2048", "gae_256x4096"):
        given = run.inputs(name)
        shape = (given.facts["rows"], given.facts["columns"])
        peer = Gae(given.facts)
        copy = {"reward": given.floats("reward", *shape), "value": given.floats("value", *shape),
                "mask": torch.ones(shape)}
        advantage = given.floats("advantage", *shape)
        expected = {"advantage": advantage, "returns": advantage + copy["value"]}
        loops = [variant("loop with a mask (verl)", peer.loop_with_mask, masked=True), variant("loop", peer.loop)]
        run.measure(name, loops, [copy], expected, calls=1)
        scans = [variant("doubling", peer.doubling), variant("blocks", peer.blocks),
                 variant("doubling", peer.doubling, True), variant("blocks", peer.blocks, True)]
        run.measure(name, scans, [copy], expected)
    run.write()


main()
