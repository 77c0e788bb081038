# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loss and gradient of logits: PPO with two clip ranges and k3, mean over the tokens; loss, KL and clip fraction out."""
import inspect

import torch

from common import Peer, Work, compiled
from logits import COLUMNS, Batch

LOW, HIGH, BETA = 0.2, 0.28, 0.04


TOLERANCE = {"d_logits": 1e-2, "loss": 1e-5, "kl": 1e-5, "clip_fraction": 1e-3}  # a unit of bfloat16


def loss_of(log_prob, old, ref, advantage, mask, beta):
    a = advantage.repeat_interleave(COLUMNS)
    ratio = torch.exp(log_prob - old)
    held = ratio.clamp(1 - LOW, 1 + HIGH)
    delta = ref - log_prob
    kl = torch.exp(delta) - delta - 1
    count = mask.sum()
    term = beta * kl - torch.minimum(ratio * a, held * a)
    clipped = (held * a < ratio * a) & mask
    return (term * mask).sum() / count, (kl * mask).sum() / count, clipped.sum() / count


def of_log_softmax(logits, token, *rest):
    return loss_of(torch.log_softmax(logits.float(), -1).gather(-1, token[:, None])[:, 0], *rest)


def of_logsumexp(logits, token, *rest):
    x = logits.float()
    return loss_of(x.gather(-1, token[:, None])[:, 0] - torch.logsumexp(x, -1), *rest)


def by_hand(logits, token, old, ref, advantage, mask, beta):
    """The gradient written out: one graph, no autograd."""
    x = logits.float()
    total = torch.logsumexp(x, -1)
    log_prob = x.gather(-1, token[:, None])[:, 0] - total
    a = advantage.repeat_interleave(COLUMNS)
    ratio = torch.exp(log_prob - old)
    held = ratio.clamp(1 - LOW, 1 + HIGH)
    slope = torch.where(held * a < ratio * a, 0, -ratio * a) + beta * (1 - torch.exp(ref - log_prob))
    slope = slope * mask / mask.sum()
    chosen = torch.arange(x.shape[-1], device=x.device) == token[:, None]
    gradient = (slope[:, None] * (chosen.float() - torch.exp(x - total[:, None]))).to(logits.dtype)
    return gradient, *loss_of(log_prob, old, ref, advantage, mask, beta)


def told(loss, kl, clipped, gradient):
    return {"loss": loss.detach(), "kl": kl.detach(), "clip_fraction": clipped, "d_logits": gradient}


def rest_of(batch, beta):
    return batch.token, batch.old, batch.ref, batch.advantage, batch.mask, beta


def autograd(name, batch, beta, function, is_compiled=False):
    function = compiled(function) if is_compiled else function

    def call(_):
        logits = batch.original.detach().requires_grad_()
        loss, kl, clipped = function(logits, *rest_of(batch, beta))
        (gradient,) = torch.autograd.grad(loss, logits)
        return told(loss, kl, clipped, gradient)

    return Peer(name, call, compiled=is_compiled, tolerance=TOLERANCE)


def hand_compiled(batch, beta):
    function = compiled(by_hand)

    def call(_):
        with torch.no_grad():
            gradient, *metrics = function(batch.original, *rest_of(batch, beta))
        return told(*metrics, gradient)

    return Peer("torch.compile, gradient by hand", call, compiled=True, tolerance=TOLERANCE)


def in_triton(batch, beta):
    import three_pass

    x = batch.original.clone()

    def call(_):
        metrics = three_pass.policy(x, batch.token, batch.old, batch.ref, batch.advantage, COLUMNS, LOW, HIGH, beta)
        return told(*metrics, x)

    return Peer("Triton, three passes", call, lambda i: x.copy_(batch.original), True, TOLERANCE)


