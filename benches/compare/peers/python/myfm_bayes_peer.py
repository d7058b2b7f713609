"""myFM with everything it can be told, its RMSE against seconds.

The features are those of its own MovieLens examples, "timeSVD++ flipped", and the attributes: the day of the
event in the main table; ids, implicit sets and attributes of users and of items in two relation blocks; one
group of hyper-parameters per kind of feature. Everything not given is its default.
"""

import json
import time

import beside
import common
import numpy as np
from myfm import MyFMOrderedProbit, MyFMRegressor, RelationBlock
from scipy.sparse import hstack


class Watch:
    """myFM's callback: after each iteration it stops the clock, adds the sample to the mean of those after the
    burn-in, measures the mean, and starts the clock again."""

    def __init__(self, split: common.Split, predict, burn_in: int, most: float):
        self.split, self.predict, self.burn_in, self.most = split, predict, burn_in, most
        self.iteration_seconds, self.cpu_seconds, self.rmse = [], [], []
        self.sum = np.zeros(len(split.test.values))
        self.start()

    def start(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def __call__(self, iteration, fm, _hyper, _history):
        self.iteration_seconds.append(time.perf_counter() - self.wall)
        self.cpu_seconds.append(time.process_time() - self.cpu)
        sample = self.predict(fm)
        self.sum += sample
        mean = self.sum / max(iteration + 1 - self.burn_in, 1)
        if iteration < self.burn_in:
            self.sum[:] = 0
        self.rmse.append(common.rmse(self.split, mean))
        self.start()
        return sum(self.iteration_seconds) >= self.most, None


def main() -> None:
    args = common.arguments(
        factors=(int, 32),
        samples=(int, 512),
        burn_in=(int, 5),
        seconds=(float, float("inf")),
        users=(str, None),
        items=(str, None),
        noise=(str, "gaussian"),
    )
    split = common.read(args.split)
    day_train, day_test = beside.days(split, args.split)
    sides = beside.sides(split, args.users, args.items)
    rows = [hstack([group.rows for group in side], format="csr") for side in sides]
    blocks = [
        [RelationBlock(part.users, rows[0]), RelationBlock(part.items, rows[1])] for part in (split.train, split.test)
    ]
    groups = [day_train, *sides[0], *sides[1]]
    kind = {"gaussian": MyFMRegressor, "ordered-probit": MyFMOrderedProbit}[args.noise]
    lowest = split.train.values.min()
    stars = split.train.values.astype(np.float64)

    def predict(fm):
        if args.noise == "gaussian":
            return fm.predict_score(day_test.rows, blocks[1])
        chances = fm.oprobit_predict_proba(day_test.rows, blocks[1], 0)
        return lowest + chances @ np.arange(chances.shape[1])

    target = stars if args.noise == "gaussian" else np.rint(stars - lowest).astype(np.int64)
    watch = Watch(split, predict, args.burn_in, args.seconds)
    model = kind(rank=args.factors, random_seed=1)
    model.fit(
        day_train.rows,
        target,
        X_rel=blocks[0],
        n_iter=args.samples,
        n_kept_samples=1,
        group_shapes=[group.rows.shape[1] for group in groups],
        callback=watch,
    )
    out = {
        "iteration_seconds": watch.iteration_seconds,
        "cpu_share": sum(watch.cpu_seconds) / sum(watch.iteration_seconds),
        "curve": [{"seconds": s, "rmse": r} for s, r in zip(np.cumsum(watch.iteration_seconds).tolist(), watch.rmse)],
        "features": sum(group.rows.shape[1] for group in groups),
    }
    if args.noise == "ordered-probit":
        out["accepted"] = model.history_.n_mh_accept
    print(json.dumps(out))


main()
