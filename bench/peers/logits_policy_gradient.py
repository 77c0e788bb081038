# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loss and gradient with respect to logits in PyTorch: PPO clip, mean over the tokens.

autograd  torch.autograd.grad of the loss; compiled, a graph for each direction
by hand   the gradient written out, coefficient * (one-hot - softmax): compiled, one graph and no autograd
"""
import os

import torch

from common import Measurement, Variant, compiled
from logits import FLOAT_SUMS, FORMULATIONS, SIXTEEN_BIT_RATIO, Policy, copy_of, in_float, trl

FLOATS, BFLOATS = (151936, "f32"), (151936, "bf16")


def autograd(name, policy, formulation, is_compiled=False, shape=None):
    def loss(logits, token, old, advantage):
        return policy.loss(formulation(logits, token), old, advantage)

    loss = compiled(loss) if is_compiled else loss

    def call(copy):
        logits = copy["logits"].detach().requires_grad_()
        at, token = (logits.view(*shape, -1), copy["token"].view(shape)) if shape else (logits, copy["token"])
        value = loss(at, token, copy["old"], copy["advantage"])
        (gradient,) = torch.autograd.grad(value, logits)
        return {"loss": value.detach(), "d_logits": gradient}

    return Variant(f"torch.compile, {name}" if is_compiled else name, call, is_compiled)


def without_autograd(name, function):
    function = compiled(function)

    def call(copy):
        with torch.no_grad():
            gradient, value = function(copy["logits"], copy["token"], copy["old"], copy["advantage"])
            return {"loss": value, "d_logits": gradient}

    return Variant(f"torch.compile, {name}", call, True)


def by_hand(policy):
    def gradient(logits, token, old, advantage):
        x = logits.float()
        total = torch.logsumexp(x, -1)
        log_prob = x.gather(-1, token.unsqueeze(-1)).squeeze(-1) - total
        value, slope = policy.slope(log_prob, old, advantage)
        chosen = torch.arange(x.shape[-1]) == token.unsqueeze(-1)
        d_logits = slope.unsqueeze(-1) * (chosen.float() - torch.exp(x - total.unsqueeze(-1)))
        return d_logits.to(logits.dtype), value

    return gradient


def variants(policy, eager, formulations, trl_function, shape):
    for name, formulation in eager.items():
        yield autograd(f"eager, {name}", policy, formulation)
    if trl_function:
        yield autograd("TRL", policy, trl_function, shape=shape)
    for name, formulation in formulations.items():
        yield autograd(name, policy, formulation, True)


def measure(run, vocabulary, kind):
    given = run.inputs(f"logits_{vocabulary}")
    copy, expected = copy_of(given, kind)
    read = given.floats if kind == "f32" else given.bfloats
    policy = Policy(given.facts)
    edge = policy.clip_edge(expected["log_prob"], copy["old"], 1e-4 if kind == "f32" else 6e-2)
    print(f"  grpo_{kind}_{vocabulary}: {int(edge.sum())} tokens at a clip bound are left out of the comparison")
    expected = {"loss": expected["loss"], "d_logits": read("d_logits", *copy["logits"].shape)}
    in_floats = {f"{name} in float": in_float(function) for name, function in FORMULATIONS.items()}
    plain = {"log_softmax": FORMULATIONS["log_softmax"]}
    formulations = FORMULATIONS if kind == "f32" else {**plain, **in_floats}
    eager = {FLOATS: FORMULATIONS, BFLOATS: {**plain, "log_softmax in float": in_floats["log_softmax in float"]}}.get(
        (vocabulary, kind), plain)
    shape = (given.facts["tokens"] // given.facts["columns"], given.facts["columns"])
    (trl_function,) = trl("selective_log_softmax") or (None,)
    compared = list(variants(policy, eager, formulations, trl_function, shape))
    if (vocabulary, kind) in (FLOATS, BFLOATS):
        compared.append(without_autograd("by hand", by_hand(policy)))
    run.measure(f"grpo_{kind}_{vocabulary}", compared, [copy], expected, edge, calls=1,
                tolerance=FLOAT_SUMS if kind == "f32" else SIXTEEN_BIT_RATIO, warm_ups=0)


def main():
    run = Measurement()
    measure(run, *FLOATS)
    measure(run, *BFLOATS)
    if run.options.threads == max(map(int, os.environ.get("COHORT_BENCH_THREADS", "2").split())):
        for vocabulary in (32000, 262144):  # for the picture
            measure(run, vocabulary, "f32")
    run.write()


main()
