"""What the Python peers do alike: read the split, measure the error, print one JSON object."""

import argparse
import json
from dataclasses import dataclass

import numpy as np


@dataclass
class Part:
    users: np.ndarray
    items: np.ndarray
    values: np.ndarray


@dataclass
class Split:
    """See harness/split.py."""

    n_users: int
    n_items: int
    train: Part
    test: Part


def read(path: str) -> Split:
    raw = np.fromfile(path, dtype="<u4")
    n_users, n_items, n_train, n_test = (int(n) for n in raw[:4])
    if len(raw) != 4 + 3 * (n_train + n_test):
        raise SystemExit(f"{path}: not a split file")
    train, test = raw[4 : 4 + 3 * n_train], raw[4 + 3 * n_train :]
    return Split(n_users, n_items, _part(train, n_train), _part(test, n_test))


def _part(raw: np.ndarray, n: int) -> Part:
    return Part(raw[:n], raw[n : 2 * n], raw[2 * n :].view("<f4"))


def rmse(split: Split, predicted: np.ndarray) -> float:
    """Over all test ratings, predictions clipped to the range of the training ratings."""
    predicted = np.asarray(predicted, dtype=np.float64)
    if predicted.shape != split.test.values.shape or not np.isfinite(predicted).all():
        raise SystemExit("a prediction is missing or not finite")
    clipped = predicted.clip(split.train.values.min(), split.train.values.max())
    return float(np.sqrt(np.mean((clipped - split.test.values) ** 2)))


def arguments(**extra) -> argparse.Namespace:
    """`--split FILE --threads N` and what the peer adds, as name = (type, default)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--split", required=True)
    parser.add_argument("--threads", type=int, default=1)
    for name, (kind, default) in extra.items():
        parser.add_argument("--" + name.replace("_", "-"), type=kind, default=default)
    return parser.parse_args()


def report(split: Split, fit_seconds: float, predicted: np.ndarray, predict_seconds: float | None = None) -> None:
    out = {"fit_seconds": fit_seconds, "rmse": rmse(split, predicted)}
    if predict_seconds is not None:
        out["predict_seconds_per_100k"] = predict_seconds * 100_000 / len(split.test.values)
    print(json.dumps(out))
