# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What one call of the library costs to compile, beside the headers that its file includes anyway.

compile_time.py [--compilers "g++ clang++"] [--levels "O2 O3"] [--march native] [--rounds N] [--eigen DIR] [--cccl DIR]
                [--include DIR] [--out PAGE]
    prints a table: CPU seconds of the compiler (user and system, the smallest of N rounds, every file once a round), as a
    multiple of those of `#include <Eigen/Core>`, and kilobytes of object. --out writes it between the two markers of PAGE.
    --include takes another tree of headers, say of an older commit, for the same calls.
compile_time.py --record FILE.json ...   the multiples of these compilers at the first level, kept for --check
compile_time.py --check FILE.json ...    fails where a call costs more than 1.25 times its recorded multiple; one compiler at
                                         a time, and a figure that is too large is measured again before it counts
compile_time.py --self-test
"""
import argparse
import dataclasses
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CALLS = ROOT / "bench" / "compile_time"
BEGIN, END = "<!-- table: written by bench/compile_time.py -->", "<!-- end of the table -->"
UNIT = "eigen_core"  # what everything is a multiple of
TITLES = {
    "eigen_core": "`#include <Eigen/Core>`", "thrust_transform": "`#include <thrust/transform.h>`",
    "cohort": "`#include <cohort/cohort.hpp>`", "backend": "`cohort.hpp` and `backend/eigen.hpp`",
    "group_advantage": "one `group_advantage`", "gae": "one `gae`", "process_advantage": "one `process_advantage`",
    "policy_loss": "one `policy_loss<float>`, clip and k3", "token_log_prob": "one `token_log_prob`",
    "logits_policy_gradient": "one `logits_policy_gradient<float>`, clip and k3",
    "head_policy_gradient": "one `head_policy_gradient<float>`, clip and k3"}
TOLERANCE = 1.25
TRIES = 4  # before a figure that is too large is believed
SKIPPED = 77


@dataclasses.dataclass
class Setting:
    compiler: str
    level: str
    march: str
    include: pathlib.Path
    eigen: pathlib.Path
    cccl: pathlib.Path | None

    def command(self, name, output):
        flags = [self.compiler, "-std=c++20", f"-{self.level}", f"-march={self.march}", f"-I{self.include}",
                 "-isystem", str(self.eigen), "-c", str(CALLS / f"{name}.cpp"), "-o", str(output)]
        if name == "thrust_transform":
            flags[1:1] = ["-isystem", str(self.cccl), "-DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_CPP"]
        return flags

    def names(self):
        return [x for x in TITLES if x != "thrust_transform" or self.cccl]


@dataclasses.dataclass
class Cost:
    seconds: float
    kilobytes: float


def compile_once(setting, name):
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "call.o"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(setting.command(name, output), capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit(f"compile_time: {name} does not compile with {setting.compiler}\n{done.stderr[:4000]}")
        return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, output.stat().st_size / 1000)


def smaller(a, b):
    return b if a is None or b.seconds < a.seconds else a


def measured(setting, rounds, cost=compile_once):
    """The smallest of so many rounds for every file; a round compiles each of them once."""
    best = {}
    for _ in range(rounds):
        for name in setting.names():
            best[name] = smaller(best.get(name), cost(setting, name))
    return best


def multiples(best):
    return {name: x.seconds / best[UNIT].seconds for name, x in best.items()}


def version_of(compiler):
    """g++ 12, clang++ 14: what a record is kept under."""
    text = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
    number = re.search(r"(\d+)\.\d+\.\d+", text)
    if not number:
        return None
    return f"{'clang++' if 'clang' in text else 'g++'} {number[1]}"


def too_large(best, recorded):
    """name -> (found, allowed) of the figures above their bound."""
    found = multiples(best)
    return {name: (found[name], TOLERANCE * recorded[name]) for name in recorded
            if name in found and found[name] > TOLERANCE * recorded[name]}


def check(setting, recorded, cost=compile_once):
    """The figures that stay too large after TRIES measurements. Neighbours on the machine only ever add time: the smallest
    counts, and the unit is measured as often as what is compared with it."""
    best = {}
    for name in [UNIT, *recorded]:
        best[name] = smaller(best.get(name), cost(setting, name))
    for _ in range(TRIES - 1):
        suspects = too_large(best, recorded)
        if not suspects:
            break
        for name in [UNIT, *suspects]:
            best[name] = smaller(best.get(name), cost(setting, name))
    return best, too_large(best, recorded)


def table(columns):
    """columns: title -> name -> Cost, a Markdown table with a row per file."""
    lines = ["| seconds (multiple of Eigen/Core), KB of object | " + " | ".join(columns) + " |",
             "|---" * (len(columns) + 1) + "|"]
    for name, title in TITLES.items():
        cells = []
        for best in columns.values():
            x = best.get(name)
            cells.append(f"{x.seconds:.1f} ({x.seconds / best[UNIT].seconds:.1f}), {x.kilobytes:.0f}" if x else "-")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def written(page, text):
    before, found, rest = page.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise SystemExit("compile_time: the page has not both markers")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def cccl_of(given):
    """The folder of Thrust's headers: as given, or that of nvcc's toolkit."""
    nvcc = shutil.which("nvcc")
    homes = [pathlib.Path(nvcc).resolve().parent.parent] if nvcc else []
    homes += [pathlib.Path("/usr/local/cuda"), *([pathlib.Path(os.environ["CUDA_HOME"])] if "CUDA_HOME" in os.environ else [])]
    folders = [pathlib.Path(given)] if given else [x / "include" / "cccl" for x in homes] + [x / "include" for x in homes]
    return next((x for x in folders if (x / "thrust" / "transform.h").is_file()), None)


def settings_of(options):
    cccl = cccl_of(options.cccl)
    if not cccl:
        print("compile_time: Thrust's headers are not found (no toolkit, no --cccl): its line is left out")
    for compiler in options.compilers.split():
        if not shutil.which(compiler):
            print(f"compile_time: {compiler} is not there and left out")
            continue
        for level in options.levels.split():
            yield Setting(compiler, level, options.march, pathlib.Path(options.include), pathlib.Path(options.eigen), cccl)


def run_tables(options):
    columns = {}
    for setting in settings_of(options):
        best = measured(setting, options.rounds)
        columns[f"{version_of(setting.compiler)}, -{setting.level}"] = best
    text = table(columns)
    print(text)
    if options.out:
        page = pathlib.Path(options.out)
        page.write_text(written(page.read_text(), text))


def run_record(options):
    path = pathlib.Path(options.record)
    records = json.loads(path.read_text()) if path.is_file() else {}
    for setting in settings_of(options):
        found = multiples(measured(dataclasses.replace(setting, cccl=None), options.rounds))
        records[version_of(setting.compiler)] = {name: round(x, 2) for name, x in found.items() if name != UNIT}
    path.write_text(json.dumps(records, indent=2, sort_keys=True) + "\n")


def run_check(options):
    records = json.loads(pathlib.Path(options.check).read_text())
    setting = next(settings_of(options), None)
    recorded = setting and records.get(version_of(setting.compiler))
    if not recorded:
        print(f"compile_time: nothing is recorded for {options.compilers}")
        return SKIPPED
    best, failed = check(setting, recorded)
    for name, found in multiples(best).items():
        if name in recorded:
            print(f"{name}: {found:.2f} times Eigen/Core, recorded {recorded[name]:.2f}")
    for name, (found, allowed) in failed.items():
        print(f"compile_time: {name} costs {found:.2f} times Eigen/Core to compile; {allowed:.2f} is allowed")
    return 1 if failed else 0


def self_test():
    unit, call = Cost(1.0, 1), Cost(2.0, 100)
    setting = Setting("c++", "O2", "native", ROOT, ROOT, None)
    assert "thrust_transform" not in setting.names() and set(setting.names()) < set(TITLES)
    assert all((CALLS / f"{name}.cpp").is_file() for name in TITLES)
    assert "-O2" in setting.command("gae", "x.o") and "-march=native" in setting.command("gae", "x.o")
    assert multiples({UNIT: unit, "gae": call})["gae"] == 2
    assert not too_large({UNIT: unit, "gae": call}, {"gae": 1.7})
    assert too_large({UNIT: unit, "gae": call}, {"gae": 1.5})["gae"] == (2.0, 1.875)

    noisy = iter([3.0, 2.6, 1.9])  # a neighbour went away
    _, failed = check(setting, {"gae": 1.6}, lambda _, name: unit if name == UNIT else Cost(next(noisy), 1))
    assert not failed
    tries = []
    _, failed = check(setting, {"gae": 1.0, "cohort": 1.0},
                      lambda _, name: tries.append(name) or (Cost(1.5, 1) if name == "gae" else unit))
    assert list(failed) == ["gae"] and tries.count("gae") == TRIES and tries.count("cohort") == 1
    best = measured(setting, 2, lambda _, name, seen=[]: seen.append(name) or Cost(10.0 / len(seen), 1))
    assert best["head_policy_gradient"].seconds == 10.0 / (2 * len(setting.names()))

    text = table({"g++ 12, -O2": {UNIT: unit, "gae": call}})
    assert "| one `gae` | 2.0 (2.0), 100 |" in text and "| one `group_advantage` | - |" in text
    assert written(f"a\n{BEGIN}\nold\n{END}\nb", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"
    print("compile_time: the self-test passes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compilers", default="g++ clang++")
    parser.add_argument("--levels", default="O2")
    parser.add_argument("--march", default="native")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    parser.add_argument("--cccl", default="")
    parser.add_argument("--include", default=str(ROOT / "include"))
    parser.add_argument("--out")
    parser.add_argument("--record")
    parser.add_argument("--check")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    if options.check:
        return run_check(options)
    return run_record(options) if options.record else run_tables(options)


if __name__ == "__main__":
    sys.exit(main())
