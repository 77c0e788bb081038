# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns the results of bench/run.sh into tables, a picture and one small JSON file.

report.py RESULTS OUT [PAGE]    writes into the folder OUT the pictures PAGE.svg and, where there is something to show,
                                vocabulary.svg, PAGE.json (results.json for the page cpu, which is the default) and, in
                                PAGE.md, what stands between the two markers
report.py --self-test
"""
import dataclasses
import json
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from xml.sax.saxutils import escape

import logits_report

BEGIN, END = "<!-- tables: written by bench/report.py -->", "<!-- end of the tables -->"
STEADY = 0.15  # a process whose limits moved by more has measured the neighbours


@dataclasses.dataclass
class Workload:
    key: str  # of the peers' samples
    title: str
    program: str
    ours: str  # the name of ours in its program, without the thread count
    others: dict  # what stands beside it in the same process: name -> label


WORKLOADS = [
    Workload("policy_loss", "`policy_loss`: 1024 x 4096 tokens, uint8 mask, PPO clip and k3: loss, gradient, all metrics",
             "policy_loss", "padded_token_ratio",
             {"plain_loop": "plain loop, `std::exp`, no metrics", "eigen_arrays": "Eigen arrays, no metrics"}),
    Workload("group_advantage", "`group_advantage`: 1,000,000 groups of 8, mean and standard deviation", "group_advantage",
             "uniform_groups", {"plain_loop": "plain loop, double sums, no metrics",
                                "eigen_arrays": "Eigen arrays, no metrics"}),
    Workload("gae_64x2048", "`gae`: 64 x 2048, advantages and returns", "gae", "gae/64/2048",
             {"plain_loop/64/2048": "plain loop, masked"}),
    Workload("gae_256x4096", "`gae`: 256 x 4096, advantages and returns", "gae", "gae/256/4096",
             {"plain_loop/256/4096": "plain loop, masked"}),
    Workload("log_prob_f32", "`token_log_prob`: {tokens} x 151,936 floats", "token_log_prob", "log_prob_f32/151936",
             {"naive_eigen_f32/151936": "Eigen: `maxCoeff`, `(x - m).exp().sum()`",
              "scalar_loop_f32/151936": "loops, `std::exp`"}),
    Workload("log_prob_entropy_f32", "`token_log_prob` with the entropy: {tokens} x 151,936 floats", "token_log_prob",
             "log_prob_entropy_f32/151936", {}),
    Workload("log_prob_bf16", "`token_log_prob`: {tokens} x 151,936 bfloat16", "token_log_prob", "log_prob_bf16/151936",
             {}),
    Workload("grpo_f32_151936", "`logits_policy_gradient`: {tokens} x 151,936 floats: loss, metrics, d_logits",
             "logits_policy_gradient", "in_place_f32/151936",
             {"two_sweeps_f32/151936": "cohort in two sweeps, three calls",
              "out_of_place_f32/151936": "cohort, not in place",
              "naive_eigen_f32/151936": "Eigen in two sweeps, no metrics",
              "scalar_loop_f32/151936": "loops, `std::exp`, no metrics"}),
    Workload("grpo_bf16_151936", "`logits_policy_gradient`: {tokens} x 151,936 bfloat16: loss, metrics, d_logits",
             "logits_policy_gradient", "in_place_bf16/151936", {"two_sweeps_bf16/151936": "cohort in two sweeps"}),
    Workload("head_f32", "`head_policy_gradient`: {tokens} x 896 x 151,936 floats: loss, metrics, d_hidden, d_weights",
             "head_policy_gradient", "head_f32/151936", {"products/151936": "Eigen's three products alone"}),
]


@dataclasses.dataclass
class Series:
    """The samples of one thing at one thread count under one memory setting, in milliseconds."""

    program: str
    name: str
    threads: int
    memory: str
    samples: list
    rate: float = 0  # bytes or items per second of the median sample
    counters: dict = dataclasses.field(default_factory=dict)  # lanes, beyond_inputs: the largest seen

    @property
    def median(self):
        return statistics.median(self.samples)


def split_name(name):
    """('policy_loss', 2) of 'policy_loss/2/iterations:5/repeats:9/real_time': the last number, where it can be one, is
    the thread count."""
    parts = [part for part in name.split("/")
             if part != "real_time" and not re.fullmatch(r"[a-z_]+:[\d.]+", part)]
    threads = re.search(r"/threads:(\d+)", name)
    if parts[0] == "limit":
        return "/".join(parts[:3]), int(threads[1]) if threads else 1
    if len(parts) > 1 and parts[-1].isdigit() and int(parts[-1]) <= 512:
        return "/".join(parts[:-1]), int(parts[-1])
    return "/".join(parts), 1


def entries_of(document):
    """(name, threads, milliseconds, rate, counters) of every sample of a file of Google Benchmark, or of a peer."""
    scale = {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3}
    for entry in document["benchmarks"]:
        if entry.get("run_type", "iteration") != "iteration" or entry.get("error_occurred"):
            continue
        name, threads = split_name(entry["name"])
        rate = entry.get("bytes_per_second") or entry.get("items_per_second") or 0
        yield name, threads, entry["real_time"] * scale[entry["time_unit"]], rate, {
            key: entry[key] for key in ("lanes", "beyond_inputs", "workspace") if key in entry}


def read_results(folder):
    """The documents, as (side, round, memory, program, document): their file names say which is which."""
    documents = []
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        side, turn, memory, program = path.name.split(".")[:4]
        documents.append((side, int(turn), memory, program, json.loads(path.read_text(encoding="utf-8"))))
    return documents


def moved(document):
    """The largest relative change of a limit between before and after, of medians."""
    samples = {}
    for name, threads, _, rate, _ in entries_of(document):
        if name.startswith("limit/") and rate:
            _, when, what = name.split("/")
            samples.setdefault((what, threads), {}).setdefault(when, []).append(rate)
    changes = [abs(statistics.median(w["after"]) / statistics.median(w["before"]) - 1)
               for w in samples.values() if w.keys() >= {"before", "after"}]
    return max(changes, default=0.0)


def steady_only(documents):
    """Drops the rounds of a program in which its limits moved, ours and the peers', unless nothing steady is left."""
    change = {(turn, memory, program): moved(document)
              for side, turn, memory, program, document in documents if side == "ours"}
    kept, notes = [], []
    for side, turn, memory, program, document in documents:
        others = [value for (_, m, p), value in change.items() if (m, p) == (memory, program)]
        if change.get((turn, memory, program), 0) <= STEADY or min(others, default=0) > STEADY:
            kept.append((side, turn, memory, program, document))
    for program in sorted({program for _, _, program in change}):
        of_program = [value for (_, _, p), value in change.items() if p == program]
        unsteady = sum(value > STEADY for value in of_program)
        if unsteady:
            notes.append(f"`bench_{program}`: in {unsteady} of {len(of_program)} processes a limit moved by more than "
                         f"{STEADY:.0%} (by up to {max(of_program):.0%}); they were dropped where a steady one remained.")
    return kept, notes


