//! Registrations that may still come: whether "not found" means gone.
//!
//! DeregisterInstance says InstanceNotFound of what is not there, and also of what was registered a moment ago and is not
//! known everywhere in Cloud Map yet (its API reference). A registration whose answer was lost may come later still.

use std::collections::HashMap;
use std::time::Duration;

use daemon::moment::Moment;

/// For how long a registration of which no answer came may still show up, and one that has succeeded may still spread.
const MAY_STILL_COME: Duration = Duration::from_secs(60);

/// A service id and an instance id.
pub(crate) type Instance = (String, String);

/// What is known of each instance's registrations.
#[derive(Debug, Default)]
pub(crate) struct Outstanding(HashMap<Instance, Known>);

#[derive(Debug, Default)]
struct Known {
    /// One that was asked for and whose end is not known.
    open: Option<Open>,
    /// The last one that has succeeded: when that was seen.
    registered: Option<Moment>,
}

#[derive(Debug)]
enum Open {
    /// No answer came yet, or none ever: since when.
    Asked(Moment),
    /// It was accepted as this operation.
    Operation(String),
}

impl Outstanding {
    /// A registration is asked for.
    pub(crate) fn asked(&mut self, instance: &Instance, now: Moment) {
        self.0.retain(|_, known| known.may_still_come(now));
        self.0.entry(instance.clone()).or_default().open = Some(Open::Asked(now));
    }

    /// It was accepted as this operation.
    pub(crate) fn accepted(&mut self, instance: &Instance, operation: &str) {
        self.0.entry(instance.clone()).or_default().open = Some(Open::Operation(operation.to_owned()));
    }

    /// It was refused, or its operation failed: it never comes.
    pub(crate) fn failed(&mut self, instance: &Instance) {
        if let Some(known) = self.0.get_mut(instance) {
            known.open = None;
        }
    }

    /// A registration has succeeded, this caller's or another's.
    pub(crate) fn registered(&mut self, instance: &Instance, now: Moment) {
        self.0.insert(instance.clone(), Known { open: None, registered: Some(now) });
    }

    /// A deregistration has succeeded: nothing is left of what came before it.
    pub(crate) fn removed(&mut self, instance: &Instance) {
        self.0.remove(instance);
    }

    /// The operation of a registration that has no known end.
    pub(crate) fn operation(&self, instance: &Instance) -> Option<&str> {
        match self.0.get(instance)?.open.as_ref()? {
            Open::Operation(operation) => Some(operation),
            Open::Asked(_) => None,
        }
    }

    /// Whether an instance that is not found may nevertheless show up later.
    pub(crate) fn may_still_come(&self, instance: &Instance, now: Moment) -> bool {
        self.0.get(instance).is_some_and(|known| known.may_still_come(now))
    }
}

impl Known {
    fn may_still_come(&self, now: Moment) -> bool {
        let recent = |at: Moment| now.since(at) < MAY_STILL_COME;
        let open = match &self.open {
            Some(Open::Asked(at)) => recent(*at),
            Some(Open::Operation(_)) => true,
            None => false,
        };
        open || self.registered.is_some_and(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(id: &str) -> Instance {
        ("srv-1".to_owned(), id.to_owned())
    }

    const NOW: Moment = Moment::millis(5_000);

    #[test]
    fn a_registration_that_has_just_succeeded_may_still_spread_and_after_a_minute_no_more() {
        let (mut outstanding, one) = (Outstanding::default(), instance("0a"));
        outstanding.asked(&one, Moment::START);
        outstanding.accepted(&one, "op-1");
        assert_eq!(outstanding.operation(&one), Some("op-1"));
        outstanding.registered(&one, NOW);
        assert_eq!(outstanding.operation(&one), None);
        assert!(outstanding.may_still_come(&one, NOW + Duration::from_secs(59)));
        assert!(!outstanding.may_still_come(&one, NOW + MAY_STILL_COME));
    }

    #[test]
    fn one_without_an_answer_may_come_for_a_minute_and_one_that_failed_never() {
        let (mut outstanding, one) = (Outstanding::default(), instance("0a"));
        outstanding.asked(&one, NOW);
        assert!(outstanding.may_still_come(&one, NOW + Duration::from_secs(59)));
        assert!(!outstanding.may_still_come(&one, NOW + MAY_STILL_COME));
        outstanding.failed(&one);
        assert!(!outstanding.may_still_come(&one, NOW));
    }

    #[test]
    fn one_that_is_refused_does_not_make_an_earlier_one_forgotten_and_a_deregistration_does() {
        let (mut outstanding, one) = (Outstanding::default(), instance("0a"));
        outstanding.registered(&one, NOW);
        outstanding.asked(&one, NOW);
        outstanding.failed(&one);
        assert!(outstanding.may_still_come(&one, NOW));
        outstanding.removed(&one);
        assert!(!outstanding.may_still_come(&one, NOW));
    }

    #[test]
    fn what_can_come_no_more_takes_no_room() {
        let mut outstanding = Outstanding::default();
        for n in 0..100 {
            let one = instance(&n.to_string());
            let at = NOW + MAY_STILL_COME * n;
            outstanding.asked(&one, at);
            outstanding.registered(&one, at);
        }
        assert!(outstanding.0.len() <= 2, "{outstanding:?}");
    }
}
