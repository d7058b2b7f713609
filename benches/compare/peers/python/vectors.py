"""Writes item and query vectors of standard normal numbers: all of about the same length, so that nothing can
be skipped cheaply. `vectors.py --out DIR --items N --queries N --factors K --seed S`."""

import argparse
from pathlib import Path

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    for name in ("items", "queries", "factors", "seed"):
        parser.add_argument("--" + name, type=int, required=True)
    args = parser.parse_args()
    rng = np.random.Generator(np.random.PCG64(args.seed))
    for name in ("items", "queries"):
        rows = rng.standard_normal((getattr(args, name), args.factors), dtype=np.float32)
        rows.astype("<f4").tofile(Path(args.out) / f"{name}.f32")
    print("{}")


main()
