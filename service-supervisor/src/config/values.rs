//! The values that only this program has.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use daemon::parse;

use crate::decide::load::Thousandths;

/// The shortest idle timeout that can be judged: the kernel's clocks and the looks need some margin.
const SHORTEST_IDLE: Duration = Duration::from_secs(1);

/// In thousandths.
pub(super) fn percent(text: &str) -> Result<Thousandths, &'static str> {
    const EXPECTED: &str = "a percentage such as 5% or 0.5%, or 0 for off";
    let (whole, tenths) =
        text.strip_suffix('%').unwrap_or(text).split_once('.').unwrap_or((text.trim_end_matches('%'), "0"));
    let whole: Thousandths = whole.parse().map_err(|_| EXPECTED)?;
    match tenths.parse::<Thousandths>() {
        Ok(tenths) if tenths <= 9 && whole <= 100 => Ok(whole * 10 + tenths),
        Ok(_) | Err(_) => Err(EXPECTED),
    }
}

pub(super) fn address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| "an address such as 10.0.2.100")
}

pub(super) fn idle_timeout(text: &str) -> Result<Duration, &'static str> {
    match parse::duration(text) {
        Ok(some) if some.is_zero() || some >= SHORTEST_IDLE => Ok(some),
        Ok(_) | Err(_) => Err("a duration of at least 1s, such as 300s or 5m, or 0 for never"),
    }
}

pub(super) fn log_metrics(text: &str) -> Result<(), &'static str> {
    if text == "emf" { Ok(()) } else { Err("emf") }
}

/// What ECS takes: whole minutes, up to two days (API reference, UpdateTaskProtection).
pub(super) fn protection_time(text: &str) -> Result<Duration, &'static str> {
    const LONGEST: Duration = Duration::from_secs(2880 * 60);
    match parse::duration(text) {
        Ok(some) if !some.is_zero() && some <= LONGEST && some.subsec_nanos() == 0 && some.as_secs() % 60 == 0 => {
            Ok(some)
        }
        Ok(_) | Err(_) => Err("whole minutes from 1m to 48h, such as 120m or 2h"),
    }
}

pub(super) fn file_path(text: &str) -> Result<PathBuf, &'static str> {
    let path = parse::absolute_path(text)?;
    match (path.parent(), path.file_name()) {
        (Some(_), Some(_)) => Ok(path),
        (None, _) | (_, None) => Err("the absolute path of a file, such as /tmp/shutdown"),
    }
}
