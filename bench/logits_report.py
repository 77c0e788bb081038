# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What report.py tells of the logits and head tiers: aims met and missed, memory beyond the inputs, time against the
vocabulary."""
import dataclasses
import math
import statistics
from xml.sax.saxutils import escape

VOCABULARY = 151936


@dataclasses.dataclass
class Share:
    """What a limit allows, as a part of the time taken."""

    label: str
    program: str
    name: str
    aims: dict  # threads -> share
    needs: list  # (limit, units per logit): the slowest of them is the floor


@dataclasses.dataclass
class Ratio:
    """Others' time over ours: `others` picks variants of the peers' workload, or names of the program."""

    label: str
    program: str
    name: str
    aim: float
    workload: str
    others: object
    of_program: bool = False


plain_compile = lambda variant: variant.startswith("torch.compile") and "by hand" not in variant
eager = lambda variant: variant.startswith("eager")
trl = lambda variant: variant == "TRL"
liger = lambda variant: variant.startswith("Liger")
by_hand = lambda variant: variant == "torch.compile, by hand"

T2, T2_BF16 = "in_place_f32/151936", "in_place_bf16/151936"
SCORE, SCORE_ENTROPY, SCORE_BF16 = (f"log_prob_{kind}/151936" for kind in ("f32", "entropy_f32", "bf16"))
HEAD = "head_f32/151936"
SCORES, GRADIENTS, HEADS = "token_log_prob", "logits_policy_gradient", "head_policy_gradient"
AIMS = [
    Share("log-prob, of the read limit", SCORES, SCORE, {1: 0.50, 2: 0.75}, [("read", 4)]),
    Ratio("log-prob: torch.compile", SCORES, SCORE, 2, "log_prob_f32", plain_compile),
    Ratio("log-prob: TRL", SCORES, SCORE, 4, "log_prob_f32", trl),
    Ratio("log-prob: eager", SCORES, SCORE, 8, "log_prob_f32", eager),
    Ratio("log-prob and entropy: torch.compile", SCORES, SCORE_ENTROPY, 2.5, "log_prob_entropy_f32", plain_compile),
    Ratio("log-prob and entropy: eager", SCORES, SCORE_ENTROPY, 15, "log_prob_entropy_f32", eager),
    Share("bfloat16 log-prob, of the slower of reading and exponentials", SCORES, SCORE_BF16, {1: 0.80, 2: 0.80},
          [("read", 2), ("row_exponential", 1)]),
    Ratio("bfloat16 log-prob: torch.compile", SCORES, SCORE_BF16, 3, "log_prob_bf16", plain_compile),
    Share("loss and d_logits, of the in-place limit", GRADIENTS, T2, {1: 0.55, 2: 0.85}, [("in_place", 8)]),
    Ratio("loss and d_logits: torch.compile", GRADIENTS, T2, 9, "grpo_f32_151936", plain_compile),
    Ratio("loss and d_logits: torch.compile of the gradient written by hand", GRADIENTS, T2, None, "grpo_f32_151936",
          by_hand),
    Ratio("loss and d_logits: TRL", GRADIENTS, T2, 16, "grpo_f32_151936", trl),
    Ratio("loss and d_logits: eager", GRADIENTS, T2, 18, "grpo_f32_151936", eager),
    Ratio("loss and d_logits: our own two sweeps", GRADIENTS, T2, 1.3, "two_sweeps_f32/151936", None, True),
    Share("bfloat16 loss and d_logits, of the slower of in-place and exponentials", GRADIENTS, T2_BF16,
          {1: 0.65, 2: 0.65}, [("in_place", 4), ("row_exponential", 1)]),
    Ratio("bfloat16 loss and d_logits: torch.compile", GRADIENTS, T2_BF16, 10, "grpo_bf16_151936", plain_compile),
    Ratio("bfloat16 loss and d_logits: TRL", GRADIENTS, T2_BF16, 10, "grpo_bf16_151936", trl),
    Ratio("30 % padding, 40 % of the rest without advantage, zeros written: all rows", GRADIENTS,
          "mix_zeros_written_f32/151936", 1.5, T2, None, True),
    Ratio("the same with a list of rows: all rows", GRADIENTS, "mix_rows_listed_f32/151936", 2.2, T2, None, True),
    Ratio("head: Eigen's three products alone", HEADS, HEAD, 0.9, "products/151936", None, True),
    Ratio("head's log-probs: Eigen's product alone", HEADS, "head_log_prob_f32/151936", None, "product_of_logits/151936",
          None, True),
    Ratio("head: torch.compile", HEADS, HEAD, 1.35, "head_f32", plain_compile),
    Ratio("head: eager", HEADS, HEAD, None, "head_f32", eager),
    Ratio("head: Liger's chunked loss", HEADS, HEAD, 3, "head_f32", liger),
    Ratio("head, 30 % padding, 40 % of the rest without advantage: all rows", HEADS, "head_mix_f32/151936", 1 / 0.45,
          HEAD, None, True),
]


def limits_of(results):
    """(memory, program) -> {(limit, threads): rate}: of the samples between ours where there are any."""
    limits = {}
    for when in ("during", None):
        rates = {}
        for s in results.series:
            parts = s.name.split("/")
            if parts[0] == "limit" and s.rate and when in (None, parts[1]):
                rates.setdefault((s.memory, s.program), {}).setdefault((parts[2], s.threads), []).append(s.rate)
        for key, of in rates.items():
            for which, all_of_it in of.items():
                limits.setdefault(key, {}).setdefault(which, statistics.mean(all_of_it))
    return limits


def fastest(results, program, name, threads):
    found = results.find(program, name, threads)
    return min(found, key=lambda s: s.median) if found else None


def share_of(results, limits, aim, threads):
    """The best over the memory settings."""
    shares = []
    for s in results.find(aim.program, aim.name, threads):
        rates = limits.get((s.memory, s.program), {})
        if all((limit, threads) in rates for limit, _ in aim.needs):
            floor = max(units * results.tokens * VOCABULARY / rates[limit, threads] for limit, units in aim.needs)
            shares.append(1e3 * floor / s.median)
    return max(shares, default=None)


def ratio_of(results, aim, threads):
    ours = fastest(results, aim.program, aim.name, threads)
    names = [(aim.program, aim.workload)] if aim.of_program else [
        ("peer", f"{aim.workload}/{variant}") for variant in results.peer_variants(aim.workload) if aim.others(variant)]
    others = [s for s in (fastest(results, program, name, threads) for program, name in names) if s]
    return min(s.median for s in others) / ours.median if ours and others else None


def verdict(value, aim, told):
    if value is None:
        return ""
    return told(value) if aim is None else f"{told(value)} {'met' if value >= aim else '**missed**'}"


def aims_table(results):
    limits = limits_of(results)
    rows = []
    percent, times = lambda x: f"{100 * x:.0f} %", lambda x: f"{x:.2f} x" if x < 10 else f"{x:.1f} x"
    for aim in AIMS:
        if isinstance(aim, Share):
            wanted = ", ".join(f"{percent(a)} ({n})" for n, a in aim.aims.items() if n in results.threads)
            cells = [verdict(share_of(results, limits, aim, n), aim.aims.get(n), percent) for n in results.threads]
        else:
            wanted = times(aim.aim) if aim.aim else ""
            cells = [verdict(ratio_of(results, aim, n), aim.aim, times) for n in results.threads]
        if any(cells):
            rows.append([aim.label, wanted, *cells])
    return ["share of a limit, or their time over ours", "aim",
            *(f"{n} thread" + ("s" if n > 1 else "") for n in results.threads)], rows


# Memory

COLUMNS = {"log_prob_f32": ("log-prob", SCORES, SCORE), "log_prob_entropy_f32": ("and entropy", SCORES, SCORE_ENTROPY),
           "log_prob_bf16": ("bfloat16 log-prob", SCORES, SCORE_BF16),
           "grpo_f32_151936": ("loss and d_logits", GRADIENTS, T2),
           "grpo_bf16_151936": ("bfloat16 loss and d_logits", GRADIENTS, T2_BF16),
           "head_f32": ("head: loss, d_hidden, d_weights", HEADS, HEAD)}


def megabytes(b):
    return "" if b is None else f"{b / 1e6:.0f}" if b >= 9.5e6 else f"{b / 1e6:.1f}"


def peer_bytes(results, workload, variant):
    told = [peer.get("beyond_inputs") for key, told_of in results.peers.items() if key[:2] == (workload, variant)
            for peer in told_of if peer["memory"] == "default"]
    return max((b for b in told if b is not None), default=None)


def our_bytes(results, program, name):
    told = [s.counters.get("beyond_inputs") for n in results.threads for s in results.find(program, name, n, "default")]
    return max((b for b in told if b is not None), default=None)


def memory_table(results):
    columns = [key for key, (_, program, name) in COLUMNS.items() if our_bytes(results, program, name) is not None]
    if not columns:
        return [], []
    rows = [["**cohort**", *(megabytes(our_bytes(results, *COLUMNS[key][1:])) for key in columns)]]
    variants = dict.fromkeys(v for key in columns for v in results.peer_variants(key))
    for variant in variants:
        cells = [megabytes(peer_bytes(results, key, variant)) for key in columns]
        if any(cells):
            rows.append([variant, *cells])
    return ["MB at the highest, beyond the inputs", *(COLUMNS[key][0] for key in columns)], rows


# The picture: time and memory against the vocabulary, at the largest thread count.

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .page { fill: #ffffff }
  .title { font-weight: 600 } .small { font-size: 11px; fill: #59636e } .grid { stroke: #d1d9e0 }
  .line { fill: none; stroke-width: 2 } .other { stroke: #8c959f } .ours { stroke: #0969da; stroke-width: 3 }
  .alone { stroke: #0969da; stroke-dasharray: 5 4 } .compiled { stroke: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .page { fill: #0d1117 } .small { fill: #9198a1 } .grid { stroke: #3d444d }
    .other { stroke: #656c76 } .ours, .alone { stroke: #4493f8 } .compiled { stroke: #f0883e }
  }"""
