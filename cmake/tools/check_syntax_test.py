# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Feeds check_syntax.py builds whose files a compiler takes, refuses and warns of; argument: the compiler."""
import json
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).with_name("check_syntax.py")
GOOD = "template <class T>\nT twice(T x) { return x + x; }\nint four() { return twice(2); }\n"
WRONG = GOOD + "int none() { return twice(nullptr); }\n"  # only in an instantiation
WARNED = "int size(unsigned n) { int size = 0; if (n > size) ++size; return size; }\n"


def run(folder, sources):
    """The exit status and output for a build of these sources; nothing may be compiled."""
    entries = []
    for name, text in sources.items():
        (folder / name).write_text(text)
        command = f"{sys.argv[1]} -std=c++20 -Wall -Wextra -Werror -o {name}.o -c {name}"
        entries.append({"directory": str(folder), "command": command, "file": str(folder / name)})
    (folder / "compile_commands.json").write_text(json.dumps(entries))
    done = subprocess.run([sys.executable, CHECK, folder], capture_output=True, text=True, check=False)
    assert not list(folder.glob("*.o")), "machine code was written"
    return done.returncode, done.stdout


def main():
    cases = [({"good.cpp": GOOD}, 0, "1 files, 0 refused"), ({"good.cpp": GOOD, "wrong.cpp": WRONG}, 1, "wrong.cpp: refused"),
             ({"warned.cpp": WARNED, "good.cpp": GOOD}, 1, "warned.cpp: refused"), ({}, 1, "0 files")]
    for sources, status, sentence in cases:
        with tempfile.TemporaryDirectory() as folder:
            found, output = run(pathlib.Path(folder), sources)
            assert found == status and sentence in output, (sources.keys(), found, output)
    print(f"check_syntax: {len(cases)} builds judged rightly")


if __name__ == "__main__":
    main()
