#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Every file of a build, by its own flags, as far as warnings and errors go: no machine code. A tenth of a build's time.

    check_syntax.py BUILD_FOLDER     BUILD_FOLDER/compile_commands.json says which files and flags

The front end of clang++ gives all of its warnings that way; g++ needs its optimiser for some.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys


def command_of(entry):
    """The entry's command without its output, for the front end alone."""
    words = shlex.split(entry["command"])
    at = words.index("-o")
    return [*words[:at], *words[at + 2:], "-fsyntax-only"]


def check(entry):
    done = subprocess.run(command_of(entry), cwd=entry["directory"], capture_output=True, text=True, check=False)
    return entry["file"], done.returncode, done.stdout + done.stderr


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    entries = json.loads((pathlib.Path(sys.argv[1]) / "compile_commands.json").read_text())
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (file, code, output) in enumerate(pool.map(check, entries), 1):
            print(f"[{number}/{len(entries)}] {os.path.relpath(file)}{'' if code == 0 else ': refused'}", flush=True)
            if output:
                print("\n".join(output.splitlines()[:40]), flush=True)
            failures += code != 0
    print(f"{len(entries)} files, {failures} refused")
    return 1 if failures or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
