//! `/slow/{seconds}` and `/stress-cpu/{percent}/{seconds}`: requests that take time, and requests that take CPU.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Work is done in slices of this length, busy for a part of each.
const SLICE: Duration = Duration::from_millis(50);

/// A load as its path asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Answers after this time.
    Slow(Duration),
    /// Keeps one core busy.
    Cpu {
        /// How much of each slice, 1 to 100.
        percent: u32,
        /// For how long.
        time: Duration,
    },
}

impl Load {
    /// What a path asks for. None: it is no path of a load. An error says what is allowed.
    ///
    /// # Errors
    /// A number that is none, or out of its bounds.
    pub fn from_path(path: &str) -> Option<Result<Self, &'static str>> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["slow", seconds] => Some(
                number(seconds, 0, 600)
                    .map(|s| Load::Slow(Duration::from_secs(s.into())))
                    .ok_or("/slow/{seconds}: a whole number from 0 to 600\n"),
            ),
            ["stress-cpu", percent, seconds] => Some(
                number(percent, 1, 100)
                    .zip(number(seconds, 1, 60))
                    .map(|(percent, s)| Load::Cpu { percent, time: Duration::from_secs(s.into()) })
                    .ok_or(
                        "/stress-cpu/{percent}/{seconds}: whole numbers, percent from 1 to 100, seconds from 1 to 60\n",
                    ),
            ),
            _ => None,
        }
    }

    /// Takes the time. Ends early, CPU work too, when the caller stops waiting for it.
    pub async fn carry(self) {
        match self {
            Load::Slow(time) => tokio::time::sleep(time).await,
            Load::Cpu { percent, time } => {
                let wanted = Wanted(Arc::new(AtomicBool::new(true)));
                let flag = Arc::clone(&wanted.0);
                let work = tokio::task::spawn_blocking(move || burn(percent, time, &flag));
                // A failure would be a panic in `burn`, which the log has already.
                let _ = work.await;
            }
        }
    }
}

fn number(text: &str, least: u32, most: u32) -> Option<u32> {
    text.parse().ok().filter(|n| (least..=most).contains(n))
}

/// Lowers its flag when it is dropped: the caller has gone.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

fn burn(percent: u32, time: Duration, wanted: &AtomicBool) {
    let end = Instant::now() + time;
    let busy = SLICE * percent / 100;
    while Instant::now() < end && wanted.load(Ordering::Relaxed) {
        let slice = Instant::now();
        while slice.elapsed() < busy {
            std::hint::spin_loop();
        }
        std::thread::sleep(SLICE - busy);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_load_outside_its_bounds_is_refused() {
        for bad in ["/slow/601", "/slow/-1", "/slow/x", "/slow/", "/stress-cpu/0/1", "/stress-cpu/101/1"] {
            assert!(matches!(Load::from_path(bad), Some(Err(_))), "{bad} was accepted");
        }
        for bad in ["/stress-cpu/50/0", "/stress-cpu/50/61", "/stress-cpu/50/1.5"] {
            assert!(matches!(Load::from_path(bad), Some(Err(_))), "{bad} was accepted");
        }
        assert_eq!(Load::from_path("/slow/0"), Some(Ok(Load::Slow(Duration::ZERO))));
        assert_eq!(Load::from_path("/stress-cpu/50"), None);
    }

    proptest! {
        #[test]
        fn no_path_asks_for_more_than_ten_minutes_or_a_minute_of_cpu(path in "/(slow|stress-cpu)(/[0-9]{0,12}){1,2}") {
            match Load::from_path(&path) {
                Some(Ok(Load::Slow(time))) => prop_assert!(time <= Duration::from_secs(600)),
                Some(Ok(Load::Cpu { percent, time })) => {
                    prop_assert!((1..=100).contains(&percent) && time <= Duration::from_secs(60));
                }
                Some(Err(_)) | None => {}
            }
        }
    }
}
