//! Answers in pages.

use crate::auto_scaling::model::validation;
use crate::auto_scaling::requests::Describe;
use crate::query::xml::Content;
use crate::refusal::Refusal;

/// What the tokens of this service begin with.
const TOKEN: &str = "after:";

/// A page of what is listed in the order of its keys: the token is the key of the last one of the page before.
pub(super) fn page(
    request: &Describe,
    name: &'static str,
    most: u32,
    all: Vec<(String, Content)>,
) -> Result<Content, Refusal> {
    page_of(request, name, most, all).map(Content::Fields)
}

/// The fields of [`page`].
pub(super) fn page_of(
    request: &Describe,
    name: &'static str,
    most: u32,
    all: Vec<(String, Content)>,
) -> Result<Vec<(&'static str, Content)>, Refusal> {
    let size = request.max_records.unwrap_or(50.min(most));
    if !(1..=most).contains(&size) {
        return Err(validation(format!("MaxRecords must be between 1 and {most}")));
    }
    let after = match request.next_token.as_deref() {
        None | Some("") => "",
        Some(token) => token
            .strip_prefix(TOKEN)
            .ok_or_else(|| Refusal::new("InvalidNextToken", format!("The token '{token}' is invalid.")))?,
    };
    let mut rest = all.into_iter().filter(|(key, _)| key.as_str() > after);
    let page: Vec<(String, Content)> = rest.by_ref().take(size as usize).collect();
    let last = page.last().map(|(key, _)| key.clone());
    let mut fields = vec![(name, Content::List(page.into_iter().map(|(_, content)| content).collect()))];
    if let (Some(last), Some(_)) = (last, rest.next()) {
        fields.push(("NextToken", format!("{TOKEN}{last}").into()));
    }
    Ok(fields)
}
