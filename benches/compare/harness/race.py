"""Runs contestants in turn, so that a drifting machine drifts under all of them alike."""

import json
import os
import statistics
import subprocess
from dataclasses import dataclass, field

from .install import Missing, Ready

OURS = "foldin"

# A peer's threads are given to it by name; the libraries below it get one.
ONE_THREAD = {
    name: "1" for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMEXPR_NUM_THREADS")
}


class Failed(Exception):
    """A contestant ended without an answer."""


def answer(command: list[str]) -> dict:
    """The JSON object that the command prints as its last line."""
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True)
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        told = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Failed(f"{told} (exit code {done.returncode})")
    try:
        return json.loads(lines[-1])
    except json.JSONDecodeError:
        raise Failed(f"printed `{lines[-1][:80]}`, a JSON object expected") from None


@dataclass
class Contestant:
    """One line of the table: who, how they are set, how they are started, what came out."""

    who: str
    settings: str
    threads: int
    start: Ready | Missing
    arguments: list[str] = field(default_factory=list)
    failure: str | None = None
    runs: list[dict] = field(default_factory=list)
    # What is measured once, beside the timed runs.
    beside: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.start, Missing):
            self.failure = f"not installed: {self.start.reason}"

    @property
    def is_ours(self) -> bool:
        return self.who == OURS

    def ask(self, *more: str) -> dict:
        return answer([*self.start.command, *self.arguments, *more])

    def numbers(self, key: str) -> list[float]:
        """Of all runs; a run may have one number or a list of them."""
        found = [run[key] for run in self.runs if key in run]
        return [number for each in found for number in (each if isinstance(each, list) else [each])]

    def median(self, key: str) -> float | None:
        numbers = self.numbers(key)
        return statistics.median(numbers) if numbers else None

    def as_json(self) -> dict:
        return {
            "who": self.who,
            "version": None if isinstance(self.start, Missing) else self.start.version,
            "settings": self.settings,
            "threads": self.threads,
            "failure": self.failure,
            "medians": {key: self.median(key) for key in (self.runs[0] if self.runs else {})},
            "runs": self.runs,
            **self.beside,
        }


def run_in_turn(contestants: list[Contestant], repeats: int) -> None:
    """Ours, theirs, ours, theirs, ...: one run of everybody per round."""
    for _ in range(repeats):
        for contestant in contestants:
            if contestant.failure is not None:
                continue
            try:
                contestant.runs.append(contestant.ask())
            except Failed as failed:
                contestant.failure = f"failed: {failed}"
