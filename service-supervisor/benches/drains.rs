//! Ten thousand drains under clients of every manner, and what was lost, beside clients that know of no drain and an app
//! that gets a plain SIGTERM. By hand: `cargo bench -p service-supervisor --bench drains -- [LEASED [DIRECT [AT_ONCE]]]`.
//!
//! Nothing is asserted about time. The dice are those of a fixed seed; how the processes are scheduled is not.

#[path = "../tests/lossless/drill.rs"]
mod drill;

fn main() {
    drill::app::run_where_asked();
    let numbers: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let number = |index: usize, usual| numbers.get(index).copied().unwrap_or(usual);
    let drill = drill::Drill { seed: 1, leased: number(0, 10_000), direct: number(1, 500), at_once: number(2, 48) };
    let told = drill.run();
    println!("{told}");
    assert!(told.is_lossless(), "a request through a leased client was lost, or a drain went wrong");
}
