# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The token loss in PyTorch: PPO with two clip ranges and k3, mean over a given count of tokens, and its gradient.

Three formulations, each eager or compiled, each with all of the metrics that ours always reports or with none:
autograd    loss.backward() in effect; compiled, a graph for each direction
functional  torch.func.grad_and_value: compiled, one graph
by hand     the derivative written out: compiled, one graph and no autograd
"""
import torch

from common import Measurement, Variant, compiled, copies_of

METRICS = ("kl", "approx_kl", "clip_low", "clip_high", "clip_low_min", "clip_high_max", "ratio_min", "ratio_mean",
           "ratio_max")


class PolicyLoss:
    def __init__(self, facts):
        self.low, self.high = 1 - facts["low"], 1 + facts["high"]
        self.beta, self.count = facts["beta"], facts["count"]

    def parts(self, log_prob, old, ref, advantage):
        a = advantage.unsqueeze(-1)
        ratio = torch.exp(log_prob - old)
        delta = ref - log_prob
        return a, ratio, ratio * a, ratio.clamp(self.low, self.high) * a, delta, torch.exp(delta)

    def metrics(self, log_prob, old, mask, parts):
        """Row by row first: the shares of a sequence are wanted too."""
        a, ratio, unclipped, held, delta, e = (part.detach() for part in parts)
        row = lambda x: torch.where(mask, x, 0).sum(-1)
        clipped = (held < unclipped) & mask
        width = mask.sum(-1)
        low, high = (clipped & (a < 0)).sum(-1), (clipped & (a > 0)).sum(-1)
        return (row(e - delta - 1).sum() / self.count, row(old - log_prob.detach()).sum() / self.count,
                low.sum() / self.count, high.sum() / self.count, (low / width).amin(), (high / width).amax(),
                torch.where(mask, ratio, torch.inf).amin(), row(ratio).sum() / self.count,
                torch.where(mask, ratio, -torch.inf).amax())

    def loss(self, log_prob, old, ref, advantage, mask, with_metrics):
        parts = self.parts(log_prob, old, ref, advantage)
        _, _, unclipped, held, delta, e = parts
        term = self.beta * (e - delta - 1) - torch.minimum(unclipped, held)
        value = torch.where(mask, term, 0).sum() / self.count
        return value, self.metrics(log_prob, old, mask, parts) if with_metrics else ()

    def by_hand(self, log_prob, old, ref, advantage, mask, with_metrics):
        parts = self.parts(log_prob, old, ref, advantage)
        _, _, unclipped, held, delta, e = parts
        clipped = held < unclipped
        term = self.beta * (e - delta - 1) - torch.where(clipped, held, unclipped)
        slope = self.beta * (1 - e) - torch.where(clipped, 0, unclipped)
        value = torch.where(mask, term, 0).sum() / self.count
        gradient = torch.where(mask, slope / self.count, 0)
        return value, gradient, self.metrics(log_prob, old, mask, parts) if with_metrics else ()

    def functional(self, log_prob, old, ref, advantage, mask, with_metrics):
        grad = torch.func.grad_and_value(self.loss, has_aux=True)
        gradient, (value, metrics) = grad(log_prob, old, ref, advantage, mask, with_metrics)
        return value, gradient, metrics


def outputs(value, gradient, metrics):
    return {"loss": value, "gradient": gradient, **dict(zip(METRICS, metrics))}


def with_autograd(function, with_metrics):
    def call(copy):
        log_prob = copy["log_prob"].detach().requires_grad_()
        value, metrics = function(log_prob, copy["old"], copy["ref"], copy["advantage"], copy["mask"], with_metrics)
        (gradient,) = torch.autograd.grad(value, log_prob)
        return outputs(value.detach(), gradient, metrics)

    return call


def without(function, with_metrics):
    def call(copy):
        with torch.no_grad():
            return outputs(*function(copy["log_prob"], copy["old"], copy["ref"], copy["advantage"], copy["mask"],
                                     with_metrics))

    return call


def variants(peer):
    for with_metrics in (True, False):
        told = "" if with_metrics else ", no metrics"
        yield Variant(f"eager, autograd{told}", with_autograd(peer.loss, with_metrics))
        yield Variant(f"eager, by hand{told}", without(peer.by_hand, with_metrics))
        yield Variant(f"torch.compile, autograd{told}", with_autograd(compiled(peer.loss), with_metrics), True)
        yield Variant(f"torch.compile, functional{told}", without(compiled(peer.functional), with_metrics), True)
        yield Variant(f"torch.compile, by hand{told}", without(compiled(peer.by_hand), with_metrics), True)


def main():
    run = Measurement()
    given = run.inputs("policy_loss")
    facts, shape = given.facts, (given.facts["rows"], given.facts["columns"])
    copy = {"log_prob": given.floats("log_prob", *shape), "old": given.floats("old_log_prob", *shape),
            "ref": given.floats("ref_log_prob", *shape), "advantage": given.floats("advantage", shape[0]),
            "mask": given.flags("mask", *shape)}
    expected = {"loss": facts["loss"], "gradient": given.floats("d_log_prob", *shape),
                **{name: facts[name] for name in METRICS}}
    # A ratio within rounding of a bound may fall on either side of it.
    ratio = torch.exp(copy["log_prob"].double() - copy["old"].double())
    edge = ((ratio - (1 - facts["low"])).abs() < 1e-6) | ((ratio - (1 + facts["high"])).abs() < 1e-6)
    print(f"  policy_loss: {int(edge.sum())} tokens within 1e-6 of a clip bound are left out of the comparison")
    copies = copies_of(copy, 17 * shape[0] * shape[1])
    run.measure("policy_loss", list(variants(PolicyLoss(facts))), copies, expected, edge)
    run.write()


main()
