//! The date of an answer, as text. It is made once a second and not for each answer.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use httpdate::HttpDate;

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
pub type Text = [u8; 29];

thread_local! {
    static LAST: Cell<(u64, Text)> = const { Cell::new((0, [0; 29])) };
}

/// The date now.
#[must_use]
pub fn now() -> Text {
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (of, text) = LAST.get();
    if of == second && second != 0 {
        return text;
    }
    let mut made = [b' '; 29];
    let text = HttpDate::from(now).to_string();
    if text.len() == made.len() {
        made.copy_from_slice(text.as_bytes());
    }
    LAST.set((second, made));
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_one_and_the_same_within_its_second() {
        let text = String::from_utf8(now().to_vec()).expect("text");
        let date: HttpDate = text.parse().expect("a date");
        let age = SystemTime::now().duration_since(SystemTime::from(date)).expect("no date of the future");
        assert!(age.as_secs() < 60, "{text}");
        assert!(text.ends_with(" GMT"));
    }
}
