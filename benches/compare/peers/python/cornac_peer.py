"""cornac: `MF`, stochastic gradient descent with biases."""

import time

import common
import numpy as np
from cornac.data import Dataset
from cornac.models import MF


def main() -> None:
    args = common.arguments(
        factors=(int, 64), epochs=(int, 20), learning_rate=(float, 0.01), regularization=(float, 0.02)
    )
    split = common.read(args.split)
    train, test = split.train, split.test
    uid_map = {user: user for user in range(split.n_users)}
    iid_map = {item: item for item in range(split.n_items)}
    data = Dataset.build(
        list(zip(train.users.tolist(), train.items.tolist(), train.values.tolist())),
        global_uid_map=uid_map,
        global_iid_map=iid_map,
    )
    # cornac numbers users and items in the order in which it meets them.
    users = np.array([data.uid_map.get(user, -1) for user in test.users.tolist()])
    items = np.array([data.iid_map.get(item, -1) for item in test.items.tolist()])
    model = MF(
        k=args.factors,
        max_iter=args.epochs,
        learning_rate=args.learning_rate,
        lambda_reg=args.regularization,
        num_threads=args.threads,
        seed=1,
    )
    start = time.perf_counter()
    model.fit(data)
    fitted = time.perf_counter()
    predicted = _predict(model, users, items)
    common.report(split, fitted - start, predicted)


def _predict(model: MF, users: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Its `score` pair by pair takes longer than the fit: the same sum over whole columns."""
    known_user, known_item = users < len(model.u_factors), items < len(model.i_factors)
    known_user, known_item = known_user & (users >= 0), known_item & (items >= 0)
    at_user, at_item = np.where(known_user, users, 0), np.where(known_item, items, 0)
    dot = np.einsum("nk,nk->n", model.u_factors[at_user], model.i_factors[at_item])
    return (
        model.global_mean
        + np.where(known_user, model.u_biases[at_user], 0)
        + np.where(known_item, model.i_biases[at_item], 0)
        + np.where(known_user & known_item, dot, 0)
    )


main()
