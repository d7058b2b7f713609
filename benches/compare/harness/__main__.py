"""`run --data DIR`: fetches the peers, runs everybody in turn, prints them side by side."""

import argparse
import json
import os
import sys
from collections.abc import Collection
from pathlib import Path

from . import bayes, fitting, install, machine, picture, summary
from .plan import Plan
from .rows import ROWS
from .table import show

# The rows about ratings, which share one split.
RATINGS = ("mf", "knn", "context")


def main() -> int:
    args = _arguments()
    plan = Plan(
        Path(args.data),
        args.seed,
        args.threads,
        args.repeats,
        args.factors,
        args.sets,
        args.cases,
        args.samples,
        args.seconds,
    )
    _check(plan, args.only)
    about = machine.describe(install.ROOM)
    if _on_the_split(plan, args.only):
        part = plan.ratings
        about["split"] = f"seed {part.seed}, {part.n_train} training and {part.n_test} test ratings, sha256 {part.sha256[:16]}"
    about["repeats"] = f"{args.repeats}, everybody in turn; times exclude reading the file"
    for name, value in about.items():
        print(f"{name:<10} {value}")
    rows = []
    for name in args.only:
        for row in ROWS[name](plan):
            rows.append(row)
            print(show(row), flush=True)
    about["load at the end"] = machine.load()
    print(f"\nload at the end {about['load at the end']}")
    peers = [c for row in rows for c in row.contestants if not c.is_ours]
    versions = {peer.start.version for peer in peers if isinstance(peer.start, install.Ready)}
    about["versions"] = "; ".join(sorted(versions))
    print(f"versions   {about['versions']}")
    if args.json:
        text = json.dumps({"about": about, "rows": [row.as_json() for row in rows]}, indent=2)
        Path(args.json).write_text(text + "\n")
    if args.plot:
        Path(args.plot).write_text(picture.svg([row for row in rows if isinstance(row, bayes.CurveRow)]))
    print(summary.markdown(about, rows), end="")
    missing = [row.title for row in rows if not row.complete]
    for title in missing:
        print(f"incomplete: {title}", file=sys.stderr)
    return 1 if missing else 0


def _on_the_split(plan: Plan, names: list[str]) -> bool:
    return any(name in RATINGS for name in names) or "bayes" in names and "ml-1m" in plan.cases


def _check(plan: Plan, names: list[str]) -> None:
    needed = {"ml-1m/ratings.dat"} if any(name in RATINGS for name in names) else set()
    if "bayes" in names:
        needed |= bayes.files(plan.cases)
    if "ials" in names or "scan" in names:
        needed |= fitting.files(plan.sets)
    if "quality" in names:
        needed |= fitting.files(["gowalla"])
    for name in sorted(needed):
        if not (plan.data / name).exists():
            raise SystemExit(f"{plan.data / name} is missing: --data or FOLDIN_DATA names the folder that holds {name}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benches/compare/run", description=__doc__)
    parser.add_argument("--data", default=os.environ.get("FOLDIN_DATA"), help="folder that holds ml-1m/ and gowalla/ (default: FOLDIN_DATA)")
    parser.add_argument("--only", type=_rows, default=list(ROWS), help=f"which rows, of {','.join(ROWS)} (default: all)")
    parser.add_argument("--factors", type=_numbers, default=[64, 128, 256], help="for ials (default: 64,128,256)")
    sets = ",".join(fitting.SETS)
    parser.add_argument("--sets", type=_sets, default=list(fitting.SETS), help=f"for ials and scan (default: {sets})")
    cases = ",".join(bayes.CASES)
    parser.add_argument("--cases", type=_cases, default=list(bayes.CASES), help=f"for bayes (default: {cases})")
    parser.add_argument("--samples", type=_positive, default=512, help="for bayes: iterations at most (default: 512)")
    parser.add_argument("--seconds", type=_positive, default=1200, help="for bayes: time of a run at most (default: 1200)")
    parser.add_argument("--threads", type=_numbers, default=[1, 2], help="thread counts (default: 1,2)")
    parser.add_argument("--repeats", type=_positive, default=5, help="runs of everybody (default: 5)")
    parser.add_argument("--seed", type=int, default=1, help="which random split (default: 1)")
    parser.add_argument("--json", help="also write everything, each single run too, to this file")
    parser.add_argument("--plot", help="also draw the curves of bayes into this file, as SVG")
    args = parser.parse_args()
    if args.data is None:
        parser.error("--data is missing and FOLDIN_DATA is not set")
    return args


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1 expected")
    return number


def _numbers(text: str) -> list[int]:
    return [_positive(part) for part in text.split(",")]


def _rows(text: str) -> list[str]:
    return _names(text, ROWS, "rows")


def _sets(text: str) -> list[str]:
    return _names(text, fitting.SETS, "data sets")


def _cases(text: str) -> list[str]:
    return _names(text, bayes.CASES, "cases")


def _names(text: str, known: Collection[str], what: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f"{name}: {', '.join(known)} are the {what}")
    return names


if __name__ == "__main__":
    sys.exit(main())
