//! No request through a leased client is lost at the end of a drain: the real binary, real apps, real sockets, and
//! clients of every manner. A few drains with a fixed seed; `cargo bench --bench drains` makes ten thousand.

#[path = "drill.rs"]
mod drill;

fn main() {
    drill::app::run_where_asked();
    // A list of tests is asked for by some runners; this is one program.
    if std::env::args().any(|word| word == "--list") {
        return;
    }
    let drill = drill::Drill { seed: 7, leased: 48, direct: 6, at_once: 12 };
    let told = drill.run();
    println!("{told}");
    assert!(told.is_lossless(), "a request through a leased client was lost, or a drain went wrong");
}
