//! The machine's own limit, for benchmarks that report a share of it.

use super::level::Level;
use super::simd::{Job, Simd};

struct Spin(usize);

/// Independent sums: more than latency times units on every machine (4 cycles, 2 units).
const CHAINS: usize = 12;

impl Job for Spin {
    type Out = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let mut sums = [s.zero(); CHAINS];
        let (x, y) = (s.splat(1.25), s.splat(1e-3));
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = s.fma(*sum, x, y);
            }
        }
        s.sum(sums.into_iter().fold(s.zero(), |a, b| s.add(a, b)))
    }
}

/// Does `rounds` rounds of multiply-adds that touch registers only, at the full rate of one thread, and returns
/// how many multiply-adds that were. Time it beside a kernel, in the same moment, and the ratio says how far
/// the kernel is from the machine.
#[must_use]
pub fn spin(level: Level, rounds: usize) -> f64 {
    std::hint::black_box(level.run(Spin(rounds)));
    (rounds * CHAINS * level.lanes()) as f64
}
