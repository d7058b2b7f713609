"""irspack: its iALS trainer with `cg`, `cholesky` or `ialspp` (block coordinate descent)."""

import time

import common
import likes

try:
    from irspack.recommenders import _ials_core as core
except ImportError:  # before 0.4
    from irspack.recommenders import _ials as core


def main() -> None:
    args = likes.arguments(
        solver=(str, "cg"), regularization=(float, 0.001), unobserved=(float, 0.1), nu=(float, 1.0), block=(int, 64)
    )
    events = likes.matrix(common.read(args.split))
    solver = (
        core.IALSSolverConfigBuilder()
        .set_n_threads(args.threads)
        .set_solver_type(getattr(core.SolverType, args.solver.upper()))
        .set_max_cg_steps(3)
        .set_ialspp_iteration(1)
        .set_ialspp_subspace_dimension(args.block)
        .build()
    )
    config = (
        core.IALSModelConfigBuilder()
        .set_K(args.factors)
        .set_init_stdev(0.1)
        .set_alpha0(args.unobserved)
        .set_reg(args.regularization)
        .set_nu(args.nu)
        .set_loss_type(core.LossType.IALSPP)
        .set_random_seed(args.seed)
        .build()
    )
    watch = likes.Watch(args)
    trainer = core.IALSTrainer(config, events)
    for _ in range(args.epochs):
        start = time.perf_counter()
        trainer.step(solver)
        watch.iteration(time.perf_counter() - start, lambda: (trainer.user, trainer.item))
    watch.report()


main()
