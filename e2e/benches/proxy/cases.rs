//! What is measured, by name.

mod http2;
mod instructions;
mod memory;
mod mix;
mod processor;
mod quarter;
mod tls;

use crate::peers::Bench;
use crate::table::Table;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) measure: fn(&Bench, &str, &mut Table),
}

const fn case(name: &'static str, what: &'static str, measure: fn(&Bench, &str, &mut Table)) -> Case {
    Case { name, what, measure }
}

pub(crate) const CASES: [Case; 12] = [
    case("1k-32", "CPU per request of 1 KiB on 32 kept connections", processor::measure),
    case("1k-128", "the same on 128", processor::measure),
    case("3000-rps", "the same at a fixed 3,000 requests a second", processor::measure),
    case("100k", "the same, 100 KiB on 32", processor::measure),
    case("10m", "the same, 10 MiB on 4", processor::measure),
    case("connections", "the same, 1 KiB and a connection per request", processor::measure),
    case("mix", "the same of small requests and large downloads at once, and p99 of the small ones", mix::measure),
    case("quarter", "throughput in a quarter of a CPU", quarter::measure),
    case("memory", "start, file, memory at rest and with 10,000 idle callers", memory::measure),
    case("instructions", "user instructions per request, by callgrind", instructions::measure),
    case("tls", "handshakes, resumed handshakes and bulk with TLS", tls::measure),
    case("http2", "CPU per request of HTTP/2, by h2load", http2::measure),
];
