# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What mutants.py --self-test does: the list against the tree, and the planting and the switch on a made-up tree."""
import os
import pathlib
import subprocess
import tempfile

import mutant_schemata as schemata
import mutants

LEAST = {"formula": 8, "advantage": 9, "objective": 9, "gradient": 8, "reward": 6}

LIST = """# A comment.
1 core/sum.hpp
what   a comparison is flipped
text   x < y
fault  y < x

2 core/sum.hpp
what   a step is left out
after  void second
text   total += 1;
as     if (!({on})) total += 1;

3 core/more.hpp
what   a bound is one too low
text   n   - 1
fault  n - 2
"""
SUM = """#pragma once
#include <cohort/detail/config.hpp>
constexpr bool before(int x, int y) { return x < y; }
inline void first(int& total) { total += 1; }
inline void second(int& total) { total += 1; }
"""
MORE = "constexpr int last(int n) { return n -\n    1; }\n"
TREE = {"detail/config.hpp": "#pragma once\n", "core/sum.hpp": SUM,
        "core/more.hpp": "#pragma once\n#include <cohort/detail/config.hpp>\n" + MORE}

PLANTED_SUM = SUM.replace("x < y;", "(::cohort_mutant(1) ? (y < x) : (x < y));").replace(
    "second(int& total) { total += 1; }", "second(int& total) { if (!(::cohort_mutant(2))) total += 1; }")

BAD_LISTS = [
    (("x < y\n", "x > y\n"), "fault 1: include/cohort/core/sum.hpp: 0 times instead of once: x > y"),
    (("after  void second\n", ""), "fault 2: include/cohort/core/sum.hpp: 2 times instead of once: total += 1;"),
    (("void second", "void third"), "fault 2: include/cohort/core/sum.hpp: 0 times instead of once: void third"),
    (("void second", "int& total"), "fault 2: include/cohort/core/sum.hpp: 2 times instead of once: int& total"),
    (("core/more", "core/none"), "include/cohort/core/none.hpp: no such header"),
    (("fault  y < x\n", ""), "fault 1 has a what, a text, and either a fault or an as"),
    (("fault  y < x", "fault  x  <  y"), "fault 1 changes nothing"),
    (("{on}", "on"), "fault 2 changes nothing"),
    (("3 core", "4 core"), "numbered 1, 2, 3"),
    (("what   a bound", "when   a bound"), "neither a fault's head nor one of its lines"),
    (("3 core/more.hpp\nwhat   a bound is one too low\ntext   n   - 1",
      "3 core/sum.hpp\nwhat   a bound is one too low\ntext   return x < y"), "faults 3 and 1 overlap"),
]

PROGRAM = """#include <cohort/core/sum.hpp>
#include <cohort/core/more.hpp>
#include <cstdio>
static_assert(before(1, 2) && last(5) == 4);
int read_early() { return last(5); }
int const early = read_early();
int main(int argc, char**) {
  int total = 0;
  first(total), second(total);
  std::printf("%d %d %d", int(before(argc, 2)), total, early);
}
"""
SAID = {0: "1 2 4", 1: "0 2 4", 2: "1 1 4", 3: "1 2 3"}


def write(root, files):
    for name, text in files.items():
        path = pathlib.Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def faults_of(root, text):
    write(root, {"list.txt": text})
    return schemata.read_list(pathlib.Path(root, "list.txt"))


def check_list():
    """The list names faults that stand in the tree, enough of them in each folder."""
    faults = schemata.read_list(mutants.LIST)
    schemata.planted(mutants.ROOT, faults)
    for folder, least in LEAST.items():
        found = sum(fault.file.startswith(folder + "/") for fault in faults)
        assert found >= least, f"{folder}: {found} faults, fewer than {least}"
    return len(faults)


def check_planting(root):
    faults = faults_of(root, LIST)
    changed = schemata.planted(root, faults)
    assert changed["include/cohort/core/sum.hpp"] == PLANTED_SUM, changed["include/cohort/core/sum.hpp"]
    assert "return (::cohort_mutant(3) ? (n - 2) : (n -\n    1));" in changed["include/cohort/core/more.hpp"]
    assert changed[schemata.CONFIG].startswith("#pragma once\n") and "met[3 + 1]" in changed[schemata.CONFIG]
    assert schemata.line_of(root, faults[1]) == 5
    alone = schemata.planted(root, faults[1:2], alone=True)
    assert list(alone.values()) == [SUM.replace("second(int& total) { ", "second(int& total) { if (!(true)) ")], alone


def check_bad_lists(root):
    for (old, new), sentence in BAD_LISTS:
        assert LIST.count(old) == 1, old
        try:
            schemata.planted(root, faults_of(root, LIST.replace(old, new)))
            said = None
        except schemata.Stale as problem:
            said = str(problem)
        assert said and sentence in said, f"{new!r} gives {said}, not {sentence}"


def check_switch(root, compiler):
    """The made-up tree compiled: the environment chooses, constants stay, what was met is written down."""
    write(root, schemata.planted(root, faults_of(root, LIST)) | {"main.cpp": PROGRAM})
    program, met = pathlib.Path(root, "program"), pathlib.Path(root, "met")
    subprocess.run([compiler, "-std=c++20", f"-I{root}/include", f"{root}/main.cpp", "-o", program], check=True)
    for number, sentence in SAID.items():
        environment = os.environ | {schemata.CHOICE: str(number), schemata.PLACE_OF_MET: str(met)}
        said = subprocess.run([program], env=environment, capture_output=True, text=True, check=True).stdout
        assert said == sentence, f"fault {number}: {said}"
        assert met.read_text().split() == ["1", "2", "3"], met.read_text()


def check_reports():
    passed = '<TestCase name="one"><OverallResult success="true"/></TestCase>'
    failed = '<TestCase name="two &lt; 3"><Expression success="false" type="CHECK">'
    killed = '<TestCase name="three"><FatalErrorCondition filename="x.cpp">'
    assert mutants.first_failure(passed + failed + killed) == "two < 3"
    assert mutants.first_failure(passed + killed + failed) == "three"
    assert mutants.first_failure(passed + '<TestCase name="cut') == "one"
    assert mutants.first_failure("") == "no test case"


def check_runs(root):
    """Programs that pass, fail, die and do not end, as tests."""
    wrong = "echo '<TestCase name=\"two\"><Failure>'; "
    says = {"exit 0": "", f"{wrong} exit 1": "failed: two", f"{wrong} kill -SEGV $$": "killed by SIGSEGV: two",
            f"{wrong} exec sleep 60": "timed out after 1 s: two", f"test ${schemata.CHOICE} = 7": ""}
    program = pathlib.Path(root, "tests", "cohort_test_made_up")
    for script, how in says.items():
        write(root, {"tests/cohort_test_made_up": f"#!/bin/sh\n{script}\n"})
        program.chmod(0o755)
        outcome = mutants.run(pathlib.Path(root), "made_up", 7, 1)
        assert outcome.how == how, f"{script}: {outcome.how}"


def main(compiler):
    count = check_list()
    check_reports()
    with tempfile.TemporaryDirectory() as root:
        write(root, {f"include/cohort/{name}": text for name, text in TREE.items()})
        check_planting(root)
        check_bad_lists(root)
        check_runs(root)
        if compiler:
            check_switch(root, compiler)
    print(f"mutants_test: {count} faults stand in the tree, {len(BAD_LISTS)} lists judged as they should be")
    return 0
