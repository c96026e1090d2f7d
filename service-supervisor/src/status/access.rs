//! Who may ask what (rule W4).

use std::net::IpAddr;

use task_state::Token;

use super::request::{Asked, Refusal};

/// What was set about access to 9051.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// `--token`.
    pub token: Option<Token>,
}

impl Access {
    /// Whether somebody at `from` who showed `authorization` may ask that.
    ///
    /// A look is for everybody, the busy sign for the task's own containers. What moves the service, and the watches
    /// that keep it from stopping, want the token where there is one. Without one an order to sleep is taken from the
    /// task itself only.
    ///
    /// # Errors
    /// The refusal.
    pub fn admits(&self, asked: &Asked, authorization: Option<&[u8]>, from: IpAddr) -> Result<(), Refusal> {
        let shown = || self.token.as_ref().map(|token| authorization.is_some_and(|field| token.is_carried_by(field)));
        match (asked, from.is_loopback()) {
            (Asked::Health | Asked::Metrics, _) => Ok(()),
            (Asked::Hold { .. } | Asked::LetGo(_), true) => Ok(()),
            (Asked::Hold { .. } | Asked::LetGo(_), false) => {
                Err(Refusal::Forbidden("/busy is for the task itself, by 127.0.0.1 or ::1"))
            }
            (Asked::Sleep, local) => match shown() {
                Some(true) => Ok(()),
                Some(false) => Err(Refusal::Token),
                None if local => Ok(()),
                None => Err(Refusal::Forbidden("without --token, /sleep is for the task itself")),
            },
            (Asked::Wake | Asked::Watch(_) | Asked::Report(..), _) => match shown() {
                Some(true) | None => Ok(()),
                Some(false) => Err(Refusal::Token),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use task_state::Report;

    use super::*;

    const NEAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const FAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

    fn with_token() -> Access {
        Access { token: Some(Token::setting("s3cret").expect("token")) }
    }

    fn everything() -> [Asked; 8] {
        let holder: crate::decide::busy::Holder = "job".parse().expect("holder");
        let report = Report { sequence: 1, in_flight: 0, unanswered: 0, released: None };
        [
            Asked::Health,
            Asked::Metrics,
            Asked::Wake,
            Asked::Sleep,
            Asked::Watch(None),
            Asked::Report("p".parse().expect("id"), report),
            Asked::Hold { holder: holder.clone(), lease: Duration::from_secs(1) },
            Asked::LetGo(holder),
        ]
    }

    #[test]
    fn wake_sleep_watch_and_reports_want_the_token_and_a_look_does_not() {
        for asked in everything() {
            let wants = matches!(asked, Asked::Wake | Asked::Sleep | Asked::Watch(_) | Asked::Report(..));
            for wrong in [None, Some(&b"Bearer other"[..])] {
                let refused = with_token().admits(&asked, wrong, NEAR) == Err(Refusal::Token);
                assert_eq!(refused, wants, "{asked:?}");
            }
            assert_eq!(with_token().admits(&asked, Some(b"Bearer s3cret"), NEAR), Ok(()), "{asked:?}");
        }
    }

    #[test]
    fn the_busy_sign_is_for_loopback_whatever_is_shown() {
        for asked in everything() {
            let busy = matches!(asked, Asked::Hold { .. } | Asked::LetGo(_));
            let admitted = with_token().admits(&asked, Some(b"Bearer s3cret"), FAR);
            assert_eq!(matches!(admitted, Err(Refusal::Forbidden(_))), busy, "{asked:?}");
        }
    }

    #[test]
    fn without_a_token_nobody_far_away_can_order_sleep() {
        let open = Access::default();
        assert!(matches!(open.admits(&Asked::Sleep, None, FAR), Err(Refusal::Forbidden(_))));
        assert_eq!(open.admits(&Asked::Sleep, None, NEAR), Ok(()));
        assert_eq!(open.admits(&Asked::Wake, None, FAR), Ok(()));
    }
}
