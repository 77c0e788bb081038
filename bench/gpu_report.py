# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Turns the results of bench/run.sh --device into tables, a picture and one JSON file.

gpu_report.py RESULTS OUT    RESULTS holds lines of JSON, *.jsonl; OUT gets gpu.json, gpu.svg and, in gpu.md, what stands
                             between the two markers
gpu_report.py --self-test
"""
import dataclasses
import datetime
import json
import math
import pathlib
import statistics
import sys
import tempfile
import xml.etree.ElementTree
from xml.sax.saxutils import escape

from report import dump

BEGIN, END = "<!-- tables: written by bench/gpu_report.py -->", "<!-- end of the tables -->"
NOT_MEASURED = "Nothing has been measured yet."
T2, SCORE, GROUPS, GAE, TOKENS, HEAD, UPDATE = ("logits_policy_gradient", "token_log_prob", "group_advantage", "gae",
                                               "policy_loss", "head_policy_gradient", "update")
V = 151936


@dataclasses.dataclass
class Goal:
    """`milliseconds` at most; `share` of `limit` at least; `ratios`: others' best time over ours, by part of their names;
    `of`: at most so much of ours on another workload."""

    number: str
    what: str
    algorithm: str
    workload: str
    milliseconds: float = None
    share: float = None
    limit: str = "copy"
    ratios: tuple = ()
    of: tuple = None


dense = lambda n, v=V, kind="bf16": f"{kind}/{n}x{v}/dense"
GOALS = [
    Goal("G1", "log-prob, bf16, N = 8192", SCORE, f"bf16/8192x{V}/log_prob", 0.63, 0.92,
         ratios=(("Liger", 1.0), ("PyTorch eager", 5.0))),
    Goal("G1", "log-prob, bf16, N = 65536", SCORE, f"bf16/65536x{V}/log_prob", None, 0.92),
    Goal("G2", "log-prob and entropy, N = 8192", SCORE, f"bf16/8192x{V}/entropy", None, 0.88,
         ratios=(("as in TRL", 12.0),), of=(f"bf16/8192x{V}/log_prob", 1.05)),
    Goal("G3", "loss, metrics, d_logits in place, N = 8192", T2, dense(8192), 1.32, 0.88,
         ratios=(("Liger", 1.35), ("Triton, three passes", 1.35), ("PyTorch eager", 5.0), ("torch.compile", 1.7))),
    Goal("G3", "the same, N = 65536", T2, dense(65536), 10.5, 0.88),
    Goal("G4", "30 % padding, 40 % without advantage, zeros written", T2, f"bf16/8192x{V}/zeros_written",
         of=(dense(8192), 0.76), ratios=(("Liger", 1.6),)),
    Goal("G4", "the same with a list of rows", T2, f"bf16/8192x{V}/rows_listed", of=(dense(8192), 0.47)),
    Goal("G5", "ratios of sequences, three passes", T2, f"bf16/8192x{V}/sequences", 2.0, 0.87),
    Goal("G6", "float", T2, dense(8192, kind="fp32"), None, 0.85, ratios=(("Liger", 1.0), ("Triton", 1.0))),
    *(Goal("G6", f"V = {v:,}", T2, dense(8192, v), None, 0.85, ratios=(("Liger", 1.0), ("Triton", 1.0)))
      for v in (32000, 128256, 262144)),
    Goal("G6", "N = 64", T2, dense(64), None, 0.50, ratios=(("Liger", 1.0), ("Triton", 1.0))),
    Goal("G7", "N V beyond 2^31: N = 16384, 65536", T2, dense(16384), None, 0.88),
    Goal("G8", "head, H = 4096, V = 151,936", HEAD, f"bf16/8192x4096x{V}/dense/chunk 4096", 43, 0.90, "gemm",
         (("Liger", 3.0),)),
    Goal("G8", "head, H = 4096, V = 128,256", HEAD, "bf16/8192x4096x128256/dense/chunk 4096", 36.5, 0.90, "gemm"),
    Goal("G9", "the mix of G4 in the head", HEAD, f"bf16/8192x4096x{V}/mix/chunk 4096",
         of=(f"bf16/8192x4096x{V}/dense/chunk 4096", 0.47)),
    *(Goal("G10", f"group advantages, 1,000,000 x {g}", GROUPS, f"1000000x{g}", ms, share,
           ratios=(("PyTorch eager", 10.0), ("CUB", 20.0))) for g, ms, share in
      ((8, 0.024, 0.62), (16, 0.042, 0.70), (64, 0.145, 0.82))),
    Goal("G10", "ragged, 1,000,000 of 8 on average", GROUPS, "1000000x8/ragged", of=("1000000x8", 1.5)),
    Goal("G11", "loss of 65,536 tokens, all metrics", TOKENS, "65536", 0.006, ratios=(("PyTorch eager", 15.0),)),
    Goal("G12", "GAE, ragged, 1024 x 8192 on average", GAE, "1024x8192/ragged", 0.065, 0.60,
         ratios=(("one thread per sequence", 10.0), ("scan by key", 1.5))),
    Goal("G12", "GAE, 1024 x 8192", GAE, "1024x8192", None, None, ratios=(("verl", 1000.0),)),
    Goal("G13", "a whole update in one graph", UPDATE, f"bf16/8192x{V}/update", None, 0.85),
]


def read_lines(folder):
    lines = []
    for path in sorted(pathlib.Path(folder).glob("*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            if text.startswith("{"):
                lines.append(json.loads(text))
    return lines


@dataclasses.dataclass
class Row:
    """One provider in one mode on one workload: the median of the medians of all rounds and processes."""

    algorithm: str
    workload: str
    provider: str
    mode: str
    lines: list

    @property
    def ms(self):
        return statistics.median(line["median_ms"] for line in self.lines)

    @property
    def spread(self):
        """From the lowest fifth to the highest of any round."""
        return min(line["p20_ms"] for line in self.lines), max(line["p80_ms"] for line in self.lines)

    @property
    def rate(self):
        line = self.lines[0]
        return (line["operations"] or line["bytes"]) / (self.ms / 1e3)

    def of(self, key):
        return max((line[key] for line in self.lines if line.get(key) is not None), default=None)


class Results:
    def __init__(self, lines):
        self.lines = lines
        self.limits = self.medians_of_probes()
        rows = {}
        for line in self.all("time"):
            key = tuple(line[name] for name in ("algorithm", "workload", "provider", "mode"))
            rows.setdefault(key, []).append(line)
        self.rows = [Row(*key, of) for key, of in rows.items()]

    def all(self, kind):
        return [line for line in self.lines if line["kind"] == kind]

    def medians_of_probes(self):
        found = {}
        for line in self.all("probe"):
            found.setdefault(line["name"], []).append(line["rate"])
        return {name: (statistics.median(rates), min(rates), max(rates)) for name, rates in found.items()}

    def limit(self, name):
        return self.limits[name][0] if name in self.limits else None

    def best(self, algorithm, workload, part="cohort"):
        """The fastest provider with such a name, in its fastest mode; data of the cache do not count."""
        found = [row for row in self.rows if (row.algorithm, row.workload) == (algorithm, workload)
                 and row.mode != "hot" and (row.provider == part if part == "cohort" else part in row.provider)]
        return min(found, key=lambda row: row.ms, default=None)

    def share(self, row, limit=None):
        rate = self.limit(limit or row.lines[0]["limit"])
        return row.rate / rate if rate else None


def percent(x):
    return "" if x is None else f"{100 * x:.0f} %"


def told(ms):
    return f"{ms:.3f}" if ms < 1 else f"{ms:.2f}" if ms < 100 else f"{ms:.0f}"


def megabytes(b):
    return "" if b is None else f"{b / 1e6:.2f}" if b < 1e8 else f"{b / 1e6:.0f}"


def verdict(text, good):
    return f"{text} {'met' if good else '**missed**'}"


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def goal_row(results, goal):
    ours = results.best(goal.algorithm, goal.workload)
    cells = [goal.number, goal.what]
    if not ours:
        return [*cells, "not measured", "", ""]
    cells.append(verdict(told(ours.ms), ours.ms <= goal.milliseconds) if goal.milliseconds else told(ours.ms))
    share = results.share(ours, goal.limit)
    cells.append(verdict(percent(share), share >= goal.share) if goal.share and share else percent(share))
    parts = []
    for part, aim in goal.ratios:
        other = results.best(goal.algorithm, goal.workload, part)
        if other:
            parts.append(verdict(f"{part} {other.ms / ours.ms:.2f} x (aim {aim:g})", other.ms / ours.ms >= aim))
    if goal.of:
        whole = results.best(goal.algorithm, goal.of[0])
        if whole:
            parts.append(verdict(f"{ours.ms / whole.ms:.2f} of {goal.of[0]} (aim {goal.of[1]:g})",
                                 ours.ms / whole.ms <= goal.of[1]))
    return [*cells, "; ".join(parts)]


def limits_table(results):
    unit = {"gemm": ("bf16 products, 8192^3, random, TFLOP/s", 1e12)}
    names = {"copy": "copy, read and written", "in_place": "in place, read and written", "read": "read", "memset": "written"}
    rows = []
    for name, (median, low, high) in results.limits.items():
        what, divisor = unit.get(name, (f"{names.get(name, name)}, GB/s", 1e9))
        rows.append([what, f"{median / divisor:.0f}", f"{low / divisor:.0f} to {high / divisor:.0f}"])
    yield from table(["limit", "median", "all probes"], rows)


def workload_table(results, algorithm, workload):
    rows = [row for row in results.rows if (row.algorithm, row.workload) == (algorithm, workload)]
    ours = results.best(algorithm, workload)
    cells = []
    for row in sorted(rows, key=lambda row: (row.provider != "cohort", row.provider, row.mode)):
        low, high = row.spread
        first, launches = row.of("first_call_ms"), row.of("launches")
        errors = [value for line in row.lines for name, value in line.items() if name.startswith("error_")]
        cells.append([f"**{row.provider}**" if row.provider == "cohort" else row.provider, row.mode,
                      f"{told(row.ms)} ({told(low)} to {told(high)})", f"{row.ms / ours.ms:.2f}" if ours else "",
                      percent(results.share(row)), f"{launches:g}" if launches else "", megabytes(row.of("workspace")),
                      f"{first / 1e3:.1f} s" if row.of("compiled") and first else "",
                      f"{max(errors):.0e}" if errors else ""])
    yield f"#### {algorithm}: {workload}"
    yield ""
    yield from table(["", "mode", "ms (p20 to p80)", "/ ours", f"share of {rows[0].lines[0]['limit']}", "launches",
                      "MB beyond inputs", "first call", "error"], cells)


def notes(results):
    for line in results.all("refused"):
        errors = ", ".join(f"{name[6:]} {value:.1e}" for name, value in line.items() if name.startswith("error_") and value is not None)
        yield f"{line['algorithm']} {line['workload']}: {line['provider']} was not timed: {line.get('reason') or errors}."
    for line in results.all("repeatable"):
        yield (f"{line['workload']}: {line['replays']} replays of a graph of {line['launches']} nodes, "
               f"{line['different']} with other bits.")
    for kind in ("failed", "skipped", "absent"):
        for text in sorted({f"{line['workload']}: {kind}: {line['reason']}." for line in results.all(kind)}):
            yield text
    for line in results.all("same_inputs"):
        if not line["accepted"]:
            yield f"{line['workload']}: the peers had other inputs: loss differs by {line['error']:.1e}."


def machine(results):
    facts = {"date": datetime.date.today().isoformat(), "command": "sh bench/run.sh --device"}
    for kind in ("device", "machine", "peers"):
        for line in results.all(kind)[:1]:
            facts.update({key: value for key, value in line.items() if key not in ("kind", "process", "device") and value})
    return facts


def markdown(results):
    facts = machine(results)
    yield "; ".join(f"{key} {value}" for key, value in facts.items()) + "."
    yield ""
    seen = list(dict.fromkeys(notes(results)))
    yield from (f"* {note}" for note in seen)
    if seen:
        yield ""
    yield "### The limits"
    yield ""
    yield from limits_table(results)
    yield "### The goals"
    yield ""
    yield from table(["goal", "what", "ms", "share of the limit", "ratios"], [goal_row(results, goal) for goal in GOALS])
    yield "### Everything"
    yield ""
    for algorithm, workload in dict.fromkeys((row.algorithm, row.workload) for row in results.rows):
        yield from workload_table(results, algorithm, workload)


def compact(results):
    rows = [{"algorithm": row.algorithm, "workload": row.workload, "provider": row.provider, "mode": row.mode,
             "ms": round(row.ms, 6), "p20_ms": row.spread[0], "p80_ms": row.spread[1], "rate": row.rate,
             "share": results.share(row), "launches": row.of("launches"), "workspace": row.of("workspace"),
             "memory_growth": row.of("memory_growth"), "first_call_ms": row.of("first_call_ms"),
             "errors": {key[6:]: value for key, value in row.lines[0].items() if key.startswith("error_")},
             "medians_ms": [line["median_ms"] for line in row.lines]} for row in results.rows]
    return {"machine": machine(results), "limits": results.limits, "notes": list(notes(results)), "rows": rows}


# The picture: share of the limit by vocabulary, memory beyond the inputs by tokens.

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .page { fill: #ffffff }
  .title { font-weight: 600 } .small { font-size: 11px; fill: #59636e } .grid { stroke: #d1d9e0 }
  .line { fill: none; stroke-width: 2 } .mark { stroke-width: 0 } .other { stroke: #8c959f; fill: #8c959f }
  .ours { stroke: #0969da; fill: #0969da } .compiled { stroke: #bc4c00; fill: #bc4c00 }
  polyline.line { fill: none } polyline.dashed { stroke-dasharray: 5 4 } polyline.ours { stroke-width: 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .page { fill: #0d1117 } .small { fill: #9198a1 } .grid { stroke: #3d444d }
    .other { stroke: #656c76; fill: #656c76 } .ours { stroke: #4493f8; fill: #4493f8 }
    .compiled { stroke: #f0883e; fill: #f0883e }
  }"""
