//! Answers of the Query protocol: elements with text or elements in them, lists as `member`s.

use quick_xml::escape::escape;

/// The namespace of every answer.
const NAMESPACE: &str = "http://autoscaling.amazonaws.com/doc/2011-01-01/";

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
            Content::Text(text) => out.push_str(&escape(text.as_str())),
            Content::Fields(fields) => fields.iter().for_each(|(name, content)| element(name, content, out)),
            Content::List(items) => items.iter().for_each(|item| element("member", item, out)),
        }
    }
}

fn element(name: &str, content: &Content, out: &mut String) {
    out.push_str(&format!("<{name}>"));
    content.write(out);
    out.push_str(&format!("</{name}>"));
}

/// `<{operation}Response>` with its result.
#[must_use]
pub fn answer(operation: &str, result: &Content, request_id: &str) -> String {
    let mut out = format!("<{operation}Response xmlns=\"{NAMESPACE}\">");
    element(&format!("{operation}Result"), result, &mut out);
    let metadata = Content::Fields(vec![("RequestId", request_id.into())]);
    element("ResponseMetadata", &metadata, &mut out);
    out.push_str(&format!("</{operation}Response>"));
    out
}

/// `<ErrorResponse>`.
#[must_use]
pub fn error(code: &str, message: &str, request_id: &str) -> String {
    let mut out = format!("<ErrorResponse xmlns=\"{NAMESPACE}\">");
    let error = Content::Fields(vec![("Type", "Sender".into()), ("Code", code.into()), ("Message", message.into())]);
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
            answer("Describe", &result, "1"),
            "<DescribeResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><DescribeResult><Names>\
             <member>a&lt;b</member><member>c&amp;d</member></Names></DescribeResult><ResponseMetadata>\
             <RequestId>1</RequestId></ResponseMetadata></DescribeResponse>"
        );
    }
}
