"""Splits of events without ratings, in the layout of `split.py` with every value 1."""

import random
import sys
from array import array
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from .race import answer
from .split import Split, bytes_of, describe, read_ratings

TEST_SHARE = 0.2
LIKED = 4.0
GENERATED = {"users": 30_000, "items": 10_000, "ratings": 3_000_000, "least": LIKED}

Rows = list[list[int]]


def gowalla(data: Path, folder: Path, seed: int, validation: bool = False) -> Split:
    """The LightGCN split as its publishers made it; it has no seed but for the validation part."""
    return _make(folder, "gowalla", seed, validation, lambda: _adjacency(data / "gowalla"))


def ml_1m(data: Path, folder: Path, seed: int, validation: bool = False) -> Split:
    """Ratings of at least 4; a fifth of each user's, at random, is for the test."""
    return _make(folder, "ml-1m-4", seed, validation, lambda: _hold_out(_liked(data / "ml-1m"), seed))


def generated(command: list[str], folder: Path, seed: int, validation: bool = False) -> Split:
    """Ratings of at least 4 that the crate's generator draws, held out like those of ML-1M."""
    return _make(folder, "generated", seed, validation, lambda: _hold_out(_drawn(command, folder, seed), seed))


def _make(
    folder: Path, name: str, seed: int, validation: bool, read: Callable[[], tuple[Rows, Rows]]
) -> Split:
    """Writes the split unless it is there. With `validation` the test events are put away and the
    training part is parted once more: that is where settings are chosen."""
    path = folder / f"{name}-seed{seed}{'-validation' if validation else ''}.split"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        train, test = read()
        if validation:
            train, test = _hold_out(train, seed)
        aside = path.with_suffix(".writing")
        aside.write_bytes(_build(train, test))
        aside.replace(path)
    return describe(path, seed)


def _adjacency(folder: Path) -> tuple[Rows, Rows]:
    """Lines `user item item ...`."""
    parts = []
    for name in ("train.txt", "test.txt"):
        rows = defaultdict(list)
        for number, line in enumerate((folder / name).read_text().splitlines(), 1):
            try:
                user, *items = map(int, line.split())
            except ValueError:
                raise SystemExit(f"{folder / name}:{number}: `user item item ...` expected") from None
            rows[user] += items
        parts.append(rows)
    n_users = 1 + max(max(rows) for rows in parts)
    train, test = ([sorted(set(rows[user])) for user in range(n_users)] for rows in parts)
    return train, test


def _liked(folder: Path) -> Rows:
    liked = [(user, item) for user, item, stars, _ in read_ratings(folder / "ratings.dat") if stars >= LIKED]
    users = {user: row for row, user in enumerate(sorted({user for user, _ in liked}))}
    items = {item: row for row, item in enumerate(sorted({item for _, item in liked}))}
    rows = [[] for _ in users]
    for user, item in liked:
        rows[users[user]].append(items[item])
    return [sorted(row) for row in rows]


def _drawn(command: list[str], folder: Path, seed: int) -> Rows:
    path = folder / f"generated-seed{seed}.events"
    settings = {**GENERATED, "seed": seed, "out": path}
    answer([*command, *(word for name, value in settings.items() for word in (f"--{name}", str(value)))])
    numbers = array("I", path.read_bytes())
    if sys.byteorder == "big":
        numbers.byteswap()
    path.unlink()
    rows = [[] for _ in range(GENERATED["users"])]
    for user, item in zip(numbers[::2], numbers[1::2]):
        rows[user].append(item)
    return rows


def _hold_out(rows: Rows, seed: int) -> tuple[Rows, Rows]:
    rng = random.Random(seed)
    train, test = [], []
    for row in rows:
        # `random()` alone is promised to give the same numbers in every version of Python.
        order = [item for _, item in sorted((rng.random(), item) for item in row)]
        n = int(len(row) * TEST_SHARE)
        test.append(sorted(order[:n]))
        train.append(sorted(order[n:]))
    return train, test


def _build(train: Rows, test: Rows) -> bytes:
    n_items = 1 + max(max(row, default=-1) for row in train + test)
    sizes = [sum(map(len, part)) for part in (train, test)]
    out = bytearray(bytes_of("I", [len(train), n_items, *sizes]))
    for part, size in zip((train, test), sizes):
        out += bytes_of("I", [user for user, row in enumerate(part) for _ in row])
        out += bytes_of("I", [item for row in part for item in row])
        out += bytes_of("f", [1.0] * size)
    return bytes(out)
