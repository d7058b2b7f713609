"""What is known of users and items beside their ratings, for the row `bayes`.

A table per side, tab separated: the number of the row in the split, then one column per attribute, all of
them categories, several values parted by bars, nothing where nothing is known. Everybody reads the same tables.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .split import numbers, read_ratings

# A person who made one film says no more than the film's own id.
LEAST_FILMS = 2
GENRES = 19
Table = dict[int, dict[str, list[str]]]


@dataclass(frozen=True)
class Tables:
    """Where they lie."""

    users: Path
    items: Path


def ml_1m(data: Path, folder: Path) -> Tables:
    """Sex, age, occupation and first digit of the zip code; genres, year, certificate, directors, writers, actors."""
    room = data / "ml-1m"
    return _make(folder, "ml-1m", room / "ratings.dat", "::", lambda: (_users_1m(room), _films_1m(room)))


def ml_100k(data: Path, folder: Path) -> Tables:
    """Sex, age by five years, occupation and first character of the zip code; genres and year."""
    room = data / "ml-100k"
    return _make(folder, "ml-100k", room / "u.data", "\t", lambda: (_users_100k(room), _films_100k(room)))


def _make(folder: Path, name: str, ratings: Path, between: str, read: Callable[[], tuple[Table, Table]]) -> Tables:
    tables = Tables(folder / f"{name}-users.tsv", folder / f"{name}-items.tsv")
    if not (tables.users.exists() and tables.items.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        ids = numbers(read_ratings(ratings, between))
        for path, rows, known in zip((tables.users, tables.items), ids, read()):
            aside = path.with_suffix(".writing")
            aside.write_text(_text(rows, known), encoding="utf-8")
            aside.replace(path)
    return tables


def _text(rows: dict[int, int], known: Table) -> str:
    names = list(dict.fromkeys(name for row in known.values() for name in row))
    lines = ["\t".join(["id", *names])]
    for id, row in rows.items():
        values = known.get(id, {})
        lines.append("\t".join([str(row), *("|".join(values.get(name, [])) for name in names)]))
    return "\n".join(lines) + "\n"


def _users_1m(room: Path) -> Table:
    known = {}
    for user, sex, age, occupation, code in _lines(room / "users.dat", "::", "latin-1"):
        known[int(user)] = {"sex": [sex], "age": [age], "occupation": [occupation], "zip": [code[0]]}
    return known


def _films_1m(room: Path) -> Table:
    """The attributes' table where it has the film, else what MovieLens says itself."""
    known = {}
    for film, title, genres in _lines(room / "movies.dat", "::", "latin-1"):
        known[int(film)] = {"genres": genres.split("|"), "year": [title.rstrip(" )")[-4:]]}
    lines = _lines(room / "movie_attributes.tsv", "\t", "utf-8")
    head = next(lines)
    for line in lines:
        row = dict(zip(head, line))
        one = {name: [row[name]] for name in ("year", "mpaa") if row[name]}
        many = {name: row[name].split("|") for name in ("genres", "directors", "writers", "actors") if row[name]}
        known.setdefault(int(row["movie_id"]), {}).update(one | many)
    for name in ("directors", "writers", "actors"):
        _without_rare(known, name)
    return known


def _without_rare(known: Table, name: str) -> None:
    films = Counter(value for row in known.values() for value in set(row.get(name, [])))
    for row in known.values():
        if name in row:
            row[name] = [value for value in row[name] if films[value] >= LEAST_FILMS]


def _users_100k(room: Path) -> Table:
    known = {}
    for user, age, sex, occupation, code in _lines(room / "u.user", "|", "latin-1"):
        known[int(user)] = {"sex": [sex], "age": [str(int(age) // 5 * 5)], "occupation": [occupation], "zip": [code[0]]}
    return known


def _films_100k(room: Path) -> Table:
    known = {}
    for film, _, released, _, _, *genres in _lines(room / "u.item", "|", "latin-1"):
        of = [str(genre) for genre in range(GENRES) if genres[genre] == "1"]
        known[int(film)] = {"genres": of, "year": [released[-4:]] if released else []}
    return known


def _lines(path: Path, between: str, encoding: str):
    with path.open(encoding=encoding) as lines:
        for line in lines:
            yield line.rstrip("\r\n").split(between)