LINES = [("cohort", "ours", "cohort"), ("cohort, three calls", "ours dashed", "three calls"), ("Liger", "other", "Liger"),
         ("Triton, three passes", "compiled", "Triton"), ("torch.compile", "compiled dashed", "torch.compile"),
         ("PyTorch eager", "other dashed", "PyTorch eager")]


@dataclasses.dataclass
class Chart:
    title: str
    lines: list  # (label, class, {x: y})
    ticks: list  # of y
    logarithmic: bool
    name: object  # of a tick

    def points(self):
        return [(x, y) for _, _, points in self.lines for x, y in points.items()]


def draw(chart, left, top=62, width=250, height=230):
    xs, ys = zip(*chart.points())
    x_low, x_high = min(xs) / 1.1, max(xs) * 1.1
    y_low, y_high = (min(ys) / 2, max(ys) * 2) if chart.logarithmic else (0, 1)
    scale = math.log if chart.logarithmic else float
    x_at = lambda x: left + width * math.log(x / x_low) / math.log(x_high / x_low)
    y_at = lambda y: top + height * (1 - (scale(y) - scale(y_low)) / (scale(y_high) - scale(y_low)))
    yield f'<text class="title" x="{left - 46}" y="{top - 14}">{escape(chart.title)}</text>'
    for tick in chart.ticks:
        if y_low <= tick <= y_high:
            yield (f'<line class="grid" x1="{left}" x2="{left + width}" y1="{y_at(tick):.1f}" y2="{y_at(tick):.1f}"/>'
                   f'<text class="small" x="{left - 6}" y="{y_at(tick) + 4:.1f}" text-anchor="end">{chart.name(tick)}</text>')
    last = -100.0
    for x in sorted(set(xs)):
        yield f'<line class="grid" x1="{x_at(x):.1f}" x2="{x_at(x):.1f}" y1="{top}" y2="{top + height}"/>'
        if x_at(x) - last > 44:
            yield (f'<text class="small" x="{x_at(x):.1f}" y="{top + height + 15}" text-anchor="middle">{x:,}</text>')
            last = x_at(x)
    taken = []
    for label, kind, points in sorted(chart.lines, key=lambda line: -line[2][max(line[2])]):
        path = " ".join(f"{x_at(x):.1f},{y_at(points[x]):.1f}" for x in sorted(points))
        at = max([y_at(points[max(points)]) + 4, *(y + 14 for y in taken)])
        taken.append(at)
        yield f'<polyline class="line {kind}" points="{path}"/>'
        yield from (f'<circle class="mark {kind}" cx="{x_at(x):.1f}" cy="{y_at(y):.1f}" r="3.5"/>' for x, y in points.items())
        yield f'<text class="small" x="{left + width + 8}" y="{at:.1f}">{escape(label)}</text>'


