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
    "smurff": "smurff==1.1",
    "implicit": "implicit==0.7.3",
    "irspack": "irspack==0.5.2",
    "faiss": "faiss-cpu==1.15.1",
    "numpy": "numpy==2.4.6",
}
# Beside numpy, for the scripts that judge.
JUDGE = ("scipy==1.17.1", "threadpoolctl==3.8.0")
# The newest irspack that comes with its sources, to be compiled for this very machine.
IRSPACK_SOURCE = "irspack==0.3.1"
IRSPACK_FLAGS = "-O3 -march=native"
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


def python_peer(name: str, script: str | None = None) -> Ready | Missing:
    """One of `WHEELS`, in a virtual environment of the room, driven by `script`, or by the one of its name."""
    failure = _venv("python") or _pip("python", [WHEELS[name]])
    if failure:
        return Missing(failure)
    return Ready([str(PYTHON), _script(script or f"{name}_peer")], WHEELS[name].replace("==", " "))


def judge(script: str) -> Ready | Missing:
    """A script that judges everybody, or makes what everybody reads."""
    failure = _venv("python") or _pip("python", [WHEELS["numpy"], *JUDGE])
    return Missing(failure) if failure else Ready([str(PYTHON), _script(script)], WHEELS["numpy"].replace("==", " "))


def irspack_native() -> Ready | Missing:
    """irspack compiled with this machine's instructions; its wheel has AVX at most."""
    eigen = _eigen()
    if isinstance(eigen, Missing):
        return eigen
    flags = {"CFLAGS": IRSPACK_FLAGS, "CXXFLAGS": IRSPACK_FLAGS, "EIGEN3_INCLUDE_DIR": str(eigen)}
    wanted = ["--no-binary", "irspack", IRSPACK_SOURCE]
    failure = _venv("native") or _pip("native", wanted, flags)
    if failure:
        return Missing(failure)
    python = PEERS / "native" / "bin" / "python"
    return Ready([str(python), _script("irspack_peer")], f"{IRSPACK_SOURCE.replace('==', ' ')} ({IRSPACK_FLAGS})")


def _eigen() -> Path | Missing:
    """The headers that irspack's sources include: the system's, or Debian's package unpacked here."""
    installed = Path("/usr/include/eigen3")
    if installed.exists():
        return installed
    folder = PEERS / "eigen"
    if not (folder / "usr" / "include" / "eigen3").exists():
        folder.mkdir(parents=True, exist_ok=True)
        failure = _run(["apt-get", "download", "libeigen3-dev"], cwd=folder)
        packages = sorted(folder.glob("libeigen3-dev_*.deb"))
        failure = failure or (_run(["dpkg", "-x", str(packages[0]), str(folder)]) if packages else "no package came")
        if failure:
            return Missing(f"Eigen's headers (Debian's libeigen3-dev): {failure}")
    return folder / "usr" / "include" / "eigen3"


def _venv(name: str) -> str | None:
    if (PEERS / name / "bin" / "python").exists():
        return None
    failure = _run([sys.executable, "-m", "venv", str(PEERS / name)])
    return failure and f"venv: {failure}"


def _pip(venv: str, wanted: list[str], environment: dict[str, str] | None = None) -> str | None:
    python = str(PEERS / venv / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"]
    failure = _run([*pip, *wanted], environment)
    return failure and f"pip install {wanted[-1]}: {failure}"


def _script(name: str) -> str:
    return str(ROOM / "peers" / "python" / f"{name}.py")


def libmf() -> Ready | Missing:
    """The C++ library that the crate `libmf` carries, compiled for this very machine."""
    manifest = ROOM / "peers" / "libmf" / "Cargo.toml"
    failure = _cargo(manifest, "libmf", [], {"CXXFLAGS": LIBMF_FLAGS})
    if failure:
        return Missing(failure)
    program = TARGET / "libmf" / "release" / "compare-libmf"
    return Ready([str(program)], f"libmf {LIBMF_VERSION} ({LIBMF_FLAGS})")


def ours(binary: str) -> Ready | Missing:
    """One driver of foldin: a name of `ours/src/bin`."""
    failure = _cargo(ROOM / "ours" / "Cargo.toml", "ours", ["--bin", binary], {})
    if failure:
        return Missing(failure)
    return Ready([str(TARGET / "ours" / "release" / binary)], "this checkout")


def _cargo(manifest: Path, folder: str, extra: list[str], environment: dict[str, str]) -> str | None:
    command = ["cargo", "build", "--quiet", "--release", "--manifest-path", str(manifest)]
    return _run([*command, "--target-dir", str(TARGET / folder), *extra], environment)


def _run(command: list[str], environment: dict[str, str] | None = None, cwd: Path | None = None) -> str | None:
    """None, or the line of the output that says what went wrong."""
    try:
        environment = {**os.environ, **(environment or {})}
        done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    if done.returncode == 0:
        return None
    lines = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
    telling = [line for line in lines if line.lower().startswith("error")] or lines[-1:] or ["no output"]
    return f"{telling[0]} (exit code {done.returncode})"