def series_of(documents):
    collected = {}
    for side, _, memory, program, document in documents:
        for name, threads, milliseconds, rate, counters in entries_of(document):
            key = (program if side == "ours" else "peer", name, threads, memory)
            series = collected.setdefault(key, (Series(*key, []), []))
            series[0].samples.append(milliseconds)
            for counter, value in counters.items():
                series[0].counters[counter] = max(value, series[0].counters.get(counter, 0))
            series[1].append(rate)
    for series, rates in collected.values():
        series.rate = statistics.median(rates)
    return [series for series, _ in collected.values()]


def best(series):
    """The smallest median over the memory settings: everybody at their best."""
    return min(series, key=lambda s: s.median) if series else None


class Results:
    def __init__(self, folder):
        documents = read_results(folder)
        if not documents:
            sys.exit(f"report: no results in {folder}")
        self.documents, self.notes = steady_only(documents)
        self.notes += sorted({f"`bench_{program}`: {split_name(entry['name'])[0]} was not timed: {entry['error_message']}"
                              for _, _, _, program, document in documents for entry in document["benchmarks"]
                              if entry.get("error_occurred")})
        self.series = series_of(self.documents)
        self.threads = sorted({s.threads for s in self.series if not s.name.startswith("limit/")})
        self.memories = [m for m in ("default", "kept") if any(s.memory == m for s in self.series)]
        self.tokens = int(os.environ.get("COHORT_BENCH_TOKENS", "512"))
        self.peers = {}  # (workload, variant, threads) -> what its first calls told
        for side, _, _, _, document in self.documents:
            for peer in document.get("peers", []) if side == "peer" else []:
                key = (peer["workload"], peer["variant"], document["context"]["threads"])
                self.peers.setdefault(key, []).append({**peer, "memory": document["context"].get("memory", "default")})

    def find(self, program, name, threads, memory=None):
        return [s for s in self.series if (s.program, s.name, s.threads) == (program, name, threads)
                and memory in (None, s.memory)]

    def peer_variants(self, key):
        prefix = key + "/"
        names = dict.fromkeys(s.name for s in self.series if s.program == "peer" and s.name.startswith(prefix))
        return [name[len(prefix):] for name in names]

    def variants(self, workload):
        return self.peer_variants(workload.key)

    def title(self, workload):
        return workload.title.replace("{tokens}", str(self.tokens))

    def rows(self, workload):
        """(label, program, name): ours first, what stands beside it, then the peers."""
        rows = [("**cohort**", workload.program, workload.ours)]
        rows += [(label, workload.program, name) for name, label in workload.others.items()]
        rows += [(variant, "peer", f"{workload.key}/{variant}") for variant in self.variants(workload)]
        return [row for row in rows if any(self.find(row[1], row[2], n) for n in self.threads)]


