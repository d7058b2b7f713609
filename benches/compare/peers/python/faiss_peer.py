"""faiss: `IndexFlatIP`, every inner product computed."""

import faiss
import scanning
from threadpoolctl import threadpool_limits


def main() -> None:
    args = scanning.arguments()
    faiss.omp_set_num_threads(args.threads)
    index = faiss.IndexFlatIP(args.factors)
    index.add(scanning.rows(args, "items"))
    # A batch goes through its matrix product, whose threads are faiss's own.
    with threadpool_limits(args.threads):
        scanning.measure(args, scanning.rows(args, "queries"), index.search)


main()
