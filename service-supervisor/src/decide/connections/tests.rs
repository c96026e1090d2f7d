use proptest::prelude::*;

use super::super::look::tests::{connection, data};
use super::*;

const PEER: &str = "10.0.0.9:4000";

fn segments(received: u32, sent: u32, bare: u32) -> Segments {
    Segments { received, sent, bare, repeated: 0 }
}

/// A connection that sent and received in the same tick, two seconds ago.
fn tie(segments: Segments) -> Data {
    Data { segments: Some(segments), ..data(2_000, 2_000) }
}

fn seen(known: &mut Connections, data: Data, now: u64) -> Answer {
    let connection = connection(PEER, Traffic::Known(data));
    known.saw(&[connection], std::iter::empty(), Moment::millis(now));
    known.answer(&connection, &data)
}

#[test]
fn a_tie_is_settled_where_the_acknowledgement_went_with_the_answer() {
    let mut known = Connections::default();
    // The first answers of a connection are no proof: the kernel acknowledges the first requests by themselves.
    assert_eq!(seen(&mut known, tie(segments(1, 1, 1)), 5_000), Answer::Tie);
    assert_eq!(seen(&mut known, tie(segments(3, 3, 1)), 10_000), Answer::Given);
    // And stays so while nothing is received, whatever else is sent.
    assert_eq!(seen(&mut known, tie(segments(3, 3, 9)), 15_000), Answer::Given);
    assert_eq!(seen(&mut known, tie(segments(4, 4, 10)), 20_000), Answer::Tie);
}

#[test]
fn a_tie_is_not_settled_by_what_was_acknowledged_or_sent_before() {
    let settled = |before: Segments, after: Data| {
        let mut known = Connections::default();
        seen(&mut known, tie(before), 5_000);
        seen(&mut known, after, 10_000) == Answer::Given
    };
    let before = segments(2, 2, 1);
    assert!(settled(before, tie(segments(3, 3, 1))));
    assert!(!settled(before, tie(segments(3, 3, 2))), "acknowledged by itself");
    assert!(!settled(before, tie(segments(3, 2, 1))), "nothing was sent");
    assert!(!settled(before, tie(Segments { repeated: 1, ..segments(3, 3, 1) })), "it may have gone with a repetition");
    assert!(!settled(before, Data { segments: None, ..tie(before) }), "not told");
    let fresh = Data { segments: Some(segments(3, 3, 1)), ..data(900, 900) };
    assert!(!settled(before, fresh), "the acknowledgement may still come");
}

#[test]
fn a_tie_is_settled_where_the_peer_acknowledged_soon_and_not_with_data() {
    let acknowledged = |ago: u64, unsent: u32, half_closed: bool| {
        let acknowledged_ago = Duration::from_millis(ago);
        let data = Data { acknowledged_ago, unsent, half_closed, ..tie(segments(1, 1, 1)) };
        seen(&mut Connections::default(), data, 5_000)
    };
    assert_eq!(acknowledged(1_960, 0, false), Answer::Given);
    assert_eq!(acknowledged(2_000, 0, false), Answer::Tie, "it may have gone with its request");
    assert_eq!(acknowledged(900, 0, false), Answer::Tie, "it may be that of a keepalive probe");
    assert_eq!(acknowledged(1_960, 0, true), Answer::Tie, "it may be that of its close");
    assert_eq!(acknowledged(1_960, 1, false), Answer::Owed);
}

#[test]
fn what_was_settled_is_remembered_when_the_evidence_has_gone() {
    let mut known = Connections::default();
    let soon = Data { acknowledged_ago: Duration::from_millis(1_960), ..tie(segments(1, 1, 1)) };
    assert_eq!(seen(&mut known, soon, 5_000), Answer::Given);
    let probed = Data { acknowledged_ago: Duration::ZERO, segments: Some(segments(1, 1, 2)), ..data(7_000, 7_000) };
    assert_eq!(seen(&mut known, probed, 10_000), Answer::Given);
}

#[test]
fn an_unanswered_request_is_never_settled() {
    let mut known = Connections::default();
    seen(&mut known, tie(segments(1, 1, 1)), 5_000);
    let asked = Data { segments: Some(segments(2, 2, 1)), ..data(3_000, 2_000) };
    assert_eq!(seen(&mut known, asked, 10_000), Answer::Owed);
}