def lines_of(results, sizes, workload_of, value_of):
    for label, kind, part in LINES:
        rows = {size: results.best(T2, workload_of(size), part) for size in sizes}
        points = {size: value_of(row) for size, row in rows.items() if row and value_of(row)}
        if points:
            yield label, kind, points


def bytes_told(b):
    return next(f"{b / unit:g} {name}" for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")) if b >= unit)


def picture(results):
    """None where there is nothing to show."""
    workloads = {row.workload for row in results.rows if row.algorithm == T2}
    shares = Chart("share of the copy's bandwidth, by vocabulary", list(lines_of(
        results, (32000, 50257, 128256, 151936, 262144), lambda v: dense(8192, v), results.share)),
        [0, 0.2, 0.4, 0.6, 0.8, 1], False, percent)
    memory = Chart("memory beyond the inputs, by tokens", list(lines_of(
        results, (64, 512, 2048, 8192, 16384, 65536), dense, lambda row: row.of("workspace"))),
        [10.0**power for power in range(2, 12)], True, bytes_told)
    if not workloads or not shares.lines or not memory.lines:
        return None
    parts = [*draw(shares, 62), *draw(memory, 540)]
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 940 330" width="940" height="330" role="img">\n'
            f'<style>{STYLE}\n</style>\n<rect class="page" width="100%" height="100%" rx="6"/>\n'
            f'<text class="small" x="16" y="20">loss, metrics and d_logits of bfloat16 logits, 8192 tokens on the left, '
            f'V = 151,936 on the right; useful bytes count: one read and one write</text>\n' + "\n".join(parts) + "\n</svg>\n")


