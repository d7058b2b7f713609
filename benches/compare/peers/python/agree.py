"""Are the lists right? Held against the scores in double precision.

`agree.py --vectors DIR --factors K --answers FILE --n N [--split FILE] [--queries N]` counts, among the first
queries, the lists that are not the best N in falling order. Two items whose scores differ by less than
single precision can tell may stand for each other. With `--split` what a user touched in training must not appear.
"""

import argparse
import json
from pathlib import Path

import common
import numpy as np
from scipy.sparse import csr_matrix

BLOCK = 100
# Of the length of the query times that of the longest item: the rounding of a sum in single precision.
NEAR = 2e-6


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("vectors", "answers"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--split")
    for name, default in (("factors", 64), ("n", 10), ("queries", 1000)):
        parser.add_argument("--" + name, type=int, default=default)
    args = parser.parse_args()
    items, queries = (_rows(args, name) for name in ("items", "queries"))
    answers = np.fromfile(args.answers, dtype="<u4").reshape(-1, args.n).astype(np.int64)
    if len(answers) != len(queries):
        raise SystemExit(f"{args.answers}: {len(answers)} lists, {len(queries)} expected")
    seen = _seen(args.split) if args.split else None
    longest = np.linalg.norm(items, axis=1).max()
    n = min(args.queries, len(queries))
    wrong = 0
    for at in range(0, n, BLOCK):
        block = slice(at, min(at + BLOCK, n))
        scores = queries[block] @ items.T
        if seen is not None:
            scores[seen[block].nonzero()] = -np.inf
        near = NEAR * longest * np.linalg.norm(queries[block], axis=1)
        wrong += sum(map(_is_wrong, scores, answers[block], near))
    print(json.dumps({"lists": n, "wrong": wrong}))


def _is_wrong(scores: np.ndarray, answer: np.ndarray, near: float) -> bool:
    if answer.max() >= len(scores) or len(set(answer.tolist())) < len(answer):
        return True
    best = -np.sort(-np.partition(scores, len(scores) - len(answer))[-len(answer) :])
    found = scores[answer]
    return bool(np.isneginf(found).any() or (np.abs(found - best) > near).any())


def _rows(args: argparse.Namespace, name: str) -> np.ndarray:
    flat = np.fromfile(Path(args.vectors) / f"{name}.f32", dtype="<f4")
    return flat.reshape(-1, args.factors).astype(np.float64)


def _seen(path: str) -> csr_matrix:
    split = common.read(path)
    ones = np.ones(len(split.train.users), dtype=np.float32)
    return csr_matrix((ones, (split.train.users, split.train.items)), shape=(split.n_users, split.n_items))


main()
