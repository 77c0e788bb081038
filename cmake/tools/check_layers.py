# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the layers of include/cohort and the marks every source file carries. Usage: check_layers.py ROOT

A header may include what `allowed` lists for its place, the standard library, and in layer 4 the library it is named
after. Every violation is one line: file, line, rule.
"""
import pathlib
import re
import sys

SPDX = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
LONGEST_HEADER = 300
PIPELINE = ["reward", "advantage", "objective", "gradient"]
BASE = ["version", "detail/(config|namespace)"]
FORMULA = BASE + ["core", "formula"]
# Libraries whose headers do not carry the name of the file in backend/, interop/ or distributed/ that stands for them.
ALIASES = {"cuda": "cub/|thrust/|cooperative_groups|cublas|cccl", "cublas": "cuda", "thrust": "cuda/", "torch": "ATen/|c10/"}
# Parts of backend/ that stand for no library, and what a backend may use of the others' besides its own and detail/.
PLAIN = ["reference", "detail", "block", "emulated_block"]
SHARED = {"emulated_block": "|block", "cuda": "|block", "cublas": "|block|cuda"}


def allowed(place):
    """Patterns of what a header may include under cohort/, by its path there, and the name of its rule."""
    folder, _, rest = place.partition("/")
    owner = re.split(r"[./]", rest)[0]
    if place == "cohort.hpp":
        umbrella = "backend/reference.hpp|interop/span.hpp"
        return "umbrella", FORMULA + PIPELINE + ["fwd", umbrella]
    if folder in PIPELINE:
        return "L3 " + folder, FORMULA + ["detail"] + PIPELINE[: PIPELINE.index(folder) + 1]
    if place in ("detail/config.hpp", "detail/namespace.hpp"):
        return "L0", BASE
    rules = {
        "fwd.hpp": ("L1", BASE + ["core"]),
        "version.hpp": ("L0", []),
        "detail": ("L3 detail", FORMULA + ["detail"]),
        "core": ("L1", BASE + ["core"]),
        "formula": ("L2", BASE + ["formula", "core/(lane|numeric)"]),
        "backend": ("L4 backend", FORMULA + [f"backend/({owner}|detail{SHARED.get(owner, '')})"]),
        "interop": ("L4 interop", BASE + ["core", f"interop/{owner}"]),
        "distributed": ("L4 distributed", BASE + ["core", f"distributed/({owner}|communicator)"]),
    }
    return rules.get(folder, ("unknown folder", []))


def foreign(place, header):
    """Whether a header from outside cohort and the standard library may stand here."""
    folder, _, rest = place.partition("/")
    owner = re.split(r"[./]", rest)[0]
    if folder not in ("backend", "interop", "distributed") or (folder == "backend" and owner in PLAIN):
        return False
    return owner in header.lower() or re.match(ALIASES.get(owner, "$^"), header) is not None


def check_include(root, place, header, quoted):
    if quoted:
        return f'"{header}": headers include with angle brackets'
    if not header.startswith("cohort/"):
        standard = re.fullmatch(r"[a-z0-9_]+", header)
        return None if standard or foreign(place, header) else f"<{header}>: third party, not the library this file is named after"
    target = header.removeprefix("cohort/")
    rule, patterns = allowed(place)
    if not (root / "include" / header).is_file():
        return f"<{header}>: no such header"
    if not any(re.match(rf"({pattern})([/._]|$)", target) for pattern in patterns):
        return f"<{header}>: rule {rule} allows only {', '.join(patterns) or 'nothing'}"
    return None


def check_header(root, path, lines):
    place = path.relative_to(root / "include/cohort").as_posix()
    if len(lines) > LONGEST_HEADER:
        yield len(lines), f"{len(lines)} lines; a header has at most {LONGEST_HEADER}"
    for number, line in enumerate(lines, 1):
        include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)', line)
        problem = include and check_include(root, place, include[2], include[1] == '"')
        if problem:
            yield number, problem
        macro = re.match(r"\s*#\s*define\s+(\w+)", line)
        if macro and not macro[1].startswith("COHORT_"):
            yield number, f"macro {macro[1]} is not prefixed COHORT_"


def check_file(root, path):
    lines = path.read_text(encoding="utf-8").splitlines()
    first = lines[1:2] if lines and lines[0].startswith("#!") else lines[:1]
    if not first or SPDX not in first[0]:
        yield 1, f"first line is not {SPDX}"
    if path.is_relative_to(root / "include"):
        yield from check_header(root, path, lines)
    if path.suffix not in (".cuh", ".cu"):
        for number, line in enumerate(lines, 1):
            if re.match(r"\s*#\s*include\s.*\.cuh[>\"]", line):
                yield number, ".cuh is included only from .cuh and .cu"


def sources(root):
    names = re.compile(r".*\.(hpp|cuh|cpp|cu|py|sh|cmake)$|CMakeLists\.txt$")
    for folder in ("include", "tests", "examples", "bench", "cmake"):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and names.match(path.name):
                yield path


def main(root):
    count = 0
    for path in sources(root):
        for line, problem in check_file(root, path):
            print(f"{path.relative_to(root)}:{line}: {problem}")
            count += 1
    print(f"check_layers: {count} violations" if count else "check_layers: every include and mark is in its place")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
