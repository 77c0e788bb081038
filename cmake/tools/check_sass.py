# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the machine code of kernels. Usage: check_sass.py [--cuobjdump PROGRAM] OBJECT... -- RULE=EXPRESSION...

A rule holds for every kernel in whose demangled name the regular expression is found, for every architecture; that no
kernel has such a name is a violation too.
  registers     neither spilled registers nor arrays: no instruction reads or writes local memory
  stackless     no stack frame
  wide_loads    some load from global memory moves 128 bits, or a bulk copy does
  wide_stores   some store to it does
  exact         in PTX: no .ftz and no .approx but those of the correctly rounding or documented library routines
Every violation is one line: architecture, kernel, rule, what was found.
"""
import argparse
import collections
import re
import shutil
import subprocess
import sys

LOCAL = re.compile(r"\b(?:LDL|STL)\b")
WIDE = {"wide_loads": re.compile(r"\b(?:LDGSTS|LDG|LD)\b[\w.]*\.128\b|\bUBLKCP\b|\bUTMALDG\b"),
        "wide_stores": re.compile(r"\b(?:STG|ST)\b[\w.]*\.128\b|\bUBLKCP\b|\bUTMASTG\b")}
APPROXIMATE = re.compile(r"\b[a-z][a-z0-9]*(?:\.[a-z0-9]+)*\.(?:ftz|approx)(?:\.[a-z0-9]+)*")
# exp2f; what expf is made of; the first guess of a double's reciprocal and root, which the routines then make exact.
LEGITIMATE = {"ex2.approx.f32", "ex2.approx.ftz.f32", "rcp.approx.ftz.f64", "rsqrt.approx.ftz.f64"}
RULES = ["registers", "stackless", *WIDE, "exact"]


def output_of(*command, text=None):
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"check_sass: {' '.join(command)}: {result.stderr.strip() or result.stdout.strip()}")
    return result.stdout


def by_kernel(text, head):
    """{(architecture, mangled name): lines} of a listing in which `head` finds where a function begins."""
    bodies, architecture, current = collections.defaultdict(list), "", None
    for line in text.splitlines():
        if found := re.search(r"\b(?:code for|arch = |\.target) ?(sm_\w+)", line):
            architecture, current = found[1], None
        if found := re.search(head, line):
            current = (architecture, found[1])
            bodies[current].append("")
        elif current:
            bodies[current].append(line)
    return bodies


def stack_frames(text):
    """{(architecture, mangled name): bytes}"""
    lines = by_kernel(text, r"^\s*Function (\S+):")
    return {kernel: int(re.search(r"STACK:(\d+)", " ".join(body))[1]) for kernel, body in lines.items()}


def demangled(names):
    program = shutil.which("cu++filt") or shutil.which("c++filt")
    return dict(zip(names, output_of(program, text="\n".join(names)).splitlines() if program and names else names))


def problem(rule, body, stack):
    """What breaks the rule, or none."""
    if rule == "stackless":
        return f"a stack frame of {stack} bytes" if stack else None
    if rule == "exact":
        found = {x for line in body for x in APPROXIMATE.findall(line.split("//")[0])} - LEGITIMATE
        return ", ".join(sorted(found)) or None
    if rule == "registers":
        count = sum(1 for line in body if LOCAL.search(line))
        return f"{count} reads and writes of local memory" if count else None
    return None if any(WIDE[rule].search(line) for line in body) else "none of 128 bits"


def check(listings, rules):
    """Violations, one line each."""
    sass, ptx, stacks = listings
    names = demangled(sorted({name for _, name in [*sass, *ptx]}))
    for rule, expression in rules:
        bodies = ptx if rule == "exact" else sass
        chosen = [kernel for kernel in bodies if re.search(expression, names[kernel[1]])]
        if not chosen:
            yield f"{rule}: no kernel is called {expression}"
        for kernel in chosen:
            if found := problem(rule, bodies[kernel], stacks.get(kernel, 0)):
                yield f"{kernel[0]}: {names[kernel[1]]}: {rule}: {found}"


def rule_of(argument):
    rule, _, expression = argument.partition("=")
    if rule not in RULES or not expression:
        sys.exit(f"check_sass: {argument}: a rule is one of {', '.join(RULES)}, with =EXPRESSION")
    return rule, expression


def main(arguments):
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--cuobjdump", default="cuobjdump")
    parser.add_argument("objects", nargs="+")
    split = arguments.index("--")
    options, rules = parser.parse_args(arguments[:split]), [rule_of(x) for x in arguments[split + 1 :]]
    dump = lambda what: "".join(output_of(options.cuobjdump, what, x) for x in options.objects)
    listings = (by_kernel(dump("--dump-sass"), r"Function : (\S+)"),
                by_kernel(dump("--dump-ptx"), r"\.(?:entry|func)\s+(?:\([^)]*\)\s*)?([\w$]+)"),
                stack_frames(dump("--dump-resource-usage")))
    violations = list(check(listings, rules))
    print("\n".join(violations))
    print(f"check_sass: {len(violations) or 'no'} violations of {len(rules)} rules, {len(listings[0])} kernels")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
