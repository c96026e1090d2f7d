//! A stand-in for a DNS server: A records of one name over UDP, or NXDOMAIN with an SOA. It keeps every question.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

pub(crate) struct Dns {
    pub(crate) at: SocketAddr,
    told: Arc<Mutex<Told>>,
}

#[derive(Default)]
struct Told {
    addresses: Vec<Ipv4Addr>,
    minimum: u32,
    /// Name and type of each question.
    questions: Vec<(String, u16)>,
}

impl Dns {
    /// Knows no address yet; its zone's SOA minimum is `minimum` seconds.
    pub(crate) fn start(minimum: u32) -> Dns {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let told = Arc::new(Mutex::new(Told { minimum, ..Told::default() }));
        let dns = Dns { at: socket.local_addr().expect("an address"), told: Arc::clone(&told) };
        std::thread::spawn(move || {
            let mut bytes = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let answer = answer(&bytes[..length], &mut told.lock().expect("told"));
                let _ = socket.send_to(&answer, from);
            }
        });
        dns
    }

    pub(crate) fn knows(&self, addresses: &[Ipv4Addr]) {
        self.told.lock().expect("told").addresses = addresses.to_vec();
    }

    pub(crate) fn questions(&self) -> Vec<(String, u16)> {
        self.told.lock().expect("told").questions.clone()
    }
}

/// Header, question, then answers or the SOA; names are written as a pointer to the question's.
fn answer(query: &[u8], told: &mut Told) -> Vec<u8> {
    let mut labels = Vec::new();
    let mut at = 12;
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..=at + length]).into_owned());
        at += length + 1;
    }
    let question = &query[12..at + 5];
    told.questions.push((labels.join("."), u16::from_be_bytes([query[at + 1], query[at + 2]])));

    let missing = told.addresses.is_empty();
    let (code, answers, authorities) = if missing { (3, 0, 1) } else { (0, told.addresses.len(), 0) };
    let mut message = query[..2].to_vec();
    message.extend([0x81, 0x80 | code, 0, 1, 0, u8::try_from(answers).expect("few"), 0, authorities, 0, 0]);
    message.extend(question);
    for address in &told.addresses {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4]);
        message.extend(address.octets());
    }
    if missing {
        let numbers = [1, 7200, 900, 1_209_600, told.minimum];
        message.extend([0xc0, 12, 0, 6, 0, 1]);
        message.extend(told.minimum.to_be_bytes());
        message.extend([0, 22, 0, 0]);
        numbers.iter().for_each(|number| message.extend(number.to_be_bytes()));
    }
    message
}
