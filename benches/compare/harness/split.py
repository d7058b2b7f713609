"""One split for everybody: MovieLens 1M parted at random into training and test, once per seed.

The file holds little-endian numbers only: `n_users, n_items, n_train, n_test` as u32, then for the
training part and for the test part all users (u32), all items (u32) and all ratings (f32). Users and
items are numbered from 0 in ascending order of their ids in the data set.
"""

import hashlib
import random
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path

TEST_SHARE = 0.1


@dataclass(frozen=True)
class Split:
    """Where the split lies and what it is."""

    path: Path
    seed: int
    n_users: int
    n_items: int
    n_train: int
    n_test: int
    sha256: str


def make(ratings: Path, folder: Path, seed: int, validation: bool = False) -> Split:
    """Writes the split unless it is there. With `validation` the test ratings are put away and the
    training part is parted once more in the same way: that is where settings are chosen."""
    name = f"{ratings.parent.name}-seed{seed}{'-validation' if validation else ''}.split"
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path_aside = path.with_suffix(".writing")
        path_aside.write_bytes(_build(ratings, seed, validation))
        path_aside.replace(path)
    return describe(path, seed)


def _build(ratings: Path, seed: int, validation: bool) -> bytes:
    events = read_ratings(ratings)
    rng = random.Random(seed)
    # `random()` alone is promised to give the same numbers in every version of Python.
    test = [rng.random() < TEST_SHARE for _ in events]
    if validation:
        events = [event for event, held_out in zip(events, test) if not held_out]
        test = [rng.random() < TEST_SHARE for _ in events]
    users = {user: row for row, user in enumerate(sorted({event[0] for event in events}))}
    items = {item: row for row, item in enumerate(sorted({event[1] for event in events}))}
    parts = [[event for event, held_out in zip(events, test) if held_out is part] for part in (False, True)]
    out = bytearray(bytes_of("I", [len(users), len(items), len(parts[0]), len(parts[1])]))
    for part in parts:
        out += bytes_of("I", [users[event[0]] for event in part])
        out += bytes_of("I", [items[event[1]] for event in part])
        out += bytes_of("f", [event[2] for event in part])
    return bytes(out)


def read_ratings(ratings: Path) -> list[tuple[int, int, float]]:
    events = []
    with ratings.open(encoding="latin-1") as lines:
        for number, line in enumerate(lines, 1):
            fields = line.split("::")
            if len(fields) != 4:
                raise SystemExit(f"{ratings}:{number}: {len(fields)} fields found, 4 expected (user::item::rating::time)")
            events.append((int(fields[0]), int(fields[1]), float(fields[2])))
    return events


def bytes_of(kind: str, numbers: list) -> bytes:
    column = array(kind, numbers)
    if column.itemsize != 4:
        raise SystemExit(f"this Python's array('{kind}') holds {column.itemsize} bytes, 4 expected")
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def describe(path: Path, seed: int) -> Split:
    content = path.read_bytes()
    head = array("I", content[:16])
    if sys.byteorder == "big":
        head.byteswap()
    expected = 16 + 12 * (head[2] + head[3])
    if len(content) != expected:
        raise SystemExit(f"{path} has {len(content)} bytes, {expected} expected: remove it and run again")
    return Split(path, seed, *head, hashlib.sha256(content).hexdigest())
