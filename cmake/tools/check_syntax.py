#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every file of a build, by its own flags, as far as warnings and errors go: no machine code. A tenth of a build's time.

    check_syntax.py BUILD_FOLDER [--except OTHER_BUILD_FOLDER] [--only EXPRESSION]

The file compile_commands.json of the folder says which files and flags. --except leaves out what the other build compiles
with the same definitions, and so warns of by itself. --only keeps the files whose path the regular expression is found in.
The front end of clang++ gives all of its warnings that way; g++ needs its optimiser for some.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys


def entries_of(folder):
    return json.loads((pathlib.Path(folder) / "compile_commands.json").read_text())


def command_of(entry):
    """The entry's command without its output, for the front end alone."""
    words = shlex.split(entry["command"])
    at = words.index("-o")
    return [*words[:at], *words[at + 2:], "-fsyntax-only"]


def identity(entry):
    """What the front end makes of a file depends on this: other flags choose machine code and checks at run time."""
    words = shlex.split(entry["command"])
    return entry["file"], *sorted({word for word in words if re.match(r"-[DU].|-std=|-fno-(exceptions|rtti)", word)})


def check(entry):
    done = subprocess.run(command_of(entry), cwd=entry["directory"], capture_output=True, text=True, check=False)
    return entry["file"], done.returncode, done.stdout + done.stderr


def check_all(entries):
    """How many the compiler refuses."""
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (file, code, output) in enumerate(pool.map(check, entries), 1):
            print(f"[{number}/{len(entries)}] {os.path.relpath(file)}{'' if code == 0 else ': refused'}", flush=True)
            if output:
                print("\n".join(output.splitlines()[:40]), flush=True)
            failures += code != 0
    return failures


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--except", dest="other")
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    found = [entry for entry in entries_of(given.folder) if re.search(given.only, entry["file"])]
    elsewhere = {identity(entry) for entry in entries_of(given.other)} if given.other else set()
    entries = [entry for entry in found if identity(entry) not in elsewhere]
    failures = check_all(entries)
    print(f"{len(entries)} files, {failures} refused" + (f"; {len(found) - len(entries)} left to {given.other}" if given.other else ""))
    return 1 if failures or not found else 0


if __name__ == "__main__":
    sys.exit(main())
