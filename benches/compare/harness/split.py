"""One split for everybody: ratings parted at random into training and test, once per seed, or as published.

The file holds little-endian numbers only: `n_users, n_items, n_train, n_test` as u32, then for the
training part and for the test part all users (u32), all items (u32) and all ratings (f32). Users and
items are numbered from 0 in ascending order of their ids in the data set. Beside it lies a file of the
same name that ends in `.times`: the seconds since 1970 of all events in the same order, as u32.
"""

import hashlib
import random
import sys
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

TEST_SHARE = 0.1

# User, item, rating, time.
Event = tuple[int, int, float, int]


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
    name = f"{ratings.parent.name}-seed{seed}{'-validation' if validation else ''}"
    return _make(folder / f"{name}.split", seed, lambda: _at_random(read_ratings(ratings), seed, validation))


def official(train: Path, test: Path, folder: Path) -> Split:
    """A split that the publishers made; it has no seed, which is told as 0."""
    path = folder / f"{train.parent.name}-{train.stem}.split"
    return _make(path, 0, lambda: [read_ratings(part, "\t") for part in (train, test)])


def _make(path: Path, seed: int, read: Callable[[], list[list[Event]]]) -> Split:
    times = path.with_suffix(".times")
    if not (path.exists() and times.exists()):
        path.parent.mkdir(parents=True, exist_ok=True)
        parts = read()
        for target, content in ((path, _build(parts)), (times, _times(parts))):
            aside = target.with_suffix(".writing")
            aside.write_bytes(content)
            aside.replace(target)
    return describe(path, seed)


def _at_random(events: list[Event], seed: int, validation: bool) -> list[list[Event]]:
    rng = random.Random(seed)
    # `random()` alone is promised to give the same numbers in every version of Python.
    test = [rng.random() < TEST_SHARE for _ in events]
    if validation:
        events = [event for event, held_out in zip(events, test) if not held_out]
        test = [rng.random() < TEST_SHARE for _ in events]
    return [[event for event, held_out in zip(events, test) if held_out is part] for part in (False, True)]


def numbers(events: Iterable[Event]) -> tuple[dict[int, int], dict[int, int]]:
    """The number of each user's and each item's id."""
    users, items = set(), set()
    for event in events:
        users.add(event[0])
        items.add(event[1])
    return tuple({id: row for row, id in enumerate(sorted(ids))} for ids in (users, items))


def _build(parts: list[list[Event]]) -> bytes:
    users, items = numbers(event for part in parts for event in part)
    out = bytearray(bytes_of("I", [len(users), len(items), *map(len, parts)]))
    for part in parts:
        out += bytes_of("I", [users[event[0]] for event in part])
        out += bytes_of("I", [items[event[1]] for event in part])
        out += bytes_of("f", [event[2] for event in part])
    return bytes(out)


def _times(parts: list[list[Event]]) -> bytes:
    return b"".join(bytes_of("I", [event[3] for event in part]) for part in parts)


def read_ratings(ratings: Path, between: str = "::") -> list[Event]:
    events = []
    with ratings.open(encoding="latin-1") as lines:
        for number, line in enumerate(lines, 1):
            fields = line.split(between)
            if len(fields) != 4:
                raise SystemExit(f"{ratings}:{number}: {len(fields)} fields found, 4 expected (user, item, rating, time)")
            events.append((int(fields[0]), int(fields[1]), float(fields[2]), int(fields[3])))
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
