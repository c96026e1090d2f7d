//! Whether a failed attempt may be made again.
//!
//! Decision 4: a request of which no byte was sent is tried elsewhere or held; one that may have been processed is
//! never sent twice unless it is idempotent. Of those, only requests without a body are sent again, and only where the
//! connection had been used before and was most likely closing (trap 5): a request that kills its backend is not to be
//! carried on to the next one.

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No byte of the request was sent: no connection, or no lease any more when there was one.
    NotSent,
    /// It was sent, wholly or in part, and the connection ended before an answer.
    Unanswered {
        /// Whether the connection had carried a request before.
        reused: bool,
    },
    /// The answer began, and was no good.
    BadAnswer,
    /// The caller left, or its own body was broken: no fault of the backend.
    Caller,
}

/// What matters of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// Its method is idempotent (RFC 9110, 9.2.2).
    pub idempotent: bool,
    /// It has a body.
    pub has_body: bool,
    /// How often it was sent again already.
    pub repeats: u32,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes back to the gate: elsewhere, later, or held.
    BackToGate,
    /// It is sent once more.
    Repeat,
    /// The caller is told.
    GiveUp,
}

/// The most often that one request is sent again.
pub const MOST_REPEATS: u32 = 2;

/// What is done after `failure`.
#[must_use]
pub fn after(failure: Failure, request: Attempted) -> Verdict {
    match failure {
        Failure::NotSent => Verdict::BackToGate,
        Failure::Unanswered { reused: true }
            if request.idempotent && !request.has_body && request.repeats < MOST_REPEATS =>
        {
            Verdict::Repeat
        }
        Failure::Unanswered { .. } | Failure::BadAnswer | Failure::Caller => Verdict::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_get_that_met_a_closing_connection_is_sent_again_and_a_post_never() {
        let get = Attempted { idempotent: true, has_body: false, repeats: 0 };
        assert_eq!(after(Failure::Unanswered { reused: true }, get), Verdict::Repeat);
        assert_eq!(after(Failure::Unanswered { reused: false }, get), Verdict::GiveUp);
        let post = Attempted { idempotent: false, has_body: false, repeats: 0 };
        assert_eq!(after(Failure::Unanswered { reused: true }, post), Verdict::GiveUp);
    }

    proptest! {
        #[test]
        fn what_may_have_been_processed_is_never_sent_twice_unless_idempotent(
            idempotent: bool, has_body: bool, repeats in 0u32..4, reused: bool,
        ) {
            let request = Attempted { idempotent, has_body, repeats };
            let verdict = after(Failure::Unanswered { reused }, request);
            prop_assert!(verdict == Verdict::GiveUp || (idempotent && !has_body && repeats < MOST_REPEATS));
            prop_assert_eq!(after(Failure::NotSent, request), Verdict::BackToGate);
        }
    }
}
