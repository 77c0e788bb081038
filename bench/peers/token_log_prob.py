# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Log-probs of tokens from logits in PyTorch, alone and with the entropy; float and bfloat16 logits."""
import torch

from common import Measurement, Variant, compiled
from logits import FLOAT_SUMS, FORMULATIONS, SIXTEEN_BITS, WITH_ENTROPY, copy_of, in_float, trl


def variant(name, function, outputs, is_compiled=False, shape=None):
    function = compiled(function) if is_compiled else function

    def call(copy):
        logits, token = copy["logits"], copy["token"]
        if shape:
            logits, token = logits.view(*shape, -1), token.view(shape)
        with torch.no_grad():
            found = function(logits, token)
            return dict(zip(outputs, found if isinstance(found, tuple) else (found,)))

    return Variant(f"torch.compile, {name}" if is_compiled else name, call, is_compiled)


def variants(formulations, outputs, trl_function, shape):
    for name, function in formulations.items():
        yield variant(f"eager, {name}", function, outputs)
    if trl_function:
        yield variant("TRL", trl_function, outputs, shape=shape)
    for name, function in formulations.items():
        yield variant(name, function, outputs, True)


def main():
    run = Measurement()
    given = run.inputs("logits_151936")
    shape = (given.facts["tokens"] // given.facts["columns"], given.facts["columns"])
    log_prob, both = trl("selective_log_softmax", "selective_log_softmax_and_entropy") or (None, None)
    copy, expected = copy_of(given, "f32")
    only = {"log_prob": expected["log_prob"]}
    run.measure("log_prob_f32", list(variants(FORMULATIONS, ("log_prob",), log_prob, shape)), [copy], only, calls=1,
                tolerance=FLOAT_SUMS, warm_ups=0)
    run.measure("log_prob_entropy_f32", list(variants(WITH_ENTROPY, ("log_prob", "entropy"), both, shape)), [copy],
                expected, calls=1, tolerance=FLOAT_SUMS, warm_ups=0)
    copy, expected = copy_of(given, "bf16")
    only = {"log_prob": expected["log_prob"]}
    formulations = {"log_softmax": FORMULATIONS["log_softmax"],
                    **{f"{name} in float": in_float(function) for name, function in FORMULATIONS.items()}}
    run.measure("log_prob_bf16", list(variants(formulations, ("log_prob",), log_prob, shape)), [copy], only, calls=1,
                tolerance=SIXTEEN_BITS, warm_ups=0)
    run.write()


main()
