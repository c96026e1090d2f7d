//! Ids as AWS writes them. They look random and come from a seed, so that a test or a simulation can replay them.

/// Makes ids. Two of the same seed make the same ids in the same order.
#[derive(Clone, Debug)]
pub struct Ids {
    state: u64,
}

impl Ids {
    /// Starts at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Ids { state: seed }
    }

    /// A number (SplitMix64).
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// So many hex digits: a task's id has 32, a container's 64.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.number()));
        }
        text.truncate(digits);
        text
    }

    /// So many lower case letters and digits, as Cloud Map's ids have them.
    pub fn letters(&mut self, count: usize) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        (0..count).map(|_| char::from(LETTERS[usize::try_from(self.number() % 32).unwrap_or(0)])).collect()
    }

    /// A UUID's form.
    pub fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_length_asked_for_and_repeat_only_with_their_seed() {
        let (mut one, mut same, mut other) = (Ids::new(7), Ids::new(7), Ids::new(8));
        let id = one.hex(32);
        assert_eq!((id.len(), one.letters(16).len(), one.uuid().len()), (32, 16, 36));
        assert_eq!(id, same.hex(32));
        assert_ne!(id, other.hex(32));
        assert_ne!(id, same.hex(32));
    }
}
