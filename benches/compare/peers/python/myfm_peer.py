"""myFM: Bayesian factorization machine on the two ids alone, which is Bayesian matrix factorization."""

import time

import common
import numpy as np
from myfm import MyFMRegressor
from scipy.sparse import csr_matrix


def main() -> None:
    args = common.arguments(factors=(int, 10), samples=(int, 100))
    split = common.read(args.split)
    train, test = _features(split, split.train), _features(split, split.test)
    # One variance for the users' and one for the items' columns.
    groups = [split.n_users, split.n_items]
    model = MyFMRegressor(rank=args.factors, random_seed=1)
    start = time.perf_counter()
    model.fit(train, split.train.values.astype(np.float64), n_iter=args.samples, group_shapes=groups)
    fitted = time.perf_counter()
    predicted = model.predict(test)
    end = time.perf_counter()
    common.report(split, fitted - start, predicted, end - fitted)


def _features(split: common.Split, part: common.Part) -> csr_matrix:
    n = len(part.values)
    columns = np.stack([part.users, part.items + np.uint32(split.n_users)], axis=1).ravel()
    return csr_matrix(
        (np.ones(2 * n), columns, np.arange(0, 2 * n + 1, 2)), shape=(n, split.n_users + split.n_items)
    )


main()
