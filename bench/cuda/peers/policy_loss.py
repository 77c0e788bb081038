# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loss of tokens, its gradient, KL and clip fractions in PyTorch, from log-probs."""
import torch

import generator
from common import Peer, Work, compiled, sets_for

COLUMNS, LOW, HIGH, BETA = 1024, 0.2, 0.28, 0.04


def loss_of(log_prob, old, ref, advantage, mask):
    ratio = torch.exp(log_prob - old)
    a = advantage[:, None]
    held = ratio.clamp(1 - LOW, 1 + HIGH)
    delta = ref - log_prob
    kl = torch.exp(delta) - delta - 1
    count = mask.sum()
    clipped = held * a < ratio * a
    mean = lambda x: torch.where(mask, x, 0).sum() / count
    return (mean(BETA * kl - torch.minimum(ratio * a, held * a)), mean(kl), mean((clipped & (a < 0)).float()),
            mean((clipped & (a > 0)).float()), mean(ratio))


class Tokens:
    def __init__(self, n):
        shape = (n // COLUMNS, COLUMNS)
        normal = lambda seed, deviation: generator.normals(n, seed, deviation).view(shape)
        self.log_prob = -normal(12, 1).abs()
        self.old, self.ref = self.log_prob + normal(13, 0.2), self.log_prob + normal(14, 0.2)
        self.advantage = generator.advantages(shape[0])
        self.mask = (torch.arange(n, device=generator.DEVICE) % 8 != 7).view(shape)

    def rows_at_an_edge(self):
        """Sequences with a token that may fall on either side of a clip bound are not compared."""
        ratio = torch.exp(self.log_prob.double() - self.old.double())
        return (((ratio - 1 + LOW).abs() < 1e-6) | ((ratio - 1 - HIGH).abs() < 1e-6)).any(-1)

    def call(self, function, kind=torch.float32):
        floats = [x.to(kind) for x in (self.log_prob, self.old, self.ref, self.advantage)]
        log_prob = floats[0].detach().requires_grad_()
        loss, kl, low, high, ratio = function(log_prob, *floats[1:], self.mask)
        (seed,) = torch.autograd.grad(loss, log_prob)
        return {"loss": loss.detach(), "kl": kl.detach(), "clip_low": low, "clip_high": high, "ratio": ratio.detach(),
                "seed": seed}


def measure(run, n):
    work = Work("policy_loss", str(n), 17.0 * n, sets=sets_for(17.0 * n))
    copies = [Tokens(n) for _ in range(work.sets)]
    wanted = copies[0].call(loss_of, torch.float64)
    wanted = {name: value if name == "seed" else float(value) for name, value in wanted.items()}
    function = compiled(loss_of)
    tolerance = {"seed": 1e-4, "clip_low": 1e-4, "clip_high": 1e-4}
    peers = [Peer("PyTorch eager", lambda i: copies[i].call(loss_of), tolerance=tolerance),
             Peer("torch.compile", lambda i: copies[i].call(function), compiled=True, tolerance=tolerance)]
    run.compare(work, peers, wanted, copies[0].rows_at_an_edge())


def main(run):
    for n in [65536] if run.options.quick else [65536, 4096, 1 << 20, 1 << 24]:
        run.attempt("policy_loss", lambda: measure(run, n))