def write(results, out):
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    measured = bool(results.rows)
    tables = "\n".join(markdown(results)).rstrip("\n") if measured else NOT_MEASURED
    if measured:
        (out / "gpu.json").write_text(dump(compact(results)), encoding="utf-8")
        drawn = picture(results)
        if drawn:
            (out / "gpu.svg").write_text(drawn, encoding="utf-8")
    page = out / "gpu.md"
    text = page.read_text(encoding="utf-8") if page.exists() else f"# gpu\n\n{BEGIN}\n{END}\n"
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", encoding="utf-8")
    return tables


def self_test():
    """Made-up lines of two processes; no device is asked."""
    def line(provider, workload, ms, algorithm=T2, mode="graph", process=1, **more):
        return {"kind": "time", "algorithm": algorithm, "workload": workload, "provider": provider, "mode": mode,
                "process": process, "round": 1, "median_ms": ms, "p20_ms": 0.9 * ms, "p80_ms": 1.1 * ms, "bytes": 4e9,
                "operations": 0, "limit": "copy", "launches": 1, "workspace": 131072, **more}

    lines = [{"kind": "device", "name": "made up", "process": 1},
             *({"kind": "probe", "name": "copy", "rate": rate, "process": 1, "when": "before"} for rate in (4e12, 4.2e12, 3.8e12)),
             line("cohort", dense(8192), 1.25, error_gradient=1e-3), line("cohort", dense(8192), 1.25, process=2),
             line("cohort", dense(8192), 0.5, mode="hot"), line("cohort", dense(8192, 32000), 1.2),
             line("Liger triton_grpo_loss", dense(8192), 2.0, compiled=True, first_call_ms=2500.0, workspace=2e9),
             line("cohort", f"bf16/8192x{V}/zeros_written", 1.0),
             {"kind": "refused", "algorithm": T2, "workload": dense(8192), "provider": "wrong", "error_loss": 0.5},
             {"kind": "skipped", "workload": "gae", "reason": "the time given was used up"},
             {"kind": "repeatable", "workload": "x", "replays": 20, "different": 0, "launches": 9}]
    with tempfile.TemporaryDirectory() as folder:
        raw, out = pathlib.Path(folder) / "raw", pathlib.Path(folder) / "out"
        raw.mkdir()
        out.mkdir()
        (out / "gpu.md").write_text(f"kept\n{BEGIN}\n{NOT_MEASURED}\n{END}\nkept too\n")
        assert write(Results([]), out) == NOT_MEASURED and not (out / "gpu.json").exists()
        (raw / "ours.1.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\nnot a line\n")
        tables = write(Results(read_lines(raw)), out)
        for wanted in ("| copy, read and written, GB/s | 4000 | 3800 to 4200 |", "| G3 | loss, metrics, d_logits in place, "
                       "N = 8192 | 1.25 met | 80 % **missed** | Liger 1.60 x (aim 1.35) met |", "0.80 of bf16/8192x151936/dense"
                       " (aim 0.76) **missed**", "wrong was not timed: loss 5.0e-01", "| G8 | head, H = 4096, V = 151,936 | "
                       "not measured |", "20 replays of a graph of 9 nodes, 0 with other bits", "gae: skipped", "| 2.5 s |"):
            assert wanted in tables, (wanted, tables)
        page = (out / "gpu.md").read_text()
        assert page.startswith("kept\n") and page.endswith("kept too\n") and NOT_MEASURED not in page
        assert len(json.loads((out / "gpu.json").read_text())["rows"]) == 5
        svg = xml.etree.ElementTree.parse(out / "gpu.svg").getroot()
        assert sum(element.tag.endswith("polyline") for element in svg.iter()) == 4


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(write(Results(read_lines(sys.argv[1])), sys.argv[2]))


if __name__ == "__main__":
    main()
