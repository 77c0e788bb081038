# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loss and gradient of logits as Triton kernels of three passes: one reads a row for its log-sum-exp and makes loss, KL
and clipping of it, another reads it again and writes the gradient over it. The structure of the GRPO kernels in use:
a program per row, a loop over blocks of the vocabulary, everything in float."""
import torch
import triton
import triton.language as tl


@triton.jit
def forward_kernel(logits, token, old, ref, advantage, total_out, log_prob_out, loss_out, kl_out, clipped_out, columns,
                   vocabulary, low, high, beta, POLICY: tl.constexpr, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    start = logits + row * vocabulary
    top = float("-inf")
    total = 0.0
    for first in range(0, vocabulary, BLOCK):
        at = first + tl.arange(0, BLOCK)
        x = tl.load(start + at, mask=at < vocabulary, other=float("-inf")).to(tl.float32)
        higher = tl.maximum(top, tl.max(x, 0))
        total = total * tl.exp(top - higher) + tl.sum(tl.exp(x - higher), 0)
        top = higher
    total = top + tl.log(total)
    log_prob = tl.load(start + tl.load(token + row)).to(tl.float32) - total
    tl.store(total_out + row, total)
    tl.store(log_prob_out + row, log_prob)
    if POLICY:
        a = tl.load(advantage + row // columns)
        ratio = tl.exp(log_prob - tl.load(old + row))
        held = tl.minimum(tl.maximum(ratio, 1 - low), 1 + high)
        delta = tl.load(ref + row) - log_prob
        kl = tl.exp(delta) - delta - 1
        tl.store(loss_out + row, beta * kl - tl.minimum(ratio * a, held * a))
        tl.store(kl_out + row, kl)
        tl.store(clipped_out + row, (held * a < ratio * a).to(tl.float32))


@triton.jit
def backward_kernel(logits, token, old, ref, advantage, total_in, log_prob_in, columns, vocabulary, low, high, beta,
                    weight, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    start = logits + row * vocabulary
    chosen = tl.load(token + row)
    total = tl.load(total_in + row)
    log_prob = tl.load(log_prob_in + row)
    a = tl.load(advantage + row // columns)
    ratio = tl.exp(log_prob - tl.load(old + row))
    held = tl.minimum(tl.maximum(ratio, 1 - low), 1 + high)
    slope = tl.where(held * a < ratio * a, 0.0, -ratio * a) + beta * (1 - tl.exp(tl.load(ref + row) - log_prob))
    slope *= weight
    for first in range(0, vocabulary, BLOCK):
        at = first + tl.arange(0, BLOCK)
        x = tl.load(start + at, mask=at < vocabulary, other=float("-inf")).to(tl.float32)
        d = slope * (tl.where(at == chosen, 1.0, 0.0) - tl.exp(x - total))
        tl.store(start + at, d.to(logits.dtype.element_ty), mask=at < vocabulary)


def log_prob(logits, token):
    rows, vocabulary = logits.shape
    total, out = (torch.empty(rows, device=logits.device) for _ in range(2))
    forward_kernel[(rows,)](logits, token, out, out, out, total, out, out, out, out, 1, vocabulary, 0.0, 0.0, 0.0,
                            POLICY=False, BLOCK=2048, num_warps=4)
    return out


def policy(logits, token, old, ref, advantage, columns, low, high, beta):
    """Loss, mean KL and clip fraction; the gradient stands in logits afterwards."""
    rows, vocabulary = logits.shape
    total, scored, loss, kl, clipped = (torch.empty(rows, device=logits.device) for _ in range(5))
    forward_kernel[(rows,)](logits, token, old, ref, advantage, total, scored, loss, kl, clipped, columns, vocabulary,
                            low, high, beta, POLICY=True, BLOCK=2048, num_warps=4)
    backward_kernel[(rows,)](logits, token, old, ref, advantage, total, scored, columns, vocabulary, low, high, beta,
                             1.0 / rows, BLOCK=4096, num_warps=16)
    return loss.mean(), kl.mean(), clipped.mean()
