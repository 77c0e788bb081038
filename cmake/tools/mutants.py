# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Does the test suite see faults? Plants those of mutants.txt one at a time and says which tests fail.

All faults are compiled into one copy of the tree and switched at run time (mutant_schemata.py). A test is an executable
of CTest's; it runs only with the faults that it met in the run without any. Caught is also what kills a test or makes
it run ten times as long. Exit status: 0 all are caught, 1 some are not, 2 there is nothing to compare with.
"""
import argparse
import concurrent.futures
import dataclasses
import html
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from mutant_schemata import CHOICE, PLACE_OF_MET, Stale, line_of, planted, read_list

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIST = HERE / "mutants.txt"
FOLDERS = "formula advantage objective gradient reward core parity properties stories"
FAILED = re.compile(r'success="false"|<(?:Exception|Failure|FatalErrorCondition)\b')


class Failure(Exception):
    """Something before the first fault went wrong."""


@dataclasses.dataclass
class Outcome:
    """What a test says: `how` is empty where it passes."""
    test: str
    how: str = ""
    seconds: float = 0.0
    output: str = ""


def say(text):
    print(text, file=sys.stderr, flush=True)


def tracked_files():
    """What a commit of everything would hold."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, stdout=subprocess.PIPE)
    if listed.returncode != 0:
        raise Failure(f"{ROOT} is no checkout of git, which says what is copied")
    names = listed.stdout.decode().split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def copy_tree(tree, changed):
    """Makes `tree` the working tree with some files changed; what is the same already stays as it is."""
    names = tracked_files()
    for name in names:
        target = tree / name
        data = changed[name].encode() if name in changed else (ROOT / name).read_bytes()
        if target.is_file() and target.read_bytes() == data:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        shutil.copymode(ROOT / name, target)
    kept = {tree / name for name in names}
    for path in [path for path in tree.rglob("*") if path.is_file() and path not in kept]:
        path.unlink()


