//! Receipt handles: they say of themselves which receive of which message of which queue they are of, so that a handle of
//! yesterday is told apart from nonsense without being remembered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};

/// What every handle of SQS begins with.
const START: &str = "AQEB";

/// What a receipt handle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The queue, by a number that is never used again.
    pub queue: u64,
    /// The message, by its place in the queue.
    pub message: u64,
    /// Which receive of it, from 1.
    pub receive: u32,
}

impl Receipt {
    /// The handle.
    #[must_use]
    pub fn handle(&self) -> String {
        let mut bytes = self.bytes();
        let check = Md5::digest(&bytes);
        bytes.extend_from_slice(&check);
        format!("{START}{}", BASE64.encode(bytes))
    }

    /// What a handle says; none when it was never given out.
    #[must_use]
    pub fn read(handle: &str) -> Option<Receipt> {
        let bytes = BASE64.decode(handle.strip_prefix(START)?).ok()?;
        let (queue, rest) = bytes.split_first_chunk::<8>()?;
        let (message, rest) = rest.split_first_chunk::<8>()?;
        let (receive, check) = rest.split_first_chunk::<4>()?;
        let receipt = Receipt {
            queue: u64::from_be_bytes(*queue),
            message: u64::from_be_bytes(*message),
            receive: u32::from_be_bytes(*receive),
        };
        (Md5::digest(receipt.bytes()).as_slice() == check).then_some(receipt)
    }

    fn bytes(&self) -> Vec<u8> {
        [&self.queue.to_be_bytes()[..], &self.message.to_be_bytes(), &self.receive.to_be_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_handle_says_what_it_was_made_of(queue: u64, message: u64, receive: u32) {
            let receipt = Receipt { queue, message, receive };
            prop_assert_eq!(Receipt::read(&receipt.handle()), Some(receipt));
        }

        #[test]
        fn nothing_else_is_a_handle(text in "(AQEB)?[A-Za-z0-9+/=]{0,60}") {
            prop_assert_eq!(Receipt::read(&text), None);
        }
    }
}
