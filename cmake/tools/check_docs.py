# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks README.md and docs/**/*.md. Usage: check_docs.py ROOT

A fenced block whose info string says file=PATH is that file, verbatim, without its SPDX line; with region=NAME, what
stands there between the lines `// [NAME]` and `// [end]`, less its indentation. Relative links lead to files, and
their anchors to headings. Every violation is one line: file, line, rule.
"""
import pathlib
import re
import sys
import textwrap

SPDX = "SPDX-License-Identifier"


def source_of(root, path, region):
    """The lines a block must consist of, and what is wrong with asking for them."""
    file = root / path
    if not file.is_file():
        return None, f"{path}: no such file"
    lines = file.read_text(encoding="utf-8").splitlines()
    if not region:
        return [line for line in lines if SPDX not in line], None
    begins = [i for i, line in enumerate(lines) if line.strip() == f"// [{region}]"]
    if len(begins) != 1:
        return None, f"{path}: {len(begins)} regions named {region}"
    ends = [i for i, line in enumerate(lines) if line.strip() == "// [end]" and i > begins[0]]
    if not ends:
        return None, f"{path}: region {region} has no end"
    return textwrap.dedent("\n".join(lines[begins[0] + 1 : ends[0]])).splitlines(), None


def check_block(root, info, lines):
    fields = dict(field.split("=", 1) for field in info.split()[1:] if "=" in field)
    if "file" not in fields:
        return None
    expected, problem = source_of(root, fields["file"], fields.get("region"))
    if problem:
        return problem
    strip = lambda text: "\n".join(line.rstrip() for line in text).strip("\n")
    return None if strip(lines) == strip(expected) else f"block differs from {fields['file']}"


def prose_and_blocks(lines):
    """The prose, with lines of code left empty, and the blocks: (line number, info string, lines)."""
    prose, blocks, block = [], [], None
    for number, line in enumerate(lines, 1):
        fence = re.match(r"\s*```(.*)", line)
        if fence and block is None:
            block = (number, fence[1].strip(), [])
        elif fence:
            blocks.append(block)
            block = None
        elif block:
            block[2].append(line)
        prose.append("" if block or fence else line)
    return prose, blocks, block


def anchors(path):
    prose, _, _ = prose_and_blocks(path.read_text(encoding="utf-8").splitlines())
    titles = (re.match(r"#+ (.*)", line) for line in prose)
    return {re.sub(r"[^\w\- ]", "", title[1].lower()).replace(" ", "-") for title in titles if title}


def check_link(root, path, target):
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    file = (path.parent / name).resolve() if name else path
    if not file.exists() or not file.is_relative_to(root):
        return f"link to {target}: no such file"
    if anchor and anchor not in anchors(file):
        return f"link to {target}: no such heading"
    return None


def check_file(root, path):
    prose, blocks, unclosed = prose_and_blocks(path.read_text(encoding="utf-8").splitlines())
    if unclosed:
        yield unclosed[0], "fence is never closed"
    for number, info, lines in blocks:
        if problem := check_block(root, info, lines):
            yield number, problem
    for number, line in enumerate(prose, 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if problem := check_link(root, path, target):
                yield number, problem


def main(root):
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    problems = [f"{page.relative_to(root)}:{line}: {what}" for page in pages for line, what in check_file(root, page)]
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"check_docs: {len(problems)} violations" if problems else "check_docs: blocks and links are in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
