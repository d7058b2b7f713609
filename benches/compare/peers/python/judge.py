"""One judge for everybody: Recall@20 and NDCG@20 over the whole catalogue, from exported factors.

`judge.py --split FILE --factors DIR --epochs 1,2,3 [--users N]` prints one JSON object with one entry
per epoch. What a user touched in training is left out; users without test events do not count; recall is hits / relevant;
gains are 0 or 1; ties go to the smaller item. `--users` judges the first N test users of a fixed shuffle.
"""

import argparse
import json
import os
from pathlib import Path

import common
import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

DEPTH = 20
BLOCK = 500
# Maxima over so many columns find a bound below which nobody needs to look.
STRIDE = 64


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--split", required=True)
    parser.add_argument("--factors", required=True)
    parser.add_argument("--epochs", required=True)
    parser.add_argument("--users", type=int, default=0)
    args = parser.parse_args()
    split = common.read(args.split)
    seen, relevant = _rows(split, split.train), _rows(split, split.test)
    users = np.flatnonzero(np.diff(relevant.indptr))
    if args.users:
        users = np.sort(np.random.default_rng(1).permutation(users)[: args.users])
    curve = []
    # Nobody times the judge.
    threadpool_limits(os.cpu_count())
    for epoch in (int(text) for text in args.epochs.split(",")):
        rows = _factors(args.factors, "users", epoch, split.n_users)
        items = _factors(args.factors, "items", epoch, split.n_items)
        recall, ndcg = judge(rows, items, users, seen, relevant)
        curve.append({"epoch": epoch, "recall": recall, "ndcg": ndcg})
    print(json.dumps({"users": len(users), "curve": curve}))


def judge(
    rows: np.ndarray, items: np.ndarray, users: np.ndarray, seen: csr_matrix, relevant: csr_matrix
) -> tuple[float, float]:
    discounts = 1 / np.log2(np.arange(2, DEPTH + 2))
    ideal = np.cumsum(discounts)
    recall = ndcg = 0.0
    for begin in range(0, len(users), BLOCK):
        block = users[begin : begin + BLOCK]
        scores = rows[block] @ items.T
        who, what = seen[block].nonzero()
        scores[who, what] = -np.inf
        n_relevant = np.diff(relevant.indptr)[block]
        for at, best in enumerate(_top(scores)):
            user = block[at]
            liked = relevant.indices[relevant.indptr[user] : relevant.indptr[user + 1]]
            hits = np.isin(best, liked)
            recall += hits.sum() / n_relevant[at]
            ndcg += discounts[: len(best)][hits].sum() / ideal[min(n_relevant[at], DEPTH) - 1]
    return recall / len(users), ndcg / len(users)


def _top(scores: np.ndarray) -> list[np.ndarray]:
    """The `DEPTH` best columns of each row, best first."""
    n = scores.shape[1]
    depth = min(DEPTH, n)
    whole = n - n % STRIDE
    maxima = scores[:, :whole].reshape(len(scores), -1, STRIDE).max(axis=2)
    if maxima.shape[1] >= depth:
        bounds = np.partition(maxima, maxima.shape[1] - depth, axis=1)[:, -depth]
    else:
        bounds = np.full(len(scores), -np.inf, dtype=scores.dtype)
    best = []
    for row, bound in zip(scores, bounds):
        able = np.flatnonzero(row >= bound)
        # A stable sort keeps ties in the order of the items.
        best.append(able[np.argsort(-row[able], kind="stable")[:depth]])
    return best


def _rows(split: common.Split, part: common.Part) -> csr_matrix:
    ones = np.ones(len(part.users), dtype=np.float32)
    return csr_matrix((ones, (part.users, part.items)), shape=(split.n_users, split.n_items))


def _factors(folder: str, name: str, epoch: int, n_rows: int) -> np.ndarray:
    path = Path(folder) / f"{name}-{epoch}.f32"
    flat = np.fromfile(path, dtype="<f4")
    if n_rows == 0 or len(flat) % n_rows or not np.isfinite(flat).all():
        raise SystemExit(f"{path}: {len(flat)} numbers, not finite or not a whole number for each of {n_rows} rows")
    return flat.reshape(n_rows, -1)


if __name__ == "__main__":
    main()