def told(series):
    short = lambda x: f"{x:.0f}" if x >= 1000 else f"{x:.3g}"
    return f"{short(series.median)} ({short(min(series.samples))})" if series else ""


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def plural(n):
    return f"{n} thread" + ("s" if n > 1 else "")


def workload_table(results, workload):
    columns = [(n, m) for n in results.threads for m in results.memories]
    ours = {n: best(results.find(workload.program, workload.ours, n)) for n in results.threads}
    rows = []
    for label, program, name in results.rows(workload):
        cells = [told(best(results.find(program, name, n, m))) for n, m in columns]
        for n in results.threads:
            mine = best(results.find(program, name, n))
            cells.append(f"{mine.median / ours[n].median:.2f}" if mine and ours[n] else "")
        first = [peer.get("first_call_s", 0) for key, told_of in results.peers.items()
                 if key[:2] == (workload.key, label) for peer in told_of if peer.get("compiled")]
        worst = [max(peer["errors"].values()) for key, told_of in results.peers.items()
                 if key[:2] == (workload.key, label) for peer in told_of if peer["errors"]]
        cells += [f"{max(first):.1f} s" if first else "", f"{max(worst):.0e}" if worst else ""]
        rows.append([label, *cells])
    heads = ["ms: median (min)", *(f"{plural(n)}, {m}" for n, m in columns),
             *(f"/ ours, {plural(n)}" for n in results.threads), "first call", "error"]
    unused = [i for i in range(len(heads)) if i and not any(row[i] for row in rows)]
    drop = lambda cells: [cell for i, cell in enumerate(cells) if i not in unused]
    yield f"### {results.title(workload)}"
    yield ""
    yield from table(drop(heads), [drop(row) for row in rows])
    refused = sorted({key[1] for key, told_of in results.peers.items()
                      if key[0] == workload.key and not all(peer["accepted"] for peer in told_of)})
    if refused:
        yield ""
        yield "Not timed, because it could not run or did not agree with ours: " + "; ".join(refused) + "."
    yield ""


