"""numpy: a matrix product by blocks of queries, `argpartition`, and a sort of what is left."""

import numpy as np
import scanning
from threadpoolctl import threadpool_limits

BLOCK = 100


def main() -> None:
    args = scanning.arguments()
    items = scanning.rows(args, "items")

    def search(queries: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        parts = [_best(queries[at : at + BLOCK] @ items.T, n) for at in range(0, len(queries), BLOCK)]
        scores, ids = (np.concatenate(column) for column in zip(*parts))
        return scores, ids

    with threadpool_limits(args.threads):
        scanning.measure(args, scanning.rows(args, "queries"), search)


def _best(scores: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    able = np.argpartition(scores, scores.shape[1] - n, axis=1)[:, -n:]
    values = np.take_along_axis(scores, able, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(able, order, axis=1)


main()
