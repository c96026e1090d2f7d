//! Lists in pages: how many at once, and an opaque token for where the next page begins.

use crate::refusal::Refusal;

/// A page that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    list: &'static str,
    size: usize,
    /// The key of the last thing on the page before; empty for the first page.
    pub after: String,
}

impl Page {
    /// Reads what is asked for: `most` things at once, unless fewer are wanted.
    ///
    /// # Errors
    /// A size out of range; a token that no list of this kind gave.
    pub fn read(
        list: &'static str,
        most: usize,
        max_results: Option<i32>,
        next_token: Option<&str>,
    ) -> Result<Page, Refusal> {
        let size = match max_results {
            None => most,
            Some(size) => match usize::try_from(size) {
                Ok(size) if (1..=most).contains(&size) => size,
                Ok(_) | Err(_) => return Err(invalid(&format!("maxResults must be between 1 and {most}."))),
            },
        };
        let after = match next_token {
            None => String::new(),
            Some(token) => key_in(list, token).ok_or_else(|| invalid("Invalid token."))?,
        };
        Ok(Page { list, size, after })
    }

    /// Cuts the page off what comes after [`Page::after`], in the order of the keys.
    pub fn cut<T>(&self, items: impl Iterator<Item = T>, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
        self.cut_after(items, &key, |item| key(item) <= self.after)
    }

    /// The same where the items come from the greatest key to the least.
    pub fn cut_backwards<T>(
        &self,
        items: impl Iterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        self.cut_after(items, &key, |item| key(item) >= self.after)
    }

    fn cut_after<T>(
        &self,
        items: impl Iterator<Item = T>,
        key: impl Fn(&T) -> String,
        before: impl Fn(&T) -> bool,
    ) -> (Vec<T>, Option<String>) {
        let mut items = items.skip_while(|item| !self.after.is_empty() && before(item));
        let page: Vec<T> = items.by_ref().take(self.size).collect();
        let next = items.next().and_then(|_| page.last()).map(|last| token(self.list, &key(last)));
        (page, next)
    }
}

/// The list's name is part of it, so that a token of another list is none.
fn token(list: &str, key: &str) -> String {
    format!("{list}\n{key}").bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn key_in(list: &str, token: &str) -> Option<String> {
    if !token.len().is_multiple_of(2) || !token.is_ascii() {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        (0..token.len()).step_by(2).map(|at| u8::from_str_radix(token.get(at..at + 2)?, 16).ok()).collect();
    let text = String::from_utf8(bytes?).ok()?;
    let key = text.strip_prefix(list)?.strip_prefix('\n')?;
    (!key.is_empty()).then(|| key.to_owned())
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pages_one_after_the_other_are_the_whole_list(count in 0usize..50, size in 1i32..10) {
            let all: Vec<String> = (0..count).map(|number| format!("{number:03}")).collect();
            let mut seen = Vec::new();
            let mut next: Option<String> = None;
            loop {
                let page = Page::read("things", 100, Some(size), next.as_deref()).expect("a page");
                let (items, token) = page.cut(all.iter().cloned(), Clone::clone);
                prop_assert!(items.len() <= size as usize);
                seen.extend(items);
                match token {
                    Some(token) => next = Some(token),
                    None => break,
                }
            }
            prop_assert_eq!(seen, all);
        }

        #[test]
        fn no_token_makes_it_panic(token in "\\PC{0,40}") {
            let _ = Page::read("things", 100, None, Some(&token));
        }
    }

    #[test]
    fn a_token_of_another_list_or_of_nobody_is_refused() {
        let other = token("others", "a");
        for bad in ["", "zz", "a", "abc", &other, "é0"] {
            let refused = Page::read("things", 100, None, Some(bad)).expect_err(bad);
            assert_eq!(refused.code, "InvalidParameterException");
        }
        assert!(Page::read("things", 100, Some(0), None).is_err());
        assert!(Page::read("things", 100, Some(101), None).is_err());
    }
}