def in_liger(batch, beta):
    """In its own layout, with a row more per sequence; in place; its own mean over tokens where its version has one."""
    from liger_kernel.transformers.grpo_loss import triton_grpo_loss

    x = torch.zeros(batch.rows, COLUMNS + 1, batch.vocabulary, dtype=batch.original.dtype, device=batch.original.device)
    source = batch.original.view(batch.rows, COLUMNS, -1)
    old, ref, token, mask = (t.view(batch.rows, COLUMNS) for t in (batch.old, batch.ref, batch.token, batch.mask))
    numbers, count = mask.to(torch.int64), mask.sum()
    options = dict(temperature=1.0, beta=beta, eps_low=LOW, eps_high=HIGH, inplace=True)
    reduces = "reduce" in inspect.signature(triton_grpo_loss).parameters
    if reduces:
        options.update(reduce=True, loss_type="bnpo")
    mean = lambda term: (term * mask).sum() / count

    def call(_):
        logits = x.detach().requires_grad_()
        found = triton_grpo_loss(logits, old, ref if beta else None, token, batch.advantage, numbers, **options)
        if reduces:
            loss, (*kl, clipped) = found
        else:
            loss, kl, clipped = mean(found[0]), [mean(found[1])] if beta else [], mean(found[2])
        loss.backward()
        gradient = logits.grad  # what is scored of it is compared, and not copied while time is taken
        return told(loss, kl[0] if kl else loss, clipped, lambda: gradient[:, :-1].reshape(batch.tokens, -1))

    return Peer("Liger triton_grpo_loss", call, lambda i: x[:, :-1].copy_(source), True, TOLERANCE)


ALL, SOME, FEW = 2, 1, 0


def makers(batch, beta, mix, how_many):
    """Triton's is for batches without padding. Every formulation is compiled anew for every size: that takes a while."""
    yield lambda: in_liger(batch, beta)
    if not mix:
        yield lambda: in_triton(batch, beta)
    formulations = {"logsumexp": of_logsumexp, "log_softmax": of_log_softmax}
    for name, function in list(formulations.items())[:how_many]:
        yield lambda name=name, function=function: autograd(f"PyTorch eager, {name}", batch, beta, function)
        yield lambda name=name, function=function: autograd(f"torch.compile, {name}", batch, beta, function, True)
    if how_many == ALL:
        yield lambda: hand_compiled(batch, beta)


def measure(run, tokens, vocabulary, kind="bf16", mix=False, how_many=FEW, raised=12.0):
    batch, beta = Batch(tokens, vocabulary, kind, mix, raised), 0.0 if mix else BETA
    metrics, slope, edge = batch.policy_truth(LOW, HIGH, beta)
    wanted = {**metrics, "d_logits": batch.gradient_truth(slope)}
    if mix:
        del wanted["kl"]
    share = float((slope != 0).sum()) / tokens if mix else 1.0
    what = "zeros_written" if mix else "dense" if raised else "flat"
    work = Work("logits_policy_gradient", f"{kind}/{tokens}x{vocabulary}/{what}", batch.bytes * (1 + share))
    peers = []
    for make in makers(batch, beta, mix, how_many):
        try:
            peers.append(make())
        except Exception as problem:  # not there, or not for this version
            run.tell("absent", algorithm=work.algorithm, workload=work.name, reason=str(problem))
    run.compare(work, peers, wanted, edge)


def main(run):
    size = (2048, 151936) if run.options.quick else (8192, 151936)
    run.attempt("logits_policy_gradient", lambda: measure(run, *size, how_many=ALL))
    if not run.options.quick:
        run.attempt("logits_policy_gradient", lambda: measure(run, *size, mix=True))


def more(run):
    attempt = lambda *size, **how: run.attempt("logits_policy_gradient", lambda: measure(run, *size, **how))
    if run.options.quick:
        return
    attempt(8192, 32000, how_many=SOME)
    attempt(8192, 262144, how_many=SOME)
    attempt(64, 151936, how_many=SOME)
    for size in ((8192, 128256), (512, 151936), (2048, 151936), (16384, 151936)):
        attempt(*size)
    attempt(8192, 151936, kind="fp32")
