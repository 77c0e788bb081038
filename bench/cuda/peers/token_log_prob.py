# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Log-probs, and entropies, of logits in PyTorch and Triton."""
import torch

from common import Peer, Work, compiled, sets_for
from logits import Batch


def of_logsumexp(logits, token):
    x = logits.float()
    return x.gather(-1, token[:, None])[:, 0] - torch.logsumexp(x, -1)


def of_log_softmax(logits, token):
    return torch.log_softmax(logits.float(), -1).gather(-1, token[:, None])[:, 0]


def row_by_row(logits, token):
    """As TRL scores 16-bit logits: log_softmax of a row at a time, in the logits' own type."""
    return torch.stack([torch.log_softmax(x, -1).gather(-1, t[None])[0] for x, t in zip(logits, token)]).float()


def entropy_in_chunks(logits, rows=128):
    """As TRL's trainer: a chunk of rows at a time."""
    out = []
    for x in logits.split(rows):
        every = torch.log_softmax(x, -1)
        out.append(-(every.exp() * every).sum(-1))
    return torch.cat(out).float()


def with_entropy(logits, token):
    x = logits.float()
    total = torch.logsumexp(x, -1)
    mean = (torch.exp(x - total[:, None]) * x).sum(-1)
    return x.gather(-1, token[:, None])[:, 0] - total, total - mean


def peers_of(batch, sets, entropy):
    copies = [batch.original, *batch.copies(sets - 1)]
    loose = {"log_prob": 2e-2, "entropy": 2e-2}  # 16-bit arithmetic
    scored = lambda f: lambda i: {"log_prob": f(copies[i], batch.token)}
    if entropy:
        both = lambda f: lambda i: dict(zip(("log_prob", "entropy"), f(copies[i], batch.token)))
        yield Peer("PyTorch eager", both(with_entropy))
        yield Peer("torch.compile", both(compiled(with_entropy)), compiled=True)
        yield Peer("PyTorch eager as in TRL", lambda i: {"log_prob": row_by_row(copies[i], batch.token),
                                                        "entropy": entropy_in_chunks(copies[i])}, tolerance=loose)
        return
    yield Peer("PyTorch eager", scored(of_log_softmax))
    yield Peer("torch.compile", scored(compiled(of_logsumexp)), compiled=True)
    try:
        import three_pass

        yield Peer("Triton, one pass", scored(three_pass.log_prob), compiled=True)
    except ImportError:
        pass
    try:
        from liger_kernel.transformers.grpo_loss import fused_selective_log_softmax
    except ImportError:
        try:
            from liger_kernel.ops.grpo_loss import fused_selective_log_softmax
        except ImportError:
            return
    if sets == 1:  # its layout has a row more per sequence than are scored
        padded = torch.empty(1, batch.tokens + 1, batch.vocabulary, dtype=batch.original.dtype, device=batch.original.device)
        padded[0, :-1] = batch.original
        yield Peer("Liger fused_selective_log_softmax",
                   lambda i: {"log_prob": fused_selective_log_softmax(padded, batch.token[None], 1.0, None)[0].float()},
                   compiled=True)


def measure(run, tokens, vocabulary, kind, entropy):
    batch = Batch(tokens, vocabulary, kind)
    work = Work("token_log_prob", f"{kind}/{tokens}x{vocabulary}/{'entropy' if entropy else 'log_prob'}", batch.bytes,
                limit="read", sets=sets_for(batch.bytes))
    wanted = {"log_prob": batch.log_prob, **({"entropy": batch.entropy} if entropy else {})}
    run.compare(work, list(peers_of(batch, work.sets, entropy)), wanted)


def main(run):
    if run.options.quick:
        sizes = [(2048, 151936, "bf16", False)]
    else:
        sizes = [(8192, 151936, "bf16", False), (8192, 151936, "bf16", True), (8192, 32000, "bf16", False),
                 (8192, 262144, "bf16", False), (64, 151936, "bf16", False)]
    for size in sizes:
        run.attempt("token_log_prob", lambda: measure(run, *size))
