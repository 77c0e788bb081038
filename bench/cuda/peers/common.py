# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the peers share: comparison before timing, timing by events, lines of JSON like those of bench_cuda.

SCRIPT --out FILE [--quick] [--process K] [--seconds S] [--filter NAME,NAME] [--ours FILE]
"""
import argparse
import dataclasses
import json
import time
import warnings
from typing import Callable

warnings.filterwarnings("ignore")
import torch


@dataclasses.dataclass
class Peer:
    """One way to do it. `call` works on set i and returns {name: tensor, number, or a function that makes one};
    `restore` gives set i back."""

    name: str
    call: Callable
    restore: Callable = None
    compiled: bool = False
    tolerance: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Work:
    algorithm: str
    name: str  # the workload of bench_cuda
    bytes: float = 0
    operations: float = 0
    limit: str = "copy"
    sets: int = 1


def sets_for(size, room=240e6):
    return int(min(64, max(1, room / max(1, size) + 1)))


def compiled(function, **options):
    return torch.compile(function, dynamic=False, **options)


def relative(found, wanted, left_out=None):
    """The largest error over the largest element, in double, a part at a time."""
    if not isinstance(wanted, torch.Tensor):
        return abs(float(found) - float(wanted)) / max(1.0, abs(float(wanted)))
    found, rows = found.detach().reshape(wanted.shape), max(1, len(wanted) * 2**24 // wanted.numel())
    worst, largest = 0.0, float(wanted.abs().max())
    for first in range(0, len(wanted), rows):
        error = (found[first : first + rows].double() - wanted[first : first + rows].double()).abs()
        if left_out is not None:
            hidden = left_out[first : first + rows]
            error = error.masked_fill(hidden.view(-1, *[1] * (error.dim() - 1)), 0)
        part = float(error.max())
        worst = part if not part <= worst else worst
    return worst / largest if largest > 0 else worst


class Run:
    """One process of peers."""

    def __init__(self, options=None):
        self.options = options or arguments()
        self.started = time.monotonic()
        self.ours = losses_of(self.options.ours)
        self.out = open(self.options.out, "a", encoding="utf-8")

    def tell(self, kind, **fields):
        self.out.write(json.dumps({"kind": kind, "process": self.options.process, **fields}) + "\n")
        self.out.flush()

    def asked_for(self, name):
        return not self.options.filter or any(part in name for part in self.options.filter.split(",") if part)

    def may_begin(self, workload):
        if time.monotonic() - self.started < self.options.seconds:
            return True
        self.tell("skipped", workload=workload, reason="the time given was used up")
        return False

    def attempt(self, workload, work):
        """What fails is told, and the next workload begins."""
        if not self.may_begin(workload):
            return
        try:
            work()
        except Exception as problem:
            self.tell("failed", workload=workload, reason=str(problem).splitlines()[0][:200] if str(problem) else repr(problem))
        torch.cuda.empty_cache()

    def same_as_ours(self, work, loss, tolerance=1e-5):
        """Whether bench_cuda found the loss that the oracle here finds: the inputs are the same."""
        ours = self.ours.get((work.algorithm, work.name))
        if ours is None or loss is None:
            return
        error = abs(ours - loss) / max(1.0, abs(loss))
        self.tell("same_inputs", algorithm=work.algorithm, workload=work.name, error=error, accepted=error <= tolerance)
        if error > tolerance:
            raise ValueError(f"the inputs differ from those of bench_cuda: loss {loss} here, {ours} there")

    def compare(self, work, peers, wanted, left_out=None):
        """First calls, errors, and then everybody in turn."""
        self.same_as_ours(work, wanted.get("loss"))
        kept = [peer for peer in peers if self.accepted(work, peer, wanted, left_out)]
        for round_number in (1, 2):
            for mode in ("eager", "graph"):
                self.time(work, kept, mode, round_number)

    def accepted(self, work, peer, wanted, left_out):
        try:
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
            if peer.restore:
                peer.restore(0)
            start = time.perf_counter()
            found = peer.call(0)
            torch.cuda.synchronize()
            peer.first_call = time.perf_counter() - start
            found = {name: value() if callable(value) else value for name, value in found.items()}
            errors = {name: relative(found[name], value, left_out if isinstance(value, torch.Tensor) else None)
                      for name, value in wanted.items() if name in found}
            del found
            torch.cuda.empty_cache()
            peer.memory = self.peak(peer)
        except Exception as problem:
            self.tell("refused", algorithm=work.algorithm, workload=work.name, provider=peer.name,
                      reason=str(problem).splitlines()[0][:200] if str(problem) else repr(problem))
            return False
        peer.errors = {f"error_{name}": error for name, error in errors.items()}
        good = bool(errors) and all(error <= peer.tolerance.get(name, 1e-4) for name, error in errors.items())
        if not good:
            self.tell("refused", algorithm=work.algorithm, workload=work.name, provider=peer.name, **peer.errors)
        return good

    @staticmethod
    def peak(peer):
        """Bytes beyond what was there before, at their highest during a call that is not the first."""
        if peer.restore:
            peer.restore(0)
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        kept = peer.call(0)
        torch.cuda.synchronize()
        del kept
        return torch.cuda.max_memory_allocated() - before

    def recorded(self, peer, sets):
        """A graph of a call on each set, or why there is none."""
        try:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for i in range(sets):
                    peer.call(i)
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                for i in range(sets):
                    peer.call(i)
            return graph, None
        except Exception as problem:
            torch.cuda.synchronize()
            return None, str(problem).splitlines()[0][:120] if str(problem) else repr(problem)

    def time(self, work, peers, mode, round_number):
        quick = self.options.quick
        warm_ups, wanted, enough = (2, 9, 100.0) if quick else (5, 60, 600.0)
        graphs = {}
        if mode == "graph":
            if work.bytes > 4e8 or work.operations > 1e12:
                return  # launches are no part of such times
            for peer in peers:
                graphs[peer.name], reason = self.recorded(peer, work.sets)
                if reason:
                    self.tell("not_recorded", workload=work.name, provider=peer.name, reason=reason)
            peers = [peer for peer in peers if graphs[peer.name]]
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        samples, spent = {peer.name: [] for peer in peers}, dict.fromkeys((peer.name for peer in peers), 0.0)
        for i in range(-warm_ups, wanted):
            for peer in peers:
                slow = spent[peer.name] > 4 * enough or (i >= wanted // 2 and spent[peer.name] > enough)
                if slow and len(samples[peer.name]) > 2:
                    continue
                for k in range(work.sets if peer.restore else 0):
                    peer.restore(k)
                begin.record()
                if mode == "graph":
                    graphs[peer.name].replay()
                else:
                    for k in range(work.sets):
                        peer.call(k)
                end.record()
                end.synchronize()
                ms = begin.elapsed_time(end)
                spent[peer.name] += ms
                if i >= 0 or spent[peer.name] > 4 * enough:
                    samples[peer.name].append(ms / work.sets)
        for peer in peers:
            self.tell_time(work, peer, mode, round_number, sorted(samples[peer.name]))

    def tell_time(self, work, peer, mode, round_number, samples):
        at = lambda q: samples[int(q * (len(samples) - 1) + 0.5)]
        amount = work.operations or work.bytes
        self.tell("time", algorithm=work.algorithm, workload=work.name, provider=peer.name, mode=mode,
                  round=round_number, median_ms=at(0.5), p20_ms=at(0.2), p80_ms=at(0.8), repetitions=len(samples),
                  sets=work.sets, bytes=work.bytes, operations=work.operations, limit=work.limit,
                  rate=amount / (at(0.5) / 1e3), workspace=peer.memory, first_call_ms=1e3 * peer.first_call,
                  compiled=peer.compiled, **peer.errors)


def losses_of(path):
    """(algorithm, workload) -> the loss that ours found."""
    found = {}
    if path:
        for text in open(path, encoding="utf-8"):
            line = json.loads(text)
            if line.get("kind") == "time" and line["provider"] == "cohort" and line.get("loss"):
                found[line["algorithm"], line["workload"]] = line["loss"]
    return found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--process", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--filter", default="")
    parser.add_argument("--ours", default="")
    return parser.parse_args()
