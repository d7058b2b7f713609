"""Fetches and builds whoever takes part, by name, into `.peers/` and `target/`.

Nobody's failure stops the others: it becomes the reason in that peer's row.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOM = Path(__file__).resolve().parent.parent
PEERS = ROOM / ".peers"
TARGET = ROOM / "target"
PYTHON = PEERS / "python" / "bin" / "python"

# One entry per Python peer: what to ask pip for.
WHEELS = {
    "surprise": "scikit-surprise==1.1.5",
    "cornac": "cornac==3.0.1",
    "myfm": "myfm==0.4.0",
}
# The flags of libmf's own Makefile: this machine's instructions (AVX where there is AVX) and OpenMP.
LIBMF_FLAGS = "-O3 -march=native -pthread -DUSEOMP -fopenmp"
LIBMF_VERSION = "0.4.0"


@dataclass(frozen=True)
class Ready:
    """Somebody who can take part: how to start them, and who they are."""

    command: list[str]
    version: str


@dataclass(frozen=True)
class Missing:
    """Somebody who cannot, and why."""

    reason: str


def python_peer(name: str) -> Ready | Missing:
    """One of `WHEELS`, in a virtual environment of the room."""
    if not PYTHON.exists():
        failure = _run([sys.executable, "-m", "venv", str(PEERS / "python")])
        if failure:
            return Missing(f"venv: {failure}")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"]
    failure = _run([*pip, WHEELS[name]])
    if failure:
        return Missing(f"pip install {WHEELS[name]}: {failure}")
    return Ready([str(PYTHON), str(ROOM / "peers" / "python" / f"{name}_peer.py")], WHEELS[name].replace("==", " "))


def libmf() -> Ready | Missing:
    """The C++ library that the crate `libmf` carries, compiled for this very machine."""
    manifest = ROOM / "peers" / "libmf" / "Cargo.toml"
    failure = _cargo(manifest, "libmf", [], {"CXXFLAGS": LIBMF_FLAGS})
    if failure:
        return Missing(failure)
    program = TARGET / "libmf" / "release" / "compare-libmf"
    return Ready([str(program)], f"libmf {LIBMF_VERSION} ({LIBMF_FLAGS})")


def ours(binary: str) -> Ready | Missing:
    """One driver of foldin: `biased-mf` or `item-knn`."""
    failure = _cargo(ROOM / "ours" / "Cargo.toml", "ours", ["--bin", binary], {})
    if failure:
        return Missing(failure)
    return Ready([str(TARGET / "ours" / "release" / binary)], "this checkout")


def _cargo(manifest: Path, folder: str, extra: list[str], environment: dict[str, str]) -> str | None:
    command = ["cargo", "build", "--quiet", "--release", "--manifest-path", str(manifest)]
    return _run([*command, "--target-dir", str(TARGET / folder), *extra], environment)


def _run(command: list[str], environment: dict[str, str] | None = None) -> str | None:
    """None, or the line of the output that says what went wrong."""
    try:
        done = subprocess.run(command, env={**os.environ, **(environment or {})}, capture_output=True, text=True)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith("error")] or lines[-1:] or ["no output"]
    return f"{telling[0]} (exit code {done.returncode})"