def limit_table(results):
    rows = []
    units = {"read": ("read, GB/s", 1e9), "in_place": ("read and written in place, GB/s", 1e9),
             "fill": ("written past the caches, GB/s", 1e9),
             "exponential": ("Eigen's exponentials of floats, 10^9/s", 1e9),
             "row_exponential": ("ours of a row, 10^9/s", 1e9),
             "short_exponential": ("ours of a row, for 16 bits, 10^9/s", 1e9)}
    for what, (label, unit) in units.items():
        cells = []
        for n in results.threads:
            rates = [s.rate for s in results.series if s.threads == n and s.name.startswith("limit/")
                     and s.name.endswith("/" + what)]
            cells.append(f"{min(rates) / unit:.1f} to {max(rates) / unit:.1f}" if rates else "")
        if any(cells):
            rows.append([label, *cells])
    if not rows:
        return
    yield "### The limits"
    yield ""
    yield from table(["medians over the processes", *(plural(n) for n in results.threads)], rows)
    yield ""


def rest_table(results):
    """Everything of ours, with the share of the bandwidth that its own process could reach in place."""
    compared = {(w.program, name) for w in WORKLOADS for name in w.others}
    names = dict.fromkeys((s.program, s.name) for s in results.series
                          if s.program != "peer" and not s.name.startswith(("limit/", "bench::")))
    rows = [[f"`{program}`: {name}", *(told(best(results.find(program, name, n))) for n in results.threads)]
            for program, name in names if (program, name) not in compared]
    yield "### Everything of ours"
    yield ""
    yield from table(["ms: median (min)", *(plural(n) for n in results.threads)], rows)
    yield ""


def machine(results):
    cpu = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        found = re.search(r"model name\s*: (.*)", text)
        cpu = found[1].strip() if found else cpu
    contexts = {side: document["context"] for side, _, _, _, document in results.documents}
    lanes = max((int(s.counters.get("lanes", 0)) for s in results.series), default=0)
    facts = {"date": contexts.get("ours", contexts.get("peer"))["date"][:10], "cpu": cpu, "cores": os.cpu_count(),
             "lanes": lanes, "compiler": compiler()}
    if "peer" in contexts:
        facts["torch"] = contexts["peer"]["torch"]
        facts["cpu_capability"] = contexts["peer"]["cpu_capability"]
    return facts