#[test]
fn a_stream_on_which_only_pings_move_is_forgotten_in_the_end_and_a_lively_one_never() {
    let hour = Duration::from_secs(3600);
    let forgotten_with = |bytes_a_minute: u64| {
        let mut known = Connections::default();
        let mut forgotten = None;
        for minute in 0..120u64 {
            let stream = connection(PEER, Traffic::Known(Data { bytes: bytes_a_minute * minute, ..data(10, 20) }));
            let now = Moment::millis(minute * 60_000);
            known.saw(&[stream], std::iter::empty(), now);
            if forgotten.is_none() && known.is_forgotten(&stream, hour, now) {
                forgotten = Some(minute);
            }
        }
        forgotten
    };
    assert_eq!(forgotten_with(1_000), Some(60));
    assert_eq!(forgotten_with(1_100), None);
}

#[test]
fn the_end_of_a_connection_is_use_only_if_it_moved_data_after_the_last_look() {
    let mut known = Connections::default();
    let last = Data { segments: Some(segments(3, 3, 0)), ..data(9_000, 9_000) };
    seen(&mut known, last, 10_000);
    let end = |peer: &str, data: Data| (connection(peer, Traffic::Known(data)), data);
    let moved = |known: &Connections, (connection, data): (Connection, Data)| {
        known.moved_before_its_end(&connection, &data, Moment::millis(15_000))
    };
    assert!(!moved(&known, end(PEER, Data { segments: Some(segments(3, 3, 2)), ..data(1_000, 9_500) })));
    assert!(moved(&known, end(PEER, Data { segments: Some(segments(4, 4, 0)), ..data(1_000, 1_000) })));
    assert!(moved(&known, end(PEER, Data { segments: None, ..data(4_999, 9_000) })));
    assert!(!moved(&known, end(PEER, Data { segments: None, ..data(5_000, 9_000) })));
    assert!(moved(&known, end("10.0.0.8:1", last)));
}

#[test]
fn a_connection_is_known_for_one_look_longer_than_it_is_seen() {
    let mut known = Connections::default();
    let ends: SocketAddr = PEER.parse().expect("address");
    seen(&mut known, data(10, 20), 1_000);
    known.saw(&[], std::iter::empty(), Moment::millis(2_000));
    assert!(known.knows(ends, 9050) && !known.knows(ends, 9052));
    known.saw(&[], std::iter::empty(), Moment::millis(3_000));
    assert!(!known.knows(ends, 9050));
}

/// What goes over a connection, and when it is looked at.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The peer asks, acknowledging what it got.
    Ask,
    /// The app answers what was asked.
    Answer,
    /// The kernel acknowledges by itself.
    Acknowledge,
    /// The kernel repeats what it sent.
    Repeat,
    /// Seconds pass, and a look is taken.
    Look,
}

proptest! {
    /// In a world in which all that happens between two looks falls into one tick, as the kernel sees it.
    #[test]
    fn no_story_makes_an_unanswered_request_look_answered(
        steps in prop::collection::vec(
            prop_oneof![Just(Step::Ask), Just(Step::Answer), Just(Step::Acknowledge), Just(Step::Repeat), Just(Step::Look)],
            0..60,
        )
    ) {
        let (mut known, mut segments) = (Connections::default(), segments(0, 0, 0));
        let (mut owed, mut unacknowledged, mut now) = (false, false, 0);
        for step in steps {
            match step {
                Step::Ask => {
                    segments.received += 1;
                    (owed, unacknowledged) = (true, true);
                }
                Step::Answer if owed => {
                    segments.sent += 1;
                    (owed, unacknowledged) = (false, false);
                }
                Step::Acknowledge if unacknowledged => {
                    segments.bare += 1;
                    unacknowledged = false;
                }
                Step::Repeat if segments.sent > 0 => {
                    segments.sent += 1;
                    segments.repeated += 1;
                    unacknowledged = false;
                }
                Step::Answer | Step::Acknowledge | Step::Repeat => {}
                Step::Look => {
                    // What was received is acknowledged by now, by itself if not by an answer.
                    segments.bare += u32::from(std::mem::take(&mut unacknowledged));
                    now += 5_000;
                    let answer = seen(&mut known, tie(segments), now);
                    prop_assert!(!owed || answer == Answer::Tie, "{:?} by {:?}", answer, segments);
                }
            }
        }
    }
}
