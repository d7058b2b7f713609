"""On what machine, with which versions and when: printed above every table."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

INSTRUCTION_SETS = ("avx", "avx2", "fma", "avx512f", "asimd", "sve")


def describe(root: Path) -> dict[str, str]:
    """Keys in the order in which they are printed."""
    cpu = _cpu()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{cpu['name']}, {os.cpu_count()} logical cores, {cpu['sets']}",
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": load(),
        "foldin": _commit(root),
        "rustc": first_line(["rustc", "--version"]),
        "c++": first_line(["g++", "--version"]),
        "python": platform.python_version(),
    }


def load() -> str:
    """The load average: beyond zero at the start somebody else is at work, and only ratios count."""
    if not hasattr(os, "getloadavg"):
        return "unknown"
    return f"{os.getloadavg()[0]:.2f}"


def first_line(command: list[str], cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "not found"
    return (done.stdout.splitlines() or [""])[0]


def _commit(root: Path) -> str:
    commit = first_line(["git", "rev-parse", "--short", "HEAD"], root)
    changed = first_line(["git", "status", "--porcelain", "--untracked-files=no"], root)
    return commit if changed in ("", "not found") else f"{commit} with changes"


def _cpu() -> dict[str, str]:
    fields = {}
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            name, _, value = line.partition(":")
            fields.setdefault(name.strip(), value.strip())
    flags = (fields.get("flags") or fields.get("Features") or "").split()
    sets = [name for name in INSTRUCTION_SETS if name in flags]
    return {"name": fields.get("model name", platform.processor() or "unknown"), "sets": " ".join(sets)}


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return "unknown"
    return f"{size / 2**30:.1f} GiB"
