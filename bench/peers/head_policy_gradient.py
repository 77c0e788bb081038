# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Loss and gradients of hidden states and of a head's weights in PyTorch: a product, PPO clip, mean over the tokens.

Liger's LigerFusedLinearGRPOLoss works sequence by sequence by default; its sequences are short here, so it gets all of
them as one chunk: tokens enough for its products.
"""
import torch

from common import Measurement, Variant, compiled
from logits import FLOAT_SUMS, FORMULATIONS, Policy


def results(loss, hidden, weights):
    d_hidden, d_weights = torch.autograd.grad(loss, (hidden, weights))
    return {"loss": loss.detach(), "d_hidden": d_hidden, "d_weights": d_weights}


def variant(name, policy, formulation, is_compiled=False):
    def loss(hidden, weights, token, old, advantage):
        return policy.loss(formulation(hidden @ weights.T, token), old, advantage)

    loss = compiled(loss) if is_compiled else loss

    def call(copy):
        hidden, weights = (copy[key].detach().requires_grad_() for key in ("hidden", "weights"))
        return results(loss(hidden, weights, copy["token"], copy["old"], copy["advantage"]), hidden, weights)

    return Variant(f"{'torch.compile' if is_compiled else 'eager'}, {name}", call, is_compiled)


def liger(facts, shape):
    try:
        from liger_kernel.chunked_loss import LigerFusedLinearGRPOLoss
    except ImportError:
        return
    loss = LigerFusedLinearGRPOLoss(beta=0.0, compiled=False, use_ref_model=False, chunk_size=shape[0],
                                    epsilon_low=facts["low"], epsilon_high=facts["high"], loss_type="dapo")

    def call(copy):
        hidden, weights = (copy[key].detach().requires_grad_() for key in ("hidden", "weights"))
        value, _ = loss(hidden.view(*shape, -1), weights, copy["token"].view(shape), torch.ones(shape),
                        copy["advantage"], old_per_token_logps=copy["old"].view(shape))
        return results(value, hidden, weights)

    yield Variant("Liger, one chunk", call)


def main():
    run = Measurement()
    given = run.inputs("head")
    facts, floats = given.facts, given.floats
    tokens, vocabulary, width = facts["tokens"], facts["vocabulary"], facts["width"]
    shape = (tokens // facts["columns"], facts["columns"])
    copy = {"hidden": floats("hidden", tokens, width), "weights": floats("weights", vocabulary, width),
            "token": given.integers("token", tokens), "old": floats("old_log_prob", tokens),
            "advantage": floats("advantage", shape[0])}
    expected = {"loss": facts["loss"], "d_hidden": floats("d_hidden", tokens, width),
                "d_weights": floats("d_weights", vocabulary, width)}
    policy = Policy(facts)
    edge = int(policy.clip_edge(floats("log_prob", tokens), copy["old"], 1e-5).sum())
    print(f"  head_f32: {edge} tokens at a clip bound")
    variants = [variant("log_softmax", policy, FORMULATIONS["log_softmax"]),
                *(variant(name, policy, formulation, True) for name, formulation in FORMULATIONS.items()),
                *liger(facts, shape)]
    run.measure("head_f32", variants, [copy], expected, calls=1, tolerance=FLOAT_SUMS, warm_ups=0, samples=2)
    run.write()


main()
