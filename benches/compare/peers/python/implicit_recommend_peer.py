"""implicit: lists for all users at once with what they touched left out, from given factors."""

import argparse
import json
import time
from pathlib import Path

import common
import likes
import numpy as np
from implicit.cpu.als import AlternatingLeastSquares


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("split", "vectors", "answers"):
        parser.add_argument("--" + name, required=True)
    for name, default in (("factors", 64), ("threads", 1), ("n", 10), ("batches", 3)):
        parser.add_argument("--" + name, type=int, default=default)
    args = parser.parse_args()
    split = common.read(args.split)
    model = AlternatingLeastSquares(factors=args.factors, num_threads=args.threads)
    model.user_factors = _rows(args, "queries")
    model.item_factors = _rows(args, "items")
    users, events = np.arange(split.n_users), likes.matrix(split)
    seconds = []
    # The first round warms up.
    for _ in range(1 + args.batches):
        start = time.perf_counter()
        items, _ = model.recommend(users, events, N=args.n, filter_already_liked_items=True)
        seconds.append(time.perf_counter() - start)
    np.ascontiguousarray(items, dtype="<u4").tofile(args.answers)
    print(json.dumps({"users_per_second": [split.n_users / each for each in seconds[1:]]}))


def _rows(args: argparse.Namespace, name: str) -> np.ndarray:
    return np.fromfile(Path(args.vectors) / f"{name}.f32", dtype="<f4").reshape(-1, args.factors)


main()
