//! `cargo bench -p e2e --bench proxy -- [--rounds N] [names…]`: what the proxy costs beside nginx and HAProxy, all in
//! the same run and taking turns, one worker on one core each (load and origin have the other core). Without names it
//! is everything; `--list` says the names. `--proxy NAME=FILE` measures one more build of the proxy beside it, and
//! `--target TRIPLE` builds ours for another target than the machine's.
//!
//! Peers, where they are on the PATH (Debian: `apt-get install nginx-light haproxy`); their settings are printed. h2load
//! (`nghttp2-client`) makes HTTP/2's load, valgrind counts instructions, openssl makes a certificate.
//!
//! Figures are medians; a ratio is the median of the rounds' ratios to nginx, with its quartiles, since what else the
//! machine does in a round is the same for all. CPU is all of the proxy's processes, by the kernel's clock of each. Each
//! figure is followed by its bar. A request that fails, or an answer of a wrong length, fails the benchmark.
//! Bounded: six minutes.

mod asked;
mod cases;
mod ending;
mod load;
mod origin;
mod park;
mod peers;
mod plan;
mod quota;
mod role;
mod running;
mod table;
mod tls;

use self::asked::Asked;
use self::peers::Bench;
use self::table::Table;

fn main() {
    if role::play_where_asked() {
        return;
    }
    let asked = Asked::of_arguments();
    let bench = Bench::prepare(&asked);
    let mut table = Table::of(&bench);
    for case in cases::CASES.iter().filter(|case| asked.wants(case.name)) {
        eprintln!("measuring {}: {}", case.name, case.what);
        (case.measure)(&bench, case.name, &mut table);
    }
    println!("{table}");
}
