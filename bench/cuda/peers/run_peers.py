# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""All peers in one process, what is wanted most first. Without PyTorch or a device it says so and succeeds."""
import importlib
import importlib.metadata
import json
import sys

# What is wanted most comes first, and last in every other process: where time runs out, both ends have been measured.
WORK = [("logits_policy_gradient", "main"), ("group_advantage", "main"), ("policy_loss", "main"), ("gae", "main"),
        ("token_log_prob", "main"), ("logits_policy_gradient", "more"), ("head_policy_gradient", "main")]


def versions(torch):
    found = {"torch": torch.__version__, "device": torch.cuda.get_device_name()}
    for name in ("triton", "liger_kernel"):
        try:
            module = importlib.import_module(name)
            found[name] = getattr(module, "__version__", None) or importlib.metadata.version(name)
        except Exception:
            found[name] = "absent"
    return found


def main():
    try:
        import torch
    except ImportError:
        print(json.dumps({"kind": "skipped", "workload": "peers", "reason": "no PyTorch"}))
        return
    if not torch.cuda.is_available():
        print(json.dumps({"kind": "skipped", "workload": "peers", "reason": "no device: skipped"}))
        return
    from common import Run

    run = Run()
    run.tell("peers", **versions(torch))
    for name, part in WORK if run.options.process % 2 else reversed(WORK):
        if run.asked_for(name):
            getattr(importlib.import_module(name), part)(run)


if __name__ == "__main__":
    sys.exit(main())
