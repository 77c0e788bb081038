# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loss and gradient with respect to logits in PyTorch: PPO clip, mean over the tokens.

autograd    torch.autograd.grad of the loss; compiled, a graph for each direction
functional  torch.func.grad_and_value: compiled, one graph
by hand     the gradient written out, coefficient * (one-hot - softmax): compiled, one graph and no autograd
"""
import torch

from common import Measurement, Variant, compiled
from logits import FLOAT_SUMS, FORMULATIONS, SIXTEEN_BIT_RATIO, Policy, copy_of, in_float, trl


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


def functional(policy, formulation):
    def loss(logits, token, old, advantage):
        return policy.loss(formulation(logits, token), old, advantage)

    return torch.func.grad_and_value(loss)


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


def variants(policy, formulations, trl_function, shape, every):
    for name, formulation in formulations.items():
        yield autograd(f"eager, {name}", policy, formulation)
    if trl_function:
        yield autograd("TRL", policy, trl_function, shape=shape)
    for name, formulation in formulations.items():
        yield autograd(name, policy, formulation, True)
        if every:
            yield without_autograd(f"{name}, functional", functional(policy, formulation))
    if every:
        yield without_autograd("by hand", by_hand(policy))


def measure(run, vocabulary, kind):
    given = run.inputs(f"logits_{vocabulary}")
    copy, expected = copy_of(given, kind)
    read = given.floats if kind == "f32" else given.bfloats
    policy, main_size = Policy(given.facts), vocabulary == 151936
    edge = policy.clip_edge(expected["log_prob"], copy["old"], 1e-4 if kind == "f32" else 6e-2)
    print(f"  grpo_{kind}_{vocabulary}: {int(edge.sum())} tokens at a clip bound are left out of the comparison")
    expected = {"loss": expected["loss"], "d_logits": read("d_logits", *copy["logits"].shape)}
    formulations = FORMULATIONS if kind == "f32" else {
        "log_softmax": FORMULATIONS["log_softmax"],
        **{f"{name} in float": in_float(function) for name, function in FORMULATIONS.items()}}
    shape = (given.facts["tokens"] // given.facts["columns"], given.facts["columns"])
    (trl_function,) = trl("selective_log_softmax") or (None,)
    run.measure(f"grpo_{kind}_{vocabulary}",
                list(variants(policy, formulations, trl_function, shape, main_size)), [copy], expected, edge, calls=1,
                tolerance=FLOAT_SUMS if kind == "f32" else SIXTEEN_BIT_RATIO, warm_ups=1)


def main():
    run = Measurement()
    measure(run, 151936, "f32")
    measure(run, 151936, "bf16")
    measure(run, 32000, "f32")
    measure(run, 262144, "f32")
    run.write()


main()