SIZES = (32000, 151936, 262144)


def lines_of(results):
    """(label, class, {vocabulary: milliseconds}, {vocabulary: bytes})."""
    most = results.threads[-1]
    for label, kind, name in (("cohort", "ours", "in_place_f32"), ("cohort, two sweeps", "alone", "two_sweeps_f32")):
        found = {v: fastest(results, GRADIENTS, f"{name}/{v}", most) for v in SIZES}
        memory = {v: our_bytes(results, GRADIENTS, f"{name}/{v}") for v in SIZES}
        yield label, kind, {v: s.median for v, s in found.items() if s}, {
            v: max(b, 1e4) for v, b in memory.items() if b is not None}
    for label, kind, wanted in (("torch.compile", "compiled", plain_compile), ("TRL", "other", trl),
                                ("PyTorch eager", "other", eager)):
        times, memory = {}, {}
        for v in SIZES:
            names = [x for x in results.peer_variants(f"grpo_f32_{v}") if wanted(x)]
            found = [(s.median, x) for x in names for s in [fastest(results, "peer", f"grpo_f32_{v}/{x}", most)] if s]
            if found:
                times[v], best = min(found)
                memory[v] = peer_bytes(results, f"grpo_f32_{v}", best)
        yield label, kind, times, {v: b for v, b in memory.items() if b}


