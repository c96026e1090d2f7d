//! The token of rule W4: what whoever asks 9051 for more than a look has to know.

use std::fmt;
use std::hint::black_box;

/// A secret that is never printed and is compared in constant time.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Long enough for any kind of key, short enough for a header field.
const LONGEST: usize = 1024;

impl Token {
    /// The parser for settings. Only visible ASCII can stand in a header field as it is.
    ///
    /// # Errors
    /// What was expected.
    pub fn setting(text: &str) -> Result<Self, &'static str> {
        let fits = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        match fits {
            true => Ok(Token(text.to_owned())),
            false => Err("1 to 1024 visible ASCII characters without a space"),
        }
    }

    /// The value of the `Authorization` field that carries it.
    #[must_use]
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether `authorization`, the value of a request's field, carries this token. How long it takes depends on the
    /// length of what was given, and not on how much of it is right.
    #[must_use]
    pub fn is_carried_by(&self, authorization: &[u8]) -> bool {
        let Some((scheme, given)) = authorization.split_at_checked("Bearer ".len()) else { return false };
        let own = self.0.as_bytes();
        let mut differs = usize::from(given.len() != own.len());
        for (at, byte) in given.iter().enumerate() {
            differs |= usize::from(byte ^ own[at % own.len()]);
        }
        scheme.eq_ignore_ascii_case(b"Bearer ") && black_box(differs) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_carried_by_its_own_authorization_alone() {
        let token = Token::setting("s3cret").expect("token");
        assert!(token.is_carried_by(token.authorization().as_bytes()));
        assert!(token.is_carried_by(b"bearer s3cret"));
        let others: [&[u8]; 8] = [
            b"",
            b"Bearer",
            b"Bearer ",
            b"Bearer s3cre",
            b"Bearer s3crets",
            b"Bearer s3crets3cret",
            b"Basic s3cret",
            b"Bearer S3cret",
        ];
        for other in others {
            assert!(!token.is_carried_by(other), "{}", String::from_utf8_lossy(other));
        }
    }

    #[test]
    fn a_token_is_never_printed_and_fits_into_a_header_field() {
        assert_eq!(format!("{:?}", Token::setting("s3cret")), "Ok(Token(secret))");
        for bad in ["", "two words", "line\n", "schlüssel", &"a".repeat(1025)] {
            assert!(Token::setting(bad).is_err(), "{bad:?}");
        }
    }
}
