"""What the peers of implicit feedback do alike: events in, seconds per iteration and factors out."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import common
import numpy as np
from scipy.sparse import csr_matrix


def arguments(**extra) -> argparse.Namespace:
    """Those of `common.arguments`, how large, how long, and where factors go: with `--export DIR` those
    after each epoch of `--export-at` are written as `DIR/users-EPOCH.f32` and `DIR/items-EPOCH.f32`."""
    return common.arguments(
        factors=(int, 64), epochs=(int, 16), seed=(int, 1), export=(str, ""), export_at=(str, ""), **extra
    )


def matrix(split: common.Split) -> csr_matrix:
    """Users by items, 1 where there is an event."""
    train = split.train
    ones = np.ones(len(train.users), dtype=np.float32)
    return csr_matrix((ones, (train.users, train.items)), shape=(split.n_users, split.n_items))


class Watch:
    """Times iterations; what it writes between them is in nobody's time."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.folder = Path(args.export) if args.export else None
        self.at = {int(epoch) for epoch in args.export_at.split(",") if epoch}
        self.seconds = []
        self.aside = 0.0
        self.base = _start_of_peak()
        self.start = time.perf_counter()

    def iteration(self, seconds: float, factors: Callable[[], tuple[np.ndarray, np.ndarray]]) -> None:
        """`factors` gives users and items; it may copy them, and is asked only where they are wanted."""
        self.seconds.append(seconds)
        epoch = len(self.seconds)
        if self.folder is not None and epoch in self.at:
            begin = time.perf_counter()
            for name, rows in zip(("users", "items"), factors()):
                np.ascontiguousarray(rows, dtype="<f4").tofile(self.folder / f"{name}-{epoch}.f32")
            self.aside += time.perf_counter() - begin

    def report(self) -> None:
        """The whole fit, its iterations, and how much memory it needed beside that of the data."""
        fit = time.perf_counter() - self.start - self.aside
        peak = _status("VmHWM")
        out = {"epochs": len(self.seconds), "fit_seconds": fit, "iteration_seconds": self.seconds}
        print(json.dumps({**out, "peak_mib": peak, "grown_mib": peak - self.base}))


def _start_of_peak() -> float:
    """Forgets the peak of resident memory so far and returns what is resident now, in MiB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"/proc/self/status: {name} is missing")
