//! An expression cut into words.

use super::parse::Invalid;

/// A word of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word<'a> {
    Open,
    Close,
    And,
    Or,
    Not,
    /// `==` and the like, `in`, `exists`, and their spelt-out names are read from plain words.
    Operator(&'static str),
    List(Vec<&'a str>),
    Plain(&'a str),
    /// `'i-0abc'`: an argument, never an operator.
    Quoted(&'a str),
}

/// The operators that are signs, the longer first.
const SIGNS: [(&str, &str); 8] =
    [("==", "=="), ("!=", "!="), ("=~", "=~"), ("!~", "!~"), (">=", ">="), ("<=", "<="), (">", ">"), ("<", "<")];

/// Takes words off the front of a text.
#[derive(Debug)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        Words { rest: text }
    }

    /// The next word, left where it is.
    pub(super) fn peek(&self) -> Result<Option<Word<'a>>, Invalid> {
        Words { rest: self.rest }.next()
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Result<Option<Word<'a>>, Invalid> {
        self.rest = self.rest.trim_start();
        let fixed = [
            ("(", Word::Open),
            (")", Word::Close),
            ("&&", Word::And),
            ("||", Word::Or),
            ("!in", Word::Operator("not_in")),
            ("!exists", Word::Operator("not_exists")),
        ];
        for (sign, word) in fixed {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                // `!inside` is no `!in`.
                if sign.len() > 2 && rest.starts_with(|next: char| !ends(next)) {
                    continue;
                }
                self.rest = rest;
                return Ok(Some(word));
            }
        }
        for (sign, operator) in SIGNS {
            if let Some(rest) = self.rest.strip_prefix(sign) {
                self.rest = rest;
                return Ok(Some(Word::Operator(operator)));
            }
        }
        if let Some(rest) = self.rest.strip_prefix('!') {
            self.rest = rest;
            return Ok(Some(Word::Not));
        }
        if let Some(rest) = self.rest.strip_prefix('[') {
            let (list, rest) = rest.split_once(']').ok_or(Invalid::Unclosed)?;
            self.rest = rest;
            return Ok(Some(Word::List(list.split(',').map(|word| bare(word.trim())).collect())));
        }
        if let Some(quoted) = self.quoted()? {
            return Ok(Some(Word::Quoted(quoted)));
        }
        let length = self.rest.find(ends).unwrap_or(self.rest.len());
        let (plain, rest) = self.rest.split_at(length);
        if plain.is_empty() {
            return if rest.is_empty() { Ok(None) } else { Err(Invalid::Unexpected(rest.chars().take(1).collect())) };
        }
        self.rest = rest;
        Ok(Some(match plain {
            "and" => Word::And,
            "or" => Word::Or,
            "not" => Word::Not,
            _ => Word::Plain(plain),
        }))
    }

    /// A text in quotes, of either kind.
    fn quoted(&mut self) -> Result<Option<&'a str>, Invalid> {
        for quote in QUOTES {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, rest) = rest.split_once(quote).ok_or(Invalid::Unclosed)?;
                self.rest = rest;
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// A pattern: in quotes, or up to a space, or to a parenthesis that it did not open.
    pub(super) fn pattern(&mut self) -> Result<&'a str, Invalid> {
        self.rest = self.rest.trim_start();
        if let Some(quoted) = self.quoted()? {
            return Ok(quoted);
        }
        let mut open = 0usize;
        let mut end = self.rest.len();
        for (place, sign) in self.rest.char_indices() {
            match sign {
                '(' => open += 1,
                ')' if open == 0 => {
                    end = place;
                    break;
                }
                ')' => open -= 1,
                sign if sign.is_whitespace() => {
                    end = place;
                    break;
                }
                _ => {}
            }
        }
        let (pattern, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(pattern)
    }
}

const QUOTES: [char; 2] = ['\'', '"'];

/// Without the quotes around it.
fn bare(word: &str) -> &str {
    let inner = QUOTES.iter().find_map(|quote| word.strip_prefix(*quote)?.strip_suffix(*quote));
    inner.unwrap_or(word)
}

/// Whether a plain word ends before it.
fn ends(sign: char) -> bool {
    sign.is_whitespace() || "()[],=!<>&|~'\"".contains(sign)
}
