use proptest::prelude::*;

use super::*;

/// A message of the kernel about one socket, as it was recorded.
fn message(sequence: u32, state: u8, info: Option<&[u8]>) -> Vec<u8> {
    let mut body = vec![AF_INET, state, 0, 0];
    body.extend_from_slice(&9050u16.to_be_bytes());
    body.extend_from_slice(&4000u16.to_be_bytes());
    body.extend_from_slice(&[10, 0, 0, 1]);
    body.resize(24, 0);
    body.extend_from_slice(&[10, 0, 0, 9]);
    body.resize(52, 0);
    for number in [30_000u32, 5, 7, 0, 4711] {
        body.extend_from_slice(&number.to_ne_bytes());
    }
    if let Some(info) = info {
        body.extend_from_slice(&u16::try_from(info.len() + 4).expect("short").to_ne_bytes());
        body.extend_from_slice(&INET_DIAG_INFO.to_ne_bytes());
        body.extend_from_slice(info);
    }
    framed(sequence, SOCK_DIAG_BY_FAMILY, 0, &body)
}

fn framed(sequence: u32, kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(HEADER + body.len()).expect("short").to_ne_bytes().to_vec();
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(&flags.to_ne_bytes());
    bytes.extend_from_slice(&sequence.to_ne_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(body);
    bytes.resize(aligned(bytes.len()), 0);
    bytes
}

fn info() -> Vec<u8> {
    let mut info = vec![0; 160];
    info[44..48].copy_from_slice(&250u32.to_ne_bytes());
    info[52..56].copy_from_slice(&300u32.to_ne_bytes());
    info[128..136].copy_from_slice(&77u64.to_ne_bytes());
    (info[2], info[3]) = (2, 4);
    for (at, number) in [(56, 200u32), (100, 1), (136, 12), (152, 8), (156, 9)] {
        info[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    }
    info[120..128].copy_from_slice(&99u64.to_ne_bytes());
    info
}

#[test]
fn an_answer_is_read_with_addresses_queues_and_times() {
    let mut datagram = message(3, 1, Some(&info()));
    datagram.extend(framed(3, NLMSG_DONE, 0, &0u32.to_ne_bytes()));
    let part = read(&datagram, 3).expect("read");
    assert!(part.is_last);
    assert_eq!(
        part.sockets,
        [Socket {
            state: TcpState::Established,
            local: "10.0.0.1:9050".parse().expect("address"),
            peer: "10.0.0.9:4000".parse().expect("address"),
            expires: Duration::from_secs(30),
            receive_queue: 5,
            send_queue: 7,
            inode: 4711,
            details: Some(Details {
                last_sent: Duration::from_millis(250),
                last_received: Duration::from_millis(300),
                last_acknowledged: Duration::from_millis(200),
                repeats: 4,
                bytes_received: Some(77),
                bytes_acknowledged: Some(99),
                segments: Some(Segments { received: 8, sent: 9, bare: 3, repeated: 1 }),
            }),
        }]
    );
}

#[test]
fn what_answers_another_question_is_skipped_and_what_does_not_fit_is_an_error() {
    assert_eq!(read(&message(2, 1, None), 3), Ok(Part::default()));
    assert_eq!(read(&framed(3, NLMSG_ERROR, 0, &(-2i32).to_ne_bytes()), 3), Err(BadAnswer::Kernel(-2)));
    assert_eq!(read(&framed(3, NLMSG_DONE, 0, &(-12i32).to_ne_bytes()), 3), Err(BadAnswer::Kernel(-12)));
    assert_eq!(read(&framed(3, 99, 0, &[]), 3), Err(BadAnswer::Kind(99)));
    assert_eq!(read(&framed(3, NLMSG_NOOP, INTERRUPTED, &[]), 3), Err(BadAnswer::Interrupted));
    assert_eq!(read(&message(3, 77, None), 3), Err(BadAnswer::Socket { family: AF_INET, state: 77 }));
    assert_eq!(read(&message(3, 1, Some(&info()[..40])), 3), Err(BadAnswer::Short));
    let old = read(&message(3, 1, Some(&info()[..104])), 3).expect("an old kernel's").sockets.remove(0);
    assert!(old.details.is_some_and(|details| details.bytes_received.is_none() && details.segments.is_none()));
    let whole = message(3, 1, Some(&info()));
    assert!(read(&whole[..whole.len() - 1], 3).is_err());
}

#[test]
fn the_question_asks_for_one_port_and_only_for_listeners_where_that_is_enough() {
    let all = question(9050, Scope::All, 1);
    assert_eq!(all.len(), 76);
    assert_eq!(all[16..20], [ANY_FAMILY, 0, 0, WANT_INFO]);
    assert_eq!(all[20..22], 9050u16.to_be_bytes());
    assert_eq!(all[68..72], u32::MAX.to_ne_bytes());
    let listeners = question(9050, Scope::Listeners, 1);
    assert_eq!(listeners[68..72], (1u32 << 10).to_ne_bytes());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_or_loop(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, 3);
    }

    #[test]
    fn no_damage_to_a_good_answer_makes_it_panic(at in 0usize..252, to in any::<u8>(), cut in 0usize..300) {
        let mut bytes = message(3, 1, Some(&info()));
        if let Some(byte) = bytes.get_mut(at) {
            *byte = to;
        }
        bytes.truncate(cut.max(1));
        let _ = read(&bytes, 3);
    }
}