def compiler():
    try:
        return subprocess.run([os.environ.get("CXX", "c++"), "--version"], capture_output=True, text=True,
                              check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def markdown(results):
    facts = machine(results)
    yield (f"{facts['date']}: {facts['cpu']}, {facts['cores']} cores; {facts['compiler']}, "
           f"`-O3 -march=native`, {facts['lanes']} lanes of float"
           + (f"; PyTorch {facts['torch']}, {facts['cpu_capability']}." if "torch" in facts else "."))
    yield ""
    for note in results.notes:
        yield f"* {note}"
    if results.notes:
        yield ""
    yield from limit_table(results)
    for workload in WORKLOADS:
        if len(results.rows(workload)) > 1:
            yield from workload_table(results, workload)
    for title, (heads, rows) in (
            ("The logits and head tiers against their aims", logits_report.aims_table(results)),
            ("Memory beyond the inputs: the resident set's growth during a call", logits_report.memory_table(results))):
        if rows:
            yield f"### {title}"
            yield ""
            yield from table(heads, rows)
            yield ""
    yield from rest_table(results)


def compact(results):
    return {"machine": machine(results), "notes": results.notes,
            "series": [{"program": s.program, "name": s.name, "threads": s.threads, "memory": s.memory,
                        "median_ms": round(s.median, 4), **s.counters, "samples_ms": [round(x, 3) for x in s.samples]}
                       for s in results.series],
            "peers": [{"workload": k[0], "variant": k[1], "threads": k[2],
                       "first_call_s": max(peer.get("first_call_s", 0) for peer in v),
                       "accepted": all(peer["accepted"] for peer in v), "errors": v[0]["errors"],
                       "beyond_inputs": logits_report.peer_bytes(results, *k[:2])}
                      for k, v in results.peers.items()]}


def dump(document):
    """JSON with a line per series or row."""
    parts = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            parts.append(f'"{key}": [\n' + ",\n".join(json.dumps(item) for item in value) + "\n]")
        else:
            parts.append(f'"{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


# The picture: a panel per workload, a bar per way to compute it at one thread, a dot at the largest thread count.

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .page { fill: #ffffff }
  .title { font-weight: 600 } .small { font-size: 11px; fill: #59636e }
  .grid { stroke: #d1d9e0 } .other { fill: #8c959f } .ours { fill: #0969da } .dot { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .page { fill: #0d1117 } .small { fill: #9198a1 } .grid { stroke: #3d444d }
    .other { fill: #656c76 } .ours { fill: #4493f8 } .dot { fill: #f0883e }
  }"""


def bars(results, workload):
    """(label, class, milliseconds at one thread, at the most): everybody's best, with the metrics where there are any."""
    one, most = results.threads[0], results.threads[-1]
    rows = [("cohort", "ours", workload.program, [workload.ours])]
    rows += [(re.sub("[`*]|, .*", "", label), "other", workload.program, [name])
             for name, label in workload.others.items()]
    variants = [v for v in results.variants(workload) if "no metrics" not in v]
    for label, wanted in (("torch.compile", lambda v: v.startswith("torch.compile")),
                          ("PyTorch eager", lambda v: v.startswith("eager") and "verl" not in v),
                          ("TRL", logits_report.trl), ("Liger", logits_report.liger),
                          ("verl's loop, eager", lambda v: "verl" in v)):
        rows.append((label, "other", "peer", [f"{workload.key}/{v}" for v in variants if wanted(v)]))
    for label, kind, program, names in rows:
        times = [best([s for name in names for s in results.find(program, name, n)]) for n in (one, most)]
        if times[0]:
            yield label, kind, times[0].median, times[1].median if times[1] and most != one else None


def ticks(low, high):
    """Powers of ten and their 2 and 5 within the range; at least its ends' powers."""
    return [m * 10.0**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1) for m in (1, 2, 5)
            if low <= m * 10.0**e <= high]


def panel(title, rows, top, left, width):
    """The lines of one panel, and its height."""
    times = [t for row in rows for t in row[2:] if t]
    low, high = min(times) / 1.6, max(times) * 1.1
    at = lambda t: left + width * math.log(t / low) / math.log(high / low)
    height = 22 * len(rows)
    yield f'<text class="title" x="16" y="{top + 14}">{escape(title.replace("`", ""))}</text>'
    for tick in ticks(low, high):
        yield (f'<line class="grid" x1="{at(tick):.1f}" x2="{at(tick):.1f}" y1="{top + 24}" y2="{top + 28 + height}"/>'
               f'<text class="small" x="{at(tick):.1f}" y="{top + 41 + height}" text-anchor="middle">{tick:g}</text>')
    for i, (label, kind, one, most) in enumerate(rows):
        y = top + 28 + 22 * i
        yield f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{escape(label)}</text>'
        yield f'<rect class="{kind}" x="{left}" y="{y + 2}" width="{at(one) - left:.1f}" height="15" rx="2"/>'
        yield f'<text class="small" x="{left + width + 8}" y="{y + 13}">{one:.3g}' + (
            f" / {most:.3g} ms</text>" if most else " ms</text>")
        if most:
            yield f'<circle class="dot" cx="{at(most):.1f}" cy="{y + 9.5}" r="4.5"/>'


def picture(results):
    left, width, y, lines = 150, 500, 36, []
    for workload in WORKLOADS:
        rows = list(bars(results, workload))
        if len(rows) > 1:
            lines += panel(results.title(workload), rows, y, left, width)
            y += 22 * len(rows) + 64
    one, most = results.threads[0], results.threads[-1]
    legend = f"milliseconds, medians, log scale: bar {plural(one)}" + (f", dot {plural(most)}" if most != one else "")
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 {y}" width="780" height="{y}" role="img">\n'
            f'<style>{STYLE}\n</style>\n<rect class="page" width="100%" height="100%" rx="6"/>\n'
            f'<text class="small" x="16" y="20">{legend}</text>\n')
    return head + "\n".join(lines) + "\n</svg>\n"


def write(results, out, name="cpu"):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    tables = "\n".join(markdown(results)).rstrip("\n")
    (out / ("results.json" if name == "cpu" else f"{name}.json")).write_text(dump(compact(results)), encoding="utf-8")
    (out / f"{name}.svg").write_text(picture(results), encoding="utf-8")
    against_vocabulary = logits_report.picture(results)
    if against_vocabulary:
        (out / "vocabulary.svg").write_text(against_vocabulary, encoding="utf-8")
    page = out / f"{name}.md"
    text = page.read_text(encoding="utf-8") if page.exists() else f"# {name}\n\n{BEGIN}\n{END}\n"
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", encoding="utf-8")
    return tables


def self_test():
    """Made-up results of two rounds, the second on a machine whose limits moved."""
    def sample(name, milliseconds, **more):
        return {"name": name, "run_type": "iteration", "real_time": milliseconds, "time_unit": "ms", **more}

    def ours(factor, after):
        speeds = [sample(f"limit/{when}/read/9/iterations:3/real_time/threads:1", 1, bytes_per_second=rate)
                  for when, rate in (("before", 2e10), ("after", after))]
        return {"context": {"date": "2026-01-02T00:00:00"}, "benchmarks": speeds + [
            sample("padded_token_ratio/1/iterations:5/repeats:9/real_time", 4 * factor, lanes=8.0),
            sample("padded_token_ratio/2/iterations:5/repeats:9/real_time", 2 * factor, lanes=8.0),
            sample("plain_loop/iterations:5/real_time", 30 * factor),
            sample("eigen_arrays/iterations:5/real_time", 0, error_occurred=True, error_message="it differs"),
            {**sample("padded_token_ratio/1", 99), "run_type": "aggregate"}]}

    def peer(threads):
        return {"context": {"date": "2026-01-02", "torch": "2", "cpu_capability": "AVX", "threads": threads},
                "peers": [{"workload": "policy_loss", "variant": "torch.compile, x", "compiled": True, "accepted": True,
                           "first_call_s": 7.5, "errors": {"gradient": 1e-7}},
                          {"workload": "policy_loss", "variant": "wrong", "accepted": False, "errors": {"gradient": 1}}],
                "benchmarks": [sample(f"policy_loss/torch.compile, x/{threads}", 12 / threads)]}

    assert split_name("gae/64/2048/2/real_time") == ("gae/64/2048", 2)
    assert split_name("gae/64/2048") == ("gae/64/2048", 1)
    assert split_name("gae_64x2048/torch.compile, blocks/2") == ("gae_64x2048/torch.compile, blocks", 2)
    assert split_name("bench::read/64") == ("bench::read", 64)
    assert ticks(0.9, 6) == [1, 2, 5]
    with tempfile.TemporaryDirectory() as folder:
        raw = pathlib.Path(folder) / "raw"
        raw.mkdir()
        files = {"ours.1.default.policy_loss": ours(1, 2e10), "ours.2.default.policy_loss": ours(100, 1e10),
                 "peer.1.default.policy_loss.1": peer(1), "peer.1.default.policy_loss.2": peer(2)}
        for name, document in files.items():
            (raw / f"{name}.json").write_text(json.dumps(document))
        results = Results(raw)
        assert [s.samples for s in results.find("policy_loss", "padded_token_ratio", 1)] == [[4.0]]
        (raw.parent / "cpu.md").write_text(f"kept\n{BEGIN}\nold\n{END}\nkept too\n")
        tables = write(results, raw.parent)
        for wanted in ("| **cohort** | 4 (4) | 2 (2) | 1.00 | 1.00 |", "| torch.compile, x | 12 (12) | 6 (6) | 3.00 | 3.00 "
                       "| 7.5 s | 1e-07 |", "did not agree with ours: wrong.", "in 1 of 2 processes a limit moved",
                       "eigen_arrays was not timed: it differs"):
            assert wanted in tables, (wanted, tables)
        page = (raw.parent / "cpu.md").read_text()
        assert page.startswith("kept\n") and page.endswith("kept too\n") and "old" not in page
        write(Results(raw), raw.parent)
        assert (raw.parent / "cpu.md").read_text() == page
        json.loads((raw.parent / "results.json").read_text())
        svg = xml.etree.ElementTree.parse(raw.parent / "cpu.svg").getroot()
        assert sum(element.tag.endswith("rect") for element in svg.iter()) == 4
        assert sum(element.tag.endswith("circle") for element in svg.iter()) == 2


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    print(write(Results(sys.argv[1]), *sys.argv[2:]))


main()
