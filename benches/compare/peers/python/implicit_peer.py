"""implicit: `AlternatingLeastSquares`, conjugate gradients (`cg`) or exact (`cholesky`)."""

import likes
import common
from implicit.cpu.als import AlternatingLeastSquares


def main() -> None:
    args = likes.arguments(solver=(str, "cg"), regularization=(float, 0.01), alpha=(float, 1.0))
    if args.solver not in ("cg", "cholesky"):
        raise SystemExit(f"--solver {args.solver}: cg or cholesky expected")
    events = likes.matrix(common.read(args.split))
    model = AlternatingLeastSquares(
        factors=args.factors,
        regularization=args.regularization,
        alpha=args.alpha,
        use_cg=args.solver == "cg",
        iterations=args.epochs,
        num_threads=args.threads,
        random_state=args.seed,
    )
    watch = likes.Watch(args)

    def after(_epoch: int, seconds: float, _loss: float | None) -> None:
        watch.iteration(seconds, lambda: (model.user_factors, model.item_factors))

    model.fit(events, show_progress=False, callback=after)
    watch.report()


main()
