"""What the Bayesian peers are told beside the ratings: times, implicit sets, attributes."""

from dataclasses import dataclass
from pathlib import Path

import common
import numpy as np
from scipy.sparse import csr_matrix, identity

DAY = 86_400


@dataclass
class Group:
    """Features of one kind, a row per user, item or event."""

    name: str
    rows: csr_matrix


def days(split: common.Split, path: str) -> tuple[Group, Group]:
    """The day of each event as a category; column 0 stands for days that no training event has."""
    times = np.fromfile(Path(path).with_suffix(".times"), dtype="<u4")
    n_train, n_test = len(split.train.values), len(split.test.values)
    if len(times) != n_train + n_test:
        raise SystemExit(f"{path}: as many times as events expected")
    train, test = times[:n_train] // DAY, times[n_train:] // DAY
    known = np.unique(train)
    at = [np.where(np.isin(part, known), np.searchsorted(known, part) + 1, 0) for part in (train, test)]
    return tuple(Group("day", _one_hot(part, len(known) + 1)) for part in at)


def sides(split: common.Split, users: str, items: str) -> tuple[list[Group], list[Group]]:
    """Ids, implicit sets (training pairs only) and attributes of the users and of the items."""
    pairs = (np.ones(len(split.train.values)), (split.train.users, split.train.items))
    touched = csr_matrix(pairs, shape=(split.n_users, split.n_items))
    result = []
    for table, implicit in ((users, touched), (items, touched.T.tocsr())):
        n = implicit.shape[0]
        ids = Group("id", identity(n, format="csr"))
        result.append([ids, Group("implicit", _unit(implicit)), *attributes(table, n)])
    return tuple(result)


def attributes(path: str, n_rows: int) -> list[Group]:
    """One group per column; a row with several values has length 1, as a row with one."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    head, *rows = (line.split("\t") for line in lines)
    groups = []
    for at, name in enumerate(head[1:], 1):
        numbers, row_of, column_of = {}, [], []
        for fields in rows:
            for value in dict.fromkeys(filter(None, fields[at].split("|"))):
                row_of.append(int(fields[0]))
                column_of.append(numbers.setdefault(value, len(numbers)))
        counted = csr_matrix((np.ones(len(row_of)), (row_of, column_of)), shape=(n_rows, len(numbers)))
        groups.append(Group(name, _unit(counted)))
    return groups


def _one_hot(at: np.ndarray, n_columns: int) -> csr_matrix:
    n = len(at)
    return csr_matrix((np.ones(n), at, np.arange(n + 1)), shape=(n, n_columns))


def _unit(rows: csr_matrix) -> csr_matrix:
    """Rows of ones scaled by one over the square root of how many there are."""
    rows.data = np.repeat(1 / np.sqrt(np.maximum(np.diff(rows.indptr), 1)), np.diff(rows.indptr))
    return rows
