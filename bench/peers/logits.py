# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the peer scripts of the logits and head tiers share: log-probs of tokens from logits in PyTorch, and the loss.

log_softmax  log_softmax, then gather
logsumexp    gather, minus logsumexp
TRL          selective_log_softmax and selective_log_softmax_and_entropy of the installed package, as they are
"""
import ast
import importlib.util
import pathlib

import torch
from torch.nn.functional import log_softmax


def of_log_softmax(logits, token):
    return log_softmax(logits, -1).gather(-1, token.unsqueeze(-1)).squeeze(-1)


def of_logsumexp(logits, token):
    return logits.gather(-1, token.unsqueeze(-1)).squeeze(-1) - torch.logsumexp(logits, -1)


def entropy_of_log_softmax(logits, token):
    every = log_softmax(logits, -1)
    return every.gather(-1, token.unsqueeze(-1)).squeeze(-1), -(every.exp() * every).sum(-1)


def entropy_of_logsumexp(logits, token):
    total = torch.logsumexp(logits, -1)
    mean = (torch.exp(logits - total.unsqueeze(-1)) * logits).sum(-1)
    return logits.gather(-1, token.unsqueeze(-1)).squeeze(-1) - total, total - mean


# Of the largest element: PyTorch adds the exponentials of a row in float; bfloat16 arithmetic, and what it makes of a ratio.
FLOAT_SUMS, SIXTEEN_BITS, SIXTEEN_BIT_RATIO = 2e-4, 1e-2, 6e-2

FORMULATIONS = {"log_softmax": of_log_softmax, "logsumexp": of_logsumexp}
WITH_ENTROPY = {"log_softmax": entropy_of_log_softmax, "logsumexp": entropy_of_logsumexp}


def in_float(function):
    """16-bit logits, arithmetic in float."""
    return lambda logits, token: function(logits.float(), token)


def trl(*names):
    """Functions of TRL's trainer/utils.py, without the imports of that file that they do not use (transformers ...); None
    where TRL is not installed."""
    package = importlib.util.find_spec("trl")
    if package is None:
        return None
    tree = ast.parse((pathlib.Path(package.origin).parent / "trainer" / "utils.py").read_text(encoding="utf-8"))
    own = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list]
    scope = {"torch": torch, "F": torch.nn.functional, "is_triton_available": lambda: False}
    exec(compile(ast.Module([ast.parse("from __future__ import annotations").body[0], *own], []), "trl", "exec"), scope)
    return [scope[name] for name in names]


class Policy:
    """PPO with two clip ranges, mean over the tokens."""

    def __init__(self, facts):
        self.low, self.high, self.columns = 1 - facts["low"], 1 + facts["high"], facts["columns"]

    def loss(self, log_prob, old, advantage):
        a = advantage.repeat_interleave(self.columns)
        ratio = torch.exp(log_prob.view(-1).float() - old)
        return -torch.minimum(ratio * a, ratio.clamp(self.low, self.high) * a).mean()

    def slope(self, log_prob, old, advantage):
        """The loss and its derivative with respect to each log-prob."""
        a = advantage.repeat_interleave(self.columns)
        ratio = torch.exp(log_prob - old)
        unclipped, held = ratio * a, ratio.clamp(self.low, self.high) * a
        loss = -torch.minimum(unclipped, held).mean()
        return loss, -torch.where(held < unclipped, 0, unclipped) / len(log_prob)

    def clip_edge(self, log_prob, old, within):
        """Tokens whose ratio may fall on either side of a bound."""
        ratio = torch.exp(log_prob.double() - old.double())
        return ((ratio - self.low).abs() < within) | ((ratio - self.high).abs() < within)


def copy_of(given, kind):
    """The tensors of one call, and what ours makes of them. Kind: f32 or bf16."""
    tokens, columns, vocabulary = (given.facts[name] for name in ("tokens", "columns", "vocabulary"))
    read = given.floats if kind == "f32" else given.bfloats
    copy = {"logits": read("logits", tokens, vocabulary), "token": given.integers("token", tokens),
            "old": given.floats(f"old_log_prob_{kind}", tokens),
            "advantage": given.floats("advantage", tokens // columns)}
    expected = {"log_prob": given.floats(f"log_prob_{kind}", tokens),
                "entropy": given.floats(f"entropy_{kind}", tokens), "loss": given.facts[f"loss_{kind}"]}
    return copy, expected
