"""What the peers of retrieval do alike: vectors in, seconds for a batch and for each single query out."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

Search = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]


def arguments() -> argparse.Namespace:
    """`--vectors DIR` holds `items.f32` and `queries.f32`. The answers to the batch go to `--answers FILE`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--vectors", required=True)
    parser.add_argument("--answers", required=True)
    for name, default in (("factors", 64), ("threads", 1), ("n", 10), ("batches", 3), ("singles", 200)):
        parser.add_argument("--" + name, type=int, default=default)
    return parser.parse_args()


def rows(args: argparse.Namespace, name: str) -> np.ndarray:
    return np.fromfile(Path(args.vectors) / f"{name}.f32", dtype="<f4").reshape(-1, args.factors)


def measure(args: argparse.Namespace, queries: np.ndarray, search: Search) -> None:
    """`search(queries, n)` returns scores and items, best first. The first batch, which warms up, is the one
    whose answers are written."""
    _, items = search(queries, args.n)
    np.ascontiguousarray(items, dtype="<u4").tofile(args.answers)
    batches = [_seconds(search, queries, args.n) for _ in range(args.batches)]
    singles = [_seconds(search, queries[at : at + 1], args.n) for at in range(min(args.singles, len(queries)))]
    print(json.dumps({"batch_seconds": batches, "single_seconds": singles}))


def _seconds(search: Search, queries: np.ndarray, n: int) -> float:
    start = time.perf_counter()
    search(queries, n)
    return time.perf_counter() - start
