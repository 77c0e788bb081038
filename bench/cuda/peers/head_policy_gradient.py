# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loss and gradients of a head in PyTorch and Liger: hidden states and weights in bfloat16, PPO clip, mean over tokens."""
import torch

import generator
from common import Peer, Work, compiled
from logits import COLUMNS

LOW, HIGH = 0.2, 0.28
TOLERANCE = {"loss": 1e-3, "d_hidden": 5e-2, "d_weights": 5e-2}  # of the largest element; logits of 16 bits


class Head:
    """The batch of bench_cuda, but for the log-probs of the old policy, which follow those of these logits."""

    def __init__(self, tokens, width, vocabulary, mix):
        rows = tokens // COLUMNS
        self.shape = (rows, COLUMNS)
        normals = lambda n, seed, deviation: generator.normals(n, seed, deviation, torch.bfloat16)
        self.hidden = normals(tokens * width, 21, 1).view(tokens, width)
        self.weights = normals(vocabulary * width, 22, width**-0.5).view(vocabulary, width)
        self.token = generator.tokens(tokens, vocabulary)
        self.advantage = generator.advantages(rows, 2 if mix else 0)
        valid = torch.arange(COLUMNS, device=generator.DEVICE)[None] < generator.lengths(rows, COLUMNS, mix)[:, None]
        self.mask = valid.reshape(-1)
        self.log_prob = self.scored()
        self.old = self.log_prob + generator.normals(tokens, 7, 0.05)

    def scored(self):
        parts = []
        with torch.no_grad():
            for h, t in zip(self.hidden.split(1024), self.token.split(1024)):
                parts.append(log_prob_of((h @ self.weights.T), t))
        return torch.cat(parts)

    def truth(self, rows=256):
        """With products of floats, a few rows at a time: loss, and gradients in float."""
        count = len(self.token)
        d_hidden = torch.zeros_like(self.hidden, dtype=torch.float32)
        d_weights = torch.zeros_like(self.weights, dtype=torch.float32)
        weights, loss = self.weights.float(), 0.0
        for first in range(0, count, rows):
            part = slice(first, first + rows)
            h = self.hidden[part].float()
            x = h @ weights.T
            total = torch.logsumexp(x, -1)
            log_prob = x.gather(-1, self.token[part, None])[:, 0] - total
            a = self.advantage.repeat_interleave(COLUMNS)[part]
            ratio = torch.exp(log_prob - self.old[part])
            held = ratio.clamp(1 - LOW, 1 + HIGH)
            weight = self.mask[part].float() / count
            loss += float((-torch.minimum(ratio * a, held * a) * weight).sum())
            slope = torch.where(held * a < ratio * a, 0, -ratio * a) * weight
            d = -slope[:, None] * torch.exp(x - total[:, None])
            d.scatter_add_(-1, self.token[part, None], slope[:, None])
            d_hidden[part] = d @ weights
            d_weights += d.T @ h
        return {"loss": loss, "d_hidden": d_hidden, "d_weights": d_weights}


def log_prob_of(logits, token):
    x = logits.float()
    return x.gather(-1, token[:, None])[:, 0] - torch.logsumexp(x, -1)


def loss_of(hidden, weights, token, old, advantage, mask):
    log_prob = log_prob_of(hidden @ weights.T, token)
    a = advantage.repeat_interleave(COLUMNS)
    ratio = torch.exp(log_prob - old)
    return -(torch.minimum(ratio * a, ratio.clamp(1 - LOW, 1 + HIGH) * a) * mask).sum() / len(token)


def autograd(name, head, function, is_compiled=False):
    function = compiled(function) if is_compiled else function

    def call(_):
        hidden, weights = (x.detach().requires_grad_() for x in (head.hidden, head.weights))
        loss = function(hidden, weights, head.token, head.old, head.advantage, head.mask)
        d_hidden, d_weights = torch.autograd.grad(loss, (hidden, weights))
        return {"loss": loss.detach(), "d_hidden": d_hidden, "d_weights": d_weights}

    return Peer(name, call, compiled=is_compiled, tolerance=TOLERANCE)


def in_liger(head):
    from liger_kernel.chunked_loss import LigerFusedLinearGRPOLoss

    loss_function = LigerFusedLinearGRPOLoss(beta=0.0, epsilon_low=LOW, epsilon_high=HIGH, loss_type="bnpo",
                                             use_ref_model=False, temperature=1.0)
    old, token, mask = (x.view(head.shape) for x in (head.old, head.token, head.mask))
    numbers, share = mask.to(torch.int64), head.mask.float().mean()

    def call(_):
        hidden, weights = (x.detach().requires_grad_() for x in (head.hidden, head.weights))
        loss, _ = loss_function(hidden.view(*head.shape, -1), weights, token, numbers, head.advantage,
                                old_per_token_logps=old)
        loss = loss * share  # its mean is over valid tokens
        d_hidden, d_weights = torch.autograd.grad(loss, (hidden, weights))
        return {"loss": loss.detach(), "d_hidden": d_hidden, "d_weights": d_weights}

    return Peer("LigerFusedLinearGRPOLoss", call, compiled=True, tolerance=TOLERANCE)


def measure(run, tokens, width, vocabulary, chunk, mix=False):
    head = Head(tokens, width, vocabulary, mix)
    live = float((head.mask & (head.advantage.repeat_interleave(COLUMNS) != 0)).sum())
    name = f"bf16/{tokens}x{width}x{vocabulary}/{'mix' if mix else 'dense'}/chunk {chunk}"
    work = Work("head_policy_gradient", name, operations=6.0 * live * width * vocabulary, limit="gemm")
    run.ours = {}  # its old policy follows its own log-probs
    wanted = head.truth()
    peers = [autograd("PyTorch eager, all logits", head, loss_of),
             autograd("torch.compile, all logits", head, loss_of, True)]
    try:
        peers.append(in_liger(head))
    except Exception as problem:
        run.tell("absent", algorithm=work.algorithm, workload=work.name, reason=str(problem))
    run.compare(work, peers, wanted)


def main(run):
    if run.options.quick:
        return run.attempt("head_policy_gradient", lambda: measure(run, 2048, 2048, 151936, 1024))
    for mix in (False, True):
        run.attempt("head_policy_gradient", lambda: measure(run, 8192, 4096, 151936, 4096, mix))
