//! Numbers by which requests are found again.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};
use uuid::Uuid;

static COUNT: AtomicU64 = AtomicU64::new(0);
static FIRST: OnceLock<(u64, u64)> = OnceLock::new();

/// A number that no other request has: 32 hexadecimal digits. Asking the kernel for each would cost a system call, so
/// it is asked once, and counted on from there. It is no secret.
#[must_use]
pub fn fresh() -> [u8; 32] {
    let (run, start) = *FIRST.get_or_init(|| Uuid::new_v4().as_u64_pair());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut digits = [0; 32];
    hex(&mut digits[..16], run);
    hex(&mut digits[16..], scatter(start.wrapping_add(count)));
    digits
}

fn hex(digits: &mut [u8], number: u64) {
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[((number >> (4 * place)) & 0xf) as usize];
    }
}

/// One to one, so that no two counts meet; the finalizer of SplitMix64.
fn scatter(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A key for the handshake of a WebSocket (RFC 6455, 4.1): 16 random bytes.
#[must_use]
pub fn websocket_key() -> String {
    STANDARD.encode(Uuid::new_v4().as_bytes())
}

/// What has to be answered to it (RFC 6455, 4.2.2).
#[must_use]
pub fn websocket_accept(key: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_requests_have_the_same_number() {
        let ids: std::collections::BTreeSet<[u8; 32]> = (0..1_000).map(|_| fresh()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().flatten().all(u8::is_ascii_hexdigit));
    }

    #[test]
    fn a_key_is_answered_as_the_standards_own_example_says() {
        assert_eq!(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_has_sixteen_bytes() {
        assert_eq!(STANDARD.decode(websocket_key()).map(|key| key.len()), Ok(16));
    }
}
