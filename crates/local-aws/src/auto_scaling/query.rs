//! The Query protocol's form: `InstanceIds.member.1=i-1` says what JSON says as `{"InstanceIds": ["i-1"]}`.

use serde_json::{Map, Value};

/// A call as the form has it: `Action`, and the rest as JSON; every leaf is text.
#[must_use]
pub fn read(form: &[u8]) -> (String, Value) {
    let mut tree = Tree::default();
    let mut action = String::new();
    for (name, value) in form_urlencoded::parse(form) {
        match name.as_ref() {
            "Action" => action = value.into_owned(),
            "Version" => {}
            path => tree.put(path, value.into_owned()),
        }
    }
    (action, tree.into_value())
}

/// How deep names may go: deeper than any request of AWS.
const DEEPEST: usize = 12;

#[derive(Default)]
struct Tree {
    text: Option<String>,
    below: Vec<(String, Tree)>,
}

impl Tree {
    fn put(&mut self, path: &str, text: String) {
        let mut here = self;
        for part in path.splitn(DEEPEST, '.') {
            let found = here.below.iter().position(|(name, _)| name == part);
            let index = found.unwrap_or_else(|| {
                here.below.push((part.to_owned(), Tree::default()));
                here.below.len() - 1
            });
            here = &mut here.below[index].1;
        }
        here.text = Some(text);
    }

    fn into_value(self) -> Value {
        match self.text {
            Some(text) if self.below.is_empty() => Value::String(text),
            Some(_) | None => match self.below {
                below if below.len() == 1 && below[0].0 == "member" => list(below),
                below => Value::Object(below.into_iter().map(|(n, t)| (n, t.into_value())).collect::<Map<_, _>>()),
            },
        }
    }
}

/// The items under `member`, in the order of their numbers.
fn list(below: Vec<(String, Tree)>) -> Value {
    let mut items: Vec<(u64, Tree)> = below
        .into_iter()
        .flat_map(|(_, members)| members.below)
        .map(|(number, tree)| (number.parse().unwrap_or(u64::MAX), tree))
        .collect();
    items.sort_by_key(|(number, _)| *number);
    Value::Array(items.into_iter().map(|(_, tree)| tree.into_value()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_become_lists_in_the_order_of_their_numbers() {
        let (action, body) = read(
            b"Action=SetInstanceProtection&Version=2011-01-01&InstanceIds.member.10=c&InstanceIds.member.2=b\
              &InstanceIds.member.1=a&ProtectedFromScaleIn=true&Tags.member.1.Key=k&Tags.member.1.Value=v%20w",
        );
        assert_eq!(action, "SetInstanceProtection");
        assert_eq!(
            body,
            json!({
                "InstanceIds": ["a", "b", "c"],
                "ProtectedFromScaleIn": "true",
                "Tags": [{ "Key": "k", "Value": "v w" }],
            })
        );
    }
}
