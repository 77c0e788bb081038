# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Puts PyTorch, numpy, TRL and Liger into the virtual environment that runs this: install.py VERSION

First PyTorch with its pure Python dependencies only. A build for GPUs does not load without NVIDIA's libraries even where
only the CPU is used: then those follow, about 2 GB. Triton, which only GPUs use, never does. pip's own settings hold:
an index with builds for CPUs alone (PIP_INDEX_URL) spares the 2 GB. TRL and Liger come without their dependencies: what
is compared of them needs PyTorch alone. Without them the comparison goes on.
"""
import importlib.metadata
import re
import subprocess
import sys

HEAVY = re.compile(r"nvidia|cuda|triton")
UNUSED = re.compile(r"triton|cuda-bindings")


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    # With parts of PyTorch's requirements left out, pip would call the rest of them conflicts every time.
    told = subprocess.run([*command, *arguments], stderr=subprocess.PIPE, text=True)
    if told.returncode:
        sys.exit(told.stderr)


def optional(*packages):
    for package in packages:
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", package]
        if subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
            print(f"peers: {package} is not to be had: left out", flush=True)


def requirements(wanted):
    listed = importlib.metadata.requires("torch") or []
    return [line for line in listed if "extra ==" not in line and wanted(line)]


def loads():
    return subprocess.run([sys.executable, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode == 0


def main():
    print(f"peers: installing torch {sys.argv[1]} and numpy from pip's index", flush=True)
    pip("--no-deps", f"torch=={sys.argv[1]}")
    pip("numpy", *requirements(lambda line: not HEAVY.search(line)))
    if not loads():
        print("peers: this build of torch is one for GPUs: installing the libraries it loads, about 2 GB", flush=True)
        pip(*requirements(lambda line: HEAVY.search(line) and not UNUSED.search(line)))
    if not loads():
        sys.exit("peers: torch does not load: " + subprocess.run(
            [sys.executable, "-c", "import torch"], stderr=subprocess.PIPE, text=True).stderr.strip().splitlines()[-1])
    optional("trl>=1.16,<2", "liger-kernel>=0.8.5,<1")


main()
