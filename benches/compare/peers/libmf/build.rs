//! libmf's Makefile compiles with OpenMP: `harness/install.py` passes its flags, this links it.

fn main() {
    println!("cargo:rustc-link-arg=-fopenmp");
}