def command(arguments, **options):
    """Runs a step of the build, silent unless it fails."""
    say("  " + " ".join(str(argument) for argument in arguments))
    result = subprocess.run([str(argument) for argument in arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, errors="replace", **options)
    if result.returncode != 0:
        raise Failure(f"{arguments[0]} failed:\n{result.stdout[-6000:]}")


def build(tree, binary, options):
    """The test executables of a tree with faults."""
    off = ["-DCOHORT_WERROR=OFF", "-DCOHORT_BUILD_EXAMPLES=OFF", "-DCOHORT_INSTALL=OFF"]
    command(["cmake", "--log-level=WARNING", "--preset", "dev", "-B", binary, *off,
             "-DCOHORT_TEST_FOLDERS=" + ";".join(options.folders), *options.cmake], cwd=tree)
    targets = [f"cohort_test_{folder}" for folder in options.folders]
    command(["cmake", "--build", binary, "--parallel", str(options.jobs), "--target", *targets])


def first_failure(output):
    """The name of the test case in which the first failure stands in Catch2's XML."""
    failed = FAILED.search(output)
    names = re.findall(r'<TestCase name="([^"]*)"', output[: failed.start()] if failed else output)
    return html.unescape(names[-1]) if names else "no test case"


def run(binary, test, number, timeout, met=None):
    """One test with one fault, or with none (0), up to its first failure."""
    environment = {"RC_PARAMS": "seed=1 noshrink=1"} | os.environ | {CHOICE: str(number)}
    environment.pop(PLACE_OF_MET, None)
    if met:
        environment[PLACE_OF_MET] = str(met)
    begin = time.monotonic()
    program = [binary / "tests" / f"cohort_test_{test}", "--abort", "--reporter", "xml"]
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        try:
            status = subprocess.run(program, cwd=binary, env=environment, timeout=timeout, stdout=output,
                                    stderr=subprocess.DEVNULL).returncode
        except subprocess.TimeoutExpired:
            status = None
        output.seek(0)
        text = output.read()
    seconds = time.monotonic() - begin
    if status == 0:
        return Outcome(test, "", seconds)
    how = f"timed out after {timeout:.0f} s" if status is None else "failed"
    if status is not None and status < 0:
        how = f"killed by {signal.Signals(-status).name}"
    return Outcome(test, f"{how}: {first_failure(text)}", seconds, text)


def without_fault(binary, folders, timeout):
    """{test: (its seconds, the faults it met)} of a run that must pass."""
    seen = {}
    for folder in folders:
        with tempfile.TemporaryDirectory() as place:
            met = pathlib.Path(place, "met")
            outcome = run(binary, folder, 0, timeout or None, met)
            if outcome.how:
                raise Failure(f"without any fault {folder} {outcome.how}\n{outcome.output[-3000:]}")
            numbers = set(map(int, met.read_text().split())) if met.is_file() else None
        say(f"  {folder}: {outcome.seconds:.1f} s without a fault")
        if numbers is None:
            raise Failure(f"{folder} did not say which faults it met")
        seen[folder] = outcome.seconds, numbers
    return seen


def with_fault(binary, fault, seen, options, number):
    """The tests that fail, those that take the least time first."""
    caught = []
    for test, (seconds, met) in sorted(seen.items(), key=lambda item: item[1][0]):
        if number and number not in met:
            continue
        outcome = run(binary, test, number, options.timeout or 10 + 10 * seconds)
        if outcome.how:
            caught.append(outcome)
            if options.quick:
                break
    return fault, caught


def judge(binary, faults, options):
    """{number: outcomes} of the faults that are switched at run time, several at a time."""
    seen = without_fault(binary, options.folders, options.timeout)
    results = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = [pool.submit(with_fault, binary, fault, seen, options, fault.number) for fault in faults]
        for done in concurrent.futures.as_completed(waiting):
            fault, caught = done.result()
            results[fault.number] = caught
            met = [test for test, (_, numbers) in seen.items() if fault.number in numbers]
            missed = "survives in " + " ".join(met) if met else "no test comes by"
            say(f"  [{len(results)}/{len(faults)}] {fault.number} {fault.file}: "
                + (f"{caught[0].test} {caught[0].how}" if caught else missed))
    return results, seen


def judge_apart(fault, seen, options):
    """The tests that fail with a fault that needs a build of its own."""
    place = options.build_dir / f"apart_{fault.number}"
    copy_tree(place / "tree", planted(ROOT, [fault], alone=True))
    build(place / "tree", place / "build", options)
    return with_fault(place / "build", fault, seen, options, 0)[1]


def table(faults, results):
    """Number, place, fault, who caught it. True where somebody caught each."""
    for fault in faults:
        caught = results[fault.number]
        by = f"caught by {len(caught)}: " + ", ".join(x.test for x in caught) if caught else "NOT CAUGHT"
        print(f"{fault.number:>3}  {fault.file}:{line_of(ROOT, fault)}  {fault.what}\n     {by}")
        for outcome in caught:
            print(f"       {outcome.test} {outcome.how}")
    count = sum(1 for fault in faults if results[fault.number])
    print(f"mutants: {count} of {len(faults)} caught")
    return count == len(faults)


def campaign(faults, options):
    """Copy, build, run without a fault, run with each."""
    together = [fault for fault in faults if not fault.apart]
    tree, binary = options.build_dir / "tree", options.build_dir / "build"
    copy_tree(tree, planted(ROOT, [fault for fault in read_list(LIST) if not fault.apart]))
    build(tree, binary, options)
    results, seen = judge(binary, together, options)
    for fault in faults:
        if fault.apart:
            results[fault.number] = judge_apart(fault, seen, options)
    if not options.keep:
        for place in (tree, binary, *options.build_dir.glob("apart_*")):
            shutil.rmtree(place)
    return table(faults, results)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="say what the faults are, and do nothing")
    parser.add_argument("--only", default="", help="numbers of faults, as 3,7")
    parser.add_argument("--folders", default=FOLDERS.replace(" ", ","), help="folders of tests, as formula,reward")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="compilers, and later faults, at a time")
    parser.add_argument("--quick", action="store_true", help="a fault is done with at the first test that fails")
    parser.add_argument("--keep", action="store_true", help="leave the copy and its build for the next time")
    parser.add_argument("--timeout", type=float, default=0, help="seconds of a test; 0: 10 and ten times those without")
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build/mutants")
    parser.add_argument("--cmake", action="append", default=[], help="an option of the configuration, --cmake=-DX=Y")
    parser.add_argument("--self-test", nargs="?", const="", metavar="COMPILER", help="check the list and the switch")
    options = parser.parse_args()
    options.folders = options.folders.replace(";", ",").split(",")
    options.build_dir = options.build_dir.resolve()
    return options


def main(options):
    if options.self_test is not None:
        import mutants_test
        return mutants_test.main(options.self_test)
    faults = read_list(LIST)
    numbers = {int(number) for number in options.only.split(",") if number}
    if numbers - {fault.number for fault in faults}:
        raise Stale(f"--only {options.only}: there are faults 1 to {len(faults)}")
    faults = [fault for fault in faults if not numbers or fault.number in numbers]
    if options.list:
        for fault in faults:
            print(f"{fault.number:>3}  {fault.file}:{line_of(ROOT, fault)}  {fault.what}")
        return 0
    return 0 if campaign(faults, options) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(arguments()))
    except (Stale, Failure) as problem:
        print(f"mutants: {problem}", file=sys.stderr)
        sys.exit(2)
