"""scikit-surprise: `KNNBaseline` (Pearson-baseline similarity between items) or `SVD` (its defaults)."""

import time

import common
import numpy as np
from surprise import SVD, Dataset, KNNBaseline, Reader


def main() -> None:
    args = common.arguments(model=(str, "knn-baseline"), neighbours=(int, 40))
    split = common.read(args.split)
    train, test = split.train, split.test
    reader = Reader(rating_scale=(float(train.values.min()), float(train.values.max())))
    rows = [(u, i, r, None) for u, i, r in zip(train.users.tolist(), train.items.tolist(), train.values.tolist())]
    trainset = Dataset(reader).construct_trainset(rows)
    testset = list(zip(test.users.tolist(), test.items.tolist(), test.values.tolist()))
    if args.model == "knn-baseline":
        sims = {"name": "pearson_baseline", "user_based": False}
        algo = KNNBaseline(k=args.neighbours, sim_options=sims, verbose=False)
    elif args.model == "svd":
        algo = SVD(random_state=1)
    else:
        raise SystemExit(f"--model {args.model}: knn-baseline or svd expected")
    start = time.perf_counter()
    algo.fit(trainset)
    fitted = time.perf_counter()
    predictions = algo.test(testset)
    end = time.perf_counter()
    predicted = np.array([prediction.est for prediction in predictions])
    common.report(split, fitted - start, predicted, end - fitted)


main()
