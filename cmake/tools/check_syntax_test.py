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
DEFINED = "#ifdef OTHER\n" + WARNED + "#endif\n"


def build(folder, sources, flags=""):
    """A folder with the commands that compile these sources."""
    folder.mkdir(exist_ok=True)
    entries = []
    for name, text in sources.items():
        source = folder.parent / name
        source.write_text(text)
        command = f"{sys.argv[1]} -std=c++20 -Wall -Wextra -Werror {flags} -o {name}.o -c {source}"
        entries.append({"directory": str(folder), "command": command, "file": str(source)})
    (folder / "compile_commands.json").write_text(json.dumps(entries))
    return folder


def run(folder, *options):
    """The exit status and output for a build; nothing may be compiled."""
    done = subprocess.run([sys.executable, CHECK, folder, *options], capture_output=True, text=True, check=False)
    assert not list(folder.glob("*.o")), "machine code was written"
    return done.returncode, done.stdout


def expect(found, status, sentence):
    assert found[0] == status and sentence in found[1], (found, status, sentence)


def main():
    cases = [({"good.cpp": GOOD}, 0, "1 files, 0 refused"), ({"good.cpp": GOOD, "wrong.cpp": WRONG}, 1, "wrong.cpp: refused"),
             ({"warned.cpp": WARNED, "good.cpp": GOOD}, 1, "warned.cpp: refused"), ({}, 1, "0 files")]
    for sources, status, sentence in cases:
        with tempfile.TemporaryDirectory() as root:
            expect(run(build(pathlib.Path(root) / "build", sources)), status, sentence)
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        one = build(root / "one", {"good.cpp": GOOD, "defined.cpp": DEFINED}, "-DOTHER")
        other = build(root / "other", {"good.cpp": GOOD, "defined.cpp": DEFINED}, "-O1 -DOTHER")
        plain = build(root / "plain", {"good.cpp": GOOD, "defined.cpp": DEFINED})
        expect(run(one), 1, "2 files, 1 refused")
        expect(run(one, "--except", other), 0, "0 files, 0 refused; 2 left to")
        expect(run(one, "--except", plain), 1, "2 files, 1 refused; 0 left to")  # other definitions, other code
        expect(run(one, "--only", "good"), 0, "1 files, 0 refused")
        expect(run(one, "--only", "nothing"), 1, "0 files")
    print(f"check_syntax: {len(cases) + 5} builds judged rightly")


if __name__ == "__main__":
    main()
