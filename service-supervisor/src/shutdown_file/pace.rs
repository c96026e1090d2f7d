//! How often a busy folder, or a busy table of mounts, may wake the supervisor.

use std::time::Duration;

use daemon::moment::Moment;

/// Counts what the kernel tells. A bucket that leaks: each telling fills in a rest, and time takes it out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// So many tellings in a row are taken in as they come.
    burst: u32,
    /// With more, one in this time: events gather meanwhile, and an order among them waits so long at most.
    rest: Duration,
    paid_until: Moment,
}

impl Pace {
    /// For a folder, in which an order may be among what is told.
    pub(super) const FOLDER: Pace = Pace { burst: 10, rest: Duration::from_millis(500), paid_until: Moment::START };

    /// For the table of mounts, which on a host with containers changes all the time.
    pub(super) const MOUNTS: Pace = Pace { burst: 3, rest: Duration::from_secs(10), paid_until: Moment::START };

    /// Takes in that something was told `now`; until when not to listen, where it is too much.
    pub(super) fn told(&mut self, now: Moment) -> Option<Moment> {
        self.paid_until = self.paid_until.max(now) + self.rest;
        let rest_until = self.paid_until - self.rest * self.burst;
        (rest_until > now).then_some(rest_until)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_few_tellings_are_taken_in_at_once_and_more_only_one_in_a_rest() {
        for mut pace in [Pace::FOLDER, Pace::MOUNTS] {
            let (now, rest) = (Moment::millis(1000), pace.rest);
            for telling in 0..pace.burst {
                assert_eq!(pace.told(now), None, "telling {telling}");
            }
            assert_eq!(pace.told(now), Some(now + rest));
            assert_eq!(pace.told(now + rest), Some(now + rest * 2));
            let later = now + rest * pace.burst * 2;
            assert_eq!(pace.told(later), None, "quiet again");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_folder_does_it_wakes_seldom_and_is_never_left_for_longer_than_a_rest(
            gaps in prop::collection::vec(0u64..50, 1..400),
        ) {
            let (mut pace, mut now, mut tellings, mut rest_until) = (Pace::FOLDER, Moment::START, 0_u32, None);
            for gap in gaps {
                now = now + Duration::from_millis(gap);
                if rest_until.is_some_and(|until| now < until) {
                    continue;
                }
                tellings += 1;
                rest_until = pace.told(now);
                prop_assert!(rest_until.is_none_or(|until| until > now && until.since(now) <= pace.rest));
            }
            let most = u128::from(pace.burst) + now.since_start().as_millis() / pace.rest.as_millis() + 1;
            prop_assert!(u128::from(tellings) <= most, "{tellings} of {most}");
        }
    }
}
