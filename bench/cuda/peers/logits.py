# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rows of logits: the batches of bench_cuda, and what double precision makes of them."""
import torch

import generator

COLUMNS = 64
KINDS = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


class Batch:
    """tokens / 64 sequences of 64; `mix`: 30 % padding, 40 % of the sequences without an advantage."""

    def __init__(self, tokens, vocabulary, kind="bf16", mix=False, raised=12.0):
        self.tokens, self.vocabulary, self.rows = tokens, vocabulary, tokens // COLUMNS
        self.original, self.token = generator.logits(tokens, vocabulary, KINDS[kind], raised)
        self.advantage = generator.advantages(self.rows, 2 if mix else 0)
        valid = torch.arange(COLUMNS, device=generator.DEVICE)[None] < generator.lengths(self.rows, COLUMNS, mix)[:, None]
        self.mask = valid.reshape(-1)
        self.total, self.log_prob, self.entropy = self.truth()
        noise = lambda seed, deviation: generator.normals(tokens, seed, deviation)
        self.old = self.log_prob.float() + noise(7, 0.15)
        self.ref = self.log_prob.float() + noise(8, 0.1)

    @property
    def bytes(self):
        return self.original.numel() * self.original.element_size()

    def parts(self):
        rows = max(1, 2**27 // self.vocabulary)
        return [slice(first, min(self.tokens, first + rows)) for first in range(0, self.tokens, rows)]

    def truth(self):
        total, log_prob, entropy = (torch.empty(self.tokens, dtype=torch.float64, device=generator.DEVICE) for _ in range(3))
        for part in self.parts():
            x = self.original[part].double()
            total[part] = torch.logsumexp(x, -1)
            log_prob[part] = x.gather(-1, self.token[part, None])[:, 0] - total[part]
            entropy[part] = total[part] - (torch.exp(x - total[part, None]) * x).sum(-1)
        return total, log_prob, entropy

    def policy_truth(self, low, high, beta):
        """Loss, KL, clip fraction, and the slope of every token; tokens at a clip edge."""
        a = self.advantage.double().repeat_interleave(COLUMNS)
        ratio = torch.exp(self.log_prob - self.old.double())
        held = ratio.clamp(1 - low, 1 + high)
        delta = self.ref.double() - self.log_prob
        clipped = held * a < ratio * a
        weight = self.mask.double() / self.mask.sum()
        kl = torch.exp(delta) - delta - 1
        loss = ((beta * kl - torch.minimum(ratio * a, held * a)) * weight).sum()
        slope = torch.where(clipped, 0, -ratio * a) + beta * (1 - torch.exp(delta))
        edge = ((ratio - 1 + low).abs() < 1e-3) | ((ratio - 1 - high).abs() < 1e-3)
        return {"loss": float(loss), "kl": float((kl * weight).sum()),
                "clip_fraction": float((clipped * weight).sum())}, slope * weight, edge

    def gradient_truth(self, slope):
        """As it is stored: rounded once from double."""
        out = torch.empty_like(self.original)
        for part in self.parts():
            p = torch.exp(self.original[part].double() - self.total[part, None])
            d = -slope[part, None] * p
            d.scatter_add_(-1, self.token[part, None], slope[part, None])
            out[part] = d.to(out.dtype)
        return out

    def copies(self, count):
        return [self.original.clone() for _ in range(count)]
