//! When people are reminded that a certificate ends. Pure: the wall clock, as the time since 1970, is an argument.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Between two reminders of the same.
const BETWEEN: Duration = DAY;

/// When a certificate is valid, since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From here.
    pub not_before: Duration,
    /// Until here.
    pub not_after: Duration,
}

/// How near the end of a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is to be done.
    Fine,
    /// It is not valid yet.
    NotYet,
    /// It ends within 30 days.
    Month,
    /// It ends within 7 days.
    Week,
    /// It ends within a day.
    Day,
    /// It has ended: callers refuse it.
    Expired,
}

impl Validity {
    /// For ever: of a certificate whose validity nobody could read.
    pub(super) const UNKNOWN: Validity = Validity { not_before: Duration::ZERO, not_after: Duration::MAX };

    /// The stage at `now`. Of a certificate that lives for days, a last third is no news before it has begun.
    #[must_use]
    pub fn stage(&self, now: Duration) -> Stage {
        let left = self.not_after.saturating_sub(now);
        let last_third = self.not_after.saturating_sub(self.not_before) / 3;
        let within = |time: Duration| left <= time.min(last_third);
        match () {
            () if now < self.not_before => Stage::NotYet,
            () if now > self.not_after => Stage::Expired,
            () if within(DAY) => Stage::Day,
            () if within(7 * DAY) => Stage::Week,
            () if within(30 * DAY) => Stage::Month,
            () => Stage::Fine,
        }
    }

    /// Whole days until it ends.
    #[must_use]
    pub fn days_left(&self, now: Duration) -> u64 {
        self.not_after.saturating_sub(now).as_secs() / DAY.as_secs()
    }
}

/// What people were reminded of.
#[derive(Debug, Default)]
pub(super) struct Reminders {
    said: Vec<(Stage, Duration)>,
}

impl Reminders {
    /// Which of the certificates to speak of at `now`: those at a new stage, and each day those that are not fine.
    pub(super) fn due(&mut self, validities: &[Validity], now: Duration) -> Vec<(usize, Stage)> {
        self.said.resize(validities.len(), (Stage::Fine, now));
        let mut due = Vec::new();
        for (at, (validity, (said, when))) in validities.iter().zip(&mut self.said).enumerate() {
            let stage = validity.stage(now);
            let again = now.saturating_sub(*when) >= BETWEEN;
            if stage != *said || again {
                (*said, *when) = (stage, now);
                if stage != Stage::Fine {
                    due.push((at, stage));
                }
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Duration = Duration::from_secs(1_780_000_000);

    fn valid_for(days: u32) -> Validity {
        Validity { not_before: START, not_after: START + days * DAY }
    }

    #[test]
    fn a_certificate_comes_to_its_end_in_stages() {
        let validity = valid_for(365);
        for (day, stage) in [
            (0, Stage::Fine),
            (334, Stage::Fine),
            (335, Stage::Month),
            (357, Stage::Month),
            (358, Stage::Week),
            (364, Stage::Day),
            (365, Stage::Day),
            (366, Stage::Expired),
        ] {
            assert_eq!(validity.stage(START + day * DAY), stage, "on day {day}");
        }
        assert_eq!(validity.stage(START - DAY), Stage::NotYet);
    }

    #[test]
    fn a_certificate_that_lives_for_days_is_fine_until_its_last_third() {
        let validity = valid_for(6);
        assert_eq!(validity.stage(START + 3 * DAY), Stage::Fine);
        assert_eq!(validity.stage(START + 4 * DAY), Stage::Week);
        assert_eq!(validity.stage(START + 5 * DAY), Stage::Day);
    }

    #[test]
    fn a_reminder_comes_at_once_at_each_new_stage_and_then_daily() {
        let (mut reminders, validity) = (Reminders::default(), [valid_for(90)]);
        let mut days = Vec::new();
        for hour in 0..24 * 92 {
            let now = START + hour * DAY / 24;
            days.extend(reminders.due(&validity, now).into_iter().map(|(_, stage)| (hour / 24, stage)));
        }
        let of = |stage| days.iter().filter(|(_, said)| *said == stage).count();
        assert_eq!(days.first(), Some(&(60, Stage::Month)));
        assert_eq!((of(Stage::Month), of(Stage::Week), of(Stage::Day), of(Stage::Expired)), (23, 6, 2, 2));
    }

    #[test]
    fn a_renewed_certificate_is_not_spoken_of() {
        let mut reminders = Reminders::default();
        let now = START + 364 * DAY;
        assert_eq!(reminders.due(&[valid_for(365), valid_for(3650)], now), [(0, Stage::Day)]);
        assert_eq!(reminders.due(&[valid_for(3650), valid_for(3650)], now), []);
        assert_eq!(Validity::UNKNOWN.stage(now), Stage::Fine);
    }

    proptest! {
        #[test]
        fn stages_only_ever_come_nearer_to_the_end(days in 1u32..4000, hours in proptest::collection::vec(0u32..100_000, 2)) {
            let validity = valid_for(days);
            let (early, late) = (hours[0].min(hours[1]), hours[0].max(hours[1]));
            let rank = |hour: u32| validity.stage(START + hour * DAY / 24) as u8;
            prop_assert!(rank(early) <= rank(late));
        }
    }
}
