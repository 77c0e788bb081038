# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Group advantages of uniform groups in PyTorch: (reward - mean) / (std + epsilon), std with ddof 1.

view(P, G)   mean and std along the group
two sums     the same from sums: mean, then the squares of what is left
columns      the members of a group one by one, each a strided column: vectors over the groups
"""
import functools
import operator

import torch

from common import Measurement, Variant, compiled, copies_of


class GroupAdvantage:
    def __init__(self, facts):
        self.size, self.epsilon = facts["size"], facts["epsilon"]

    def view(self, reward):
        x = reward.view(-1, self.size)
        std = x.std(-1, keepdim=True)
        return ((x - x.mean(-1, keepdim=True)) / (std + self.epsilon)).view(-1), std

    def two_sums(self, reward):
        x = reward.view(-1, self.size)
        left = x - x.sum(-1, keepdim=True) / self.size
        std = ((left * left).sum(-1, keepdim=True) / (self.size - 1)).sqrt()
        return (left / (std + self.epsilon)).view(-1), std

    def columns(self, reward):
        total = functools.partial(functools.reduce, operator.add)
        x = reward.view(-1, self.size).unbind(-1)
        mean = total(x) / self.size
        left = [member - mean for member in x]
        std = (total([member * member for member in left]) / (self.size - 1)).sqrt()
        return torch.stack([member / (std + self.epsilon) for member in left], -1).view(-1), std


def with_report(function):
    def call(reward):
        advantage, std = function(reward)
        return advantage, std.mean(), (std == 0).float().mean(), reward.mean()

    return call


def variant(name, function, is_compiled):
    function = compiled(function) if is_compiled else function

    def call(copy):
        with torch.no_grad():
            return dict(zip(("advantage", "reward_std", "fraction_zero_variance", "reward"), function(copy["reward"])))

    return Variant(f"{'torch.compile' if is_compiled else 'eager'}, {name}", call, is_compiled)


def without_report(function):
    return lambda reward: (function(reward)[0],)


def variants(peer):
    for is_compiled in (False, True):
        for name, function in (("view", peer.view), ("two sums", peer.two_sums), ("columns", peer.columns)):
            yield variant(name, with_report(function), is_compiled)
            yield variant(f"{name}, no metrics", without_report(function), is_compiled)


def main():
    run = Measurement()
    given = run.inputs("group_advantage")
    count = given.facts["groups"] * given.facts["size"]
    expected = {"advantage": given.floats("advantage", count),
                **{name: given.facts[name] for name in ("reward_std", "fraction_zero_variance", "reward")}}
    copies = copies_of({"reward": given.floats("reward", count)}, 8 * count)
    run.measure("group_advantage", list(variants(GroupAdvantage(given.facts))), copies, expected)
    run.write()


main()
