//! Answers of the Query protocol: elements with text or elements in them, lists as `member`s.

use quick_xml::escape::escape;

/// What is in an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text.
    Text(String),
    /// Elements.
    Fields(Vec<(&'static str, Content)>),
    /// `member`s.
    List(Vec<Content>),
}

impl<T: ToString> From<T> for Content {
    fn from(value: T) -> Self {
        Content::Text(value.to_string())
    }
}

impl Content {
    fn write(&self, out: &mut String) {
        match self {
            Content::Text(text) => write_text(text, out),
            Content::Fields(fields) => fields.iter().for_each(|(name, content)| element(name, content, out)),
            Content::List(items) => items.iter().for_each(|item| element("member", item, out)),
        }
    }
}

/// What XML cannot carry at all becomes U+FFFD, and a carriage return is escaped: a parser would read a line feed.
fn write_text(text: &str, out: &mut String) {
    let carried = |c: char| if is_xml(c) { c } else { char::REPLACEMENT_CHARACTER };
    let text: String = text.chars().map(carried).collect();
    out.push_str(&escape(text.as_str()).replace('\r', "&#13;"));
}

/// Whether XML 1.0 can carry a character (<https://www.w3.org/TR/xml/#charsets>).
#[must_use]
pub const fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn element(name: &str, content: &Content, out: &mut String) {
    out.push_str(&format!("<{name}>"));
    content.write(out);
    out.push_str(&format!("</{name}>"));
}

/// `<{operation}Response>` with its result, in a service's namespace.
#[must_use]
pub fn answer(namespace: &str, operation: &str, result: &Content, request_id: &str) -> String {
    let mut out = format!("<{operation}Response xmlns=\"{namespace}\">");
    element(&format!("{operation}Result"), result, &mut out);
    let metadata = Content::Fields(vec![("RequestId", request_id.into())]);
    element("ResponseMetadata", &metadata, &mut out);
    out.push_str(&format!("</{operation}Response>"));
    out
}

/// `<ErrorResponse>`, in a service's namespace: whose fault it is (`Sender` or `Receiver`), its code and its text.
#[must_use]
pub fn error(namespace: &str, (fault, code, message): (&str, &str, &str), request_id: &str) -> String {
    let mut out = format!("<ErrorResponse xmlns=\"{namespace}\">");
    let error = Content::Fields(vec![("Type", fault.into()), ("Code", code.into()), ("Message", message.into())]);
    element("Error", &error, &mut out);
    element("RequestId", &request_id.into(), &mut out);
    out.push_str("</ErrorResponse>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lists_are_members() {
        let result = Content::Fields(vec![("Names", Content::List(vec!["a<b".into(), "c&d".into()]))]);
        assert_eq!(
            answer("http://a/", "Describe", &result, "1"),
            "<DescribeResponse xmlns=\"http://a/\"><DescribeResult><Names>\
             <member>a&lt;b</member><member>c&amp;d</member></Names></DescribeResult><ResponseMetadata>\
             <RequestId>1</RequestId></ResponseMetadata></DescribeResponse>"
        );
    }

    #[test]
    fn what_xml_cannot_carry_is_replaced_and_a_carriage_return_survives() {
        assert!(error("n", ("Sender", "C", "a\u{1}b\r\nc"), "1").contains("<Message>a\u{FFFD}b&#13;\nc</Message>"));
    }
}
