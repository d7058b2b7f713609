"""SMURFF's Macau: Bayesian matrix factorization whose priors have a mean linear in implicit sets and attributes.

It has neither biases nor time: ratings are centred by their mean. The precision of the noise is given: where
SMURFF is to sample it (`SampledNoise`), it runs into the training data, and its other way (`AdaptiveNoise`) ends
a little higher than the best of 1, 1.5 and 2 does.
"""

import json
import os
import time

# A thread that spins where it waits for another takes the core on which the other would run.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import beside
import common
import numpy as np
import smurff
from scipy.sparse import csr_matrix, hstack

NOISE = 1.5


def main() -> None:
    args = common.arguments(
        factors=(int, 32),
        samples=(int, 200),
        burn_in=(int, 5),
        seconds=(float, float("inf")),
        users=(str, None),
        items=(str, None),
        noise=(str, "gaussian"),
    )
    split = common.read(args.split)
    sides = beside.sides(split, args.users, args.items)
    mean = float(split.train.values.mean(dtype=np.float64))
    session = smurff.TrainSession(
        priors=["macau", "macau"],
        num_latent=args.factors,
        num_threads=args.threads,
        burnin=args.burn_in,
        nsamples=args.samples - args.burn_in,
        seed=1,
        verbose=0,
    )
    session.setTrain(_matrix(split, split.train, mean), smurff.FixedNoise(NOISE))
    session.setTest(_matrix(split, split.test, mean))
    # Without the ids: the factors themselves are what is left of a row beside the mean that its features give it.
    for side, groups in enumerate(sides):
        rows = hstack([group.rows for group in groups[1:]], format="csr")
        session.addSideInfo(side, rows, smurff.SampledNoise(), direct=False)
    start = time.perf_counter()
    session.init()
    seconds, iterations, curve = time.perf_counter() - start, [], []
    while seconds < args.seconds:
        begin = time.perf_counter()
        if session.step() is None:
            break
        iterations.append(time.perf_counter() - begin)
        seconds += iterations[-1]
        curve.append({"seconds": seconds, "rmse": _rmse(split, session, mean, len(iterations) <= args.burn_in)})
    print(json.dumps({"iteration_seconds": iterations, "curve": curve}))


def _matrix(split: common.Split, part: common.Part, mean: float) -> csr_matrix:
    pairs = (part.users.astype(np.int64), part.items.astype(np.int64))
    return csr_matrix((part.values.astype(np.float64) - mean, pairs), shape=(split.n_users, split.n_items))


def _rmse(split: common.Split, session: smurff.TrainSession, mean: float, burning: bool) -> float:
    """Of the mean of the samples so far, in the burn-in of the last one, clipped."""
    told = session.getTestPredictions()
    actual = np.array([one.val for one in told]) + mean
    predicted = np.array([one.pred_1sample if burning else one.pred_avg for one in told]) + mean
    if len(told) != len(split.test.values) or not np.isfinite(predicted).all():
        raise SystemExit("a prediction is missing or not finite")
    clipped = predicted.clip(split.train.values.min(), split.train.values.max())
    return float(np.sqrt(np.mean((clipped - actual) ** 2)))


main()
