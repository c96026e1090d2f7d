//! What is measured, by name.

mod processor;

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

pub(crate) const CASES: [Case; 6] = [
    case("1k-32", "CPU per request of 1 KiB on 32 kept connections", processor::measure),
    case("1k-128", "the same on 128", processor::measure),
    case("3000-rps", "the same at a fixed 3,000 requests a second", processor::measure),
    case("100k", "the same, 100 KiB on 32", processor::measure),
    case("10m", "the same, 10 MiB on 4", processor::measure),
    case("connections", "the same, 1 KiB and a connection per request", processor::measure),
];
