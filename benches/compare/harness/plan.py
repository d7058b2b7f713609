"""What holds for all rows of one call."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from . import install, split

# Where splits, factors and vectors lie.
DATA = install.PEERS / "data"


@dataclass(frozen=True)
class Plan:
    """Where the data are, and what was asked for on the command line."""

    data: Path
    seed: int
    threads: list[int]
    repeats: int
    factors: list[int] = field(default_factory=lambda: [64, 128, 256])
    sets: list[str] = field(default_factory=lambda: ["gowalla", "ml-1m", "generated"])
    cases: list[str] = field(default_factory=lambda: ["ml-100k", "ml-1m"])
    samples: int = 512
    seconds: int = 1200

    @cached_property
    def ratings(self) -> split.Split:
        """ML-1M 90/10, for the rows about ratings."""
        return split.make(self.data / "ml-1m" / "ratings.dat", DATA, self.seed)

    def arguments(self, threads: int, **settings) -> list[str]:
        return words(split=self.ratings.path, threads=threads, **settings)


def words(**settings) -> list[str]:
    """`--name value` for each."""
    return [word for name, value in settings.items() for word in ("--" + name.replace("_", "-"), str(value))]


def on(threads: int) -> str:
    """"1 thread", "2 threads"."""
    return f"{threads} thread{'' if threads == 1 else 's'}"
