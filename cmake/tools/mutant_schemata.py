# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Faults compiled in, all of them at once: what a fault is, where its text stands, and the switch that turns it on.

A fault's text becomes (::cohort_mutant(7) ? (fault) : (text)), so one build holds every fault and a run has at most
one of them, that which the environment names. In constant evaluation none is on.
"""
import dataclasses
import pathlib
import re

HEADERS = "include/cohort"
CONFIG = f"{HEADERS}/detail/config.hpp"
CHOICE, PLACE_OF_MET = "COHORT_MUTANT", "COHORT_MUTANTS_MET"

SWITCH = """
// Planted by cmake/tools/mutants.py: which fault is on, and which of them a run met.
#include <cstdio>
#include <cstdlib>
#include <type_traits>
inline int cohort_mutant_on = 0;
inline bool cohort_mutant_met[@COUNT@ + 1] = {};
constexpr bool cohort_mutant(int number) noexcept {
  if (std::is_constant_evaluated()) return false;
  if (!cohort_mutant_met[number]) cohort_mutant_met[number] = true;
  return cohort_mutant_on == number;
}
// Before everything else in the program, initialisation of static objects included.
[[gnu::constructor(101)]] static void cohort_choose_mutant() {
  char const* const choice = std::getenv("@CHOICE@");
  cohort_mutant_on = choice ? std::atoi(choice) : 0;
}
inline bool cohort_mutant_met_listed = false;
[[gnu::destructor(101)]] static void cohort_list_mutants_met() {
  char const* const place = std::getenv("@PLACE_OF_MET@");
  if (!place || cohort_mutant_met_listed) return;
  cohort_mutant_met_listed = true;
  std::FILE* const file = std::fopen(place, "w");
  if (!file) return;
  for (int i = 0; i <= @COUNT@; ++i)
    if (cohort_mutant_met[i]) std::fprintf(file, "%d\\n", i);
  std::fclose(file);
}
"""


class Stale(Exception):
    """The list and the tree do not fit; the message names the fault, its file and its text."""


@dataclasses.dataclass
class Fault:
    number: int
    file: str
    what: str = ""
    text: str = ""
    after: str = ""
    fault: str = ""
    as_: str = ""
    apart: str = ""

    def switched(self, found):
        """What takes the place of `found` where faults are chosen at run time."""
        on = f"::cohort_mutant({self.number})"
        return self.as_.replace("{on}", on) if self.as_ else f"({on} ? ({self.fault}) : ({found}))"

    def alone(self):
        """The same where this fault is the only one, and always on."""
        return self.as_.replace("{on}", "true") if self.as_ else self.fault


def read_list(path):
    """The faults of a list, in its order."""
    faults = []
    for number, line in enumerate(pathlib.Path(path).read_text(encoding="utf-8").splitlines(), 1):
        head = re.fullmatch(r"(\d+) (\S+)", line)
        entry = re.fullmatch(r"(what|text|after|fault|as|apart)\s+(.*)", line)
        if head:
            faults.append(Fault(int(head[1]), head[2]))
        elif entry and faults:
            setattr(faults[-1], "as_" if entry[1] == "as" else entry[1], entry[2])
        elif line and not line.startswith("#"):
            raise Stale(f"{path}:{number}: neither a fault's head nor one of its lines: {line}")
    numbers = [fault.number for fault in faults]
    if numbers != list(range(1, len(numbers) + 1)):
        raise Stale(f"{path}: faults are numbered 1, 2, 3 ... in their order")
    for fault in faults:
        if not (fault.what and fault.text and bool(fault.fault) != bool(fault.as_)):
            raise Stale(f"{path}: fault {fault.number} has a what, a text, and either a fault or an as")
        if fault.fault.split() == fault.text.split() or (fault.as_ and "{on}" not in fault.as_):
            raise Stale(f"{path}: fault {fault.number} changes nothing")
    return faults


def pattern_of(text):
    """A text, whatever blanks and line ends stand between its words."""
    return re.compile(r"\s+".join(re.escape(word) for word in text.split()))


def place_of(fault, source):
    """Where a fault's text stands in its file: (first, behind the last)."""
    where = f"fault {fault.number}: {HEADERS}/{fault.file}"
    start = 0
    if fault.after:
        anchors = list(pattern_of(fault.after).finditer(source))
        if len(anchors) != 1:
            raise Stale(f"{where}: {len(anchors)} times instead of once: {fault.after}")
        start = anchors[0].end()
    found = list(pattern_of(fault.text).finditer(source, start))
    if not found or (len(found) > 1 and not fault.after):
        raise Stale(f"{where}: {len(found)} times instead of once: {fault.text}")
    return found[0].span()


def line_of(root, fault):
    """The line on which a fault's text begins."""
    source = (pathlib.Path(root) / HEADERS / fault.file).read_text(encoding="utf-8")
    return source.count("\n", 0, place_of(fault, source)[0]) + 1


def plant_in(source, faults, alone=False):
    """The text of a file with the faults that belong to it."""
    places = sorted((place_of(fault, source), fault.number, fault) for fault in faults)
    for (first, one, _), (second, other, _) in zip(places, places[1:]):
        if second[0] < first[1]:
            raise Stale(f"faults {one} and {other} overlap in {HEADERS}/{faults[0].file}")
    for (begin, end), _, fault in reversed(places):
        text = fault.alone() if alone else fault.switched(source[begin:end])
        source = source[:begin] + text + source[end:]
    return source


def planted(root, faults, alone=False):
    """{path below root: its text with faults}: the headers that faults stand in, and the one with the switch."""
    changed = {}
    for file in sorted({fault.file for fault in faults}):
        path = pathlib.Path(root, HEADERS, file)
        if not path.is_file():
            raise Stale(f"{HEADERS}/{file}: no such header")
        here = [fault for fault in faults if fault.file == file]
        changed[f"{HEADERS}/{file}"] = plant_in(path.read_text(encoding="utf-8"), here, alone)
    if not alone:
        config = changed.get(CONFIG) or pathlib.Path(root, CONFIG).read_text(encoding="utf-8")
        changed[CONFIG] = config.replace("#pragma once\n", "#pragma once\n" + switch(faults), 1)
    return changed


def switch(faults):
    """The text of the switch for so many faults."""
    text = SWITCH.replace("@COUNT@", str(max(fault.number for fault in faults)))
    return text.replace("@CHOICE@", CHOICE).replace("@PLACE_OF_MET@", PLACE_OF_MET)