def chart(title, lines, top, left, width, height, units):
    """The lines of one chart, log scales; `units` names a tick."""
    values = [y for _, _, points in lines for y in points.values()]
    low, high = min(values) / 1.5, max(values) * 1.5
    x_at = lambda v: left + width * math.log(v / 28000) / math.log(300000 / 28000)
    y_at = lambda y: top + height * (1 - math.log(y / low) / math.log(high / low))
    yield f'<text class="title" x="{left - 46}" y="{top - 12}">{escape(title)}</text>'
    for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1):
        y = y_at(10.0**power)
        yield (f'<line class="grid" x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}"/>'
               f'<text class="small" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{units(10.0**power)}</text>')
    for v in SIZES:
        yield (f'<line class="grid" x1="{x_at(v):.1f}" x2="{x_at(v):.1f}" y1="{top}" y2="{top + height}"/>'
               f'<text class="small" x="{x_at(v):.1f}" y="{top + height + 15}" text-anchor="middle">{v:,}</text>')
    taken = []
    for label, kind, points in sorted(lines, key=lambda line: -line[2][max(line[2])]):
        path = " ".join(f"{x_at(v):.1f},{y_at(y):.1f}" for v, y in points.items())
        at = max([y_at(points[max(points)]) + 4, *(y + 14 for y in taken)])
        taken.append(at)
        yield f'<polyline class="line {kind}" points="{path}"/>'
        yield f'<text class="small" x="{x_at(max(points)) + 12:.1f}" y="{at:.1f}">{escape(label)}</text>'


def bytes_told(b):
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if b >= unit:
            return f"{b / unit:g} {name}"
    return f"{b:g} B"


def picture(results):
    """None where there is nothing to show."""
    every = list(lines_of(results))
    times = [(label, kind, points) for label, kind, points, _ in every if points]
    memory = [(label, kind, points) for label, kind, _, points in every if points]
    if not times or not memory:
        return None
    most = results.threads[-1]
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 330" width="860" height="330" role="img">\n'
            f'<style>{STYLE}\n</style>\n<rect class="page" width="100%" height="100%" rx="6"/>\n'
            f'<text class="small" x="16" y="20">loss and d_logits of {results.tokens} tokens, float, '
            f'{most} thread{"s" if most > 1 else ""}; against the vocabulary, log scales</text>\n')
    parts = [*chart("milliseconds", times, 62, 66, 230, 230, lambda y: f"{y:g}"),
             *chart("memory beyond the inputs", memory, 62, 492, 230, 230, bytes_told)]
    return head + "\n".join(parts) + "\n</svg>\n"
