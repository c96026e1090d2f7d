//! The Query protocol's form: `InstanceIds.member.1=i-1` says what JSON says as `{"InstanceIds": ["i-1"]}`, and so does
//! `InstanceId.1=i-1` of the services whose lists are flattened.
//!
//! Guarantees: what it costs to read a form is bounded by its size, whatever its names say; a name that is said twice, or
//! that is a text and has members too, is refused.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// How deep names may go: deeper than any request of AWS.
const DEEPEST: usize = 12;
/// How many parameters there may be: more than ten messages with ten attributes have.
const MOST: usize = 2000;

/// A call as a form has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `Action`.
    pub action: String,
    /// `Version`: each service has one, so it also says which service is meant. Empty when the form has none.
    pub version: String,
    /// The rest, an object; every leaf is text.
    pub body: Value,
}

/// Reads a form.
///
/// # Errors
/// `MalformedQueryString` for what is no call, `MissingAction` for what names none (as in the "Common Errors" of both
/// services' API references).
pub fn read(form: &[u8]) -> Result<Call, Refusal> {
    let mut tree = Tree::default();
    for (number, (name, value)) in form_urlencoded::parse(form).enumerate() {
        if number == MOST {
            return Err(malformed(&format!("it has more than {MOST} parameters")));
        }
        tree.put(&name, value.into_owned())?;
    }
    let action = tree.take("Action")?;
    let version = tree.take("Version")?;
    if action.is_empty() {
        return Err(Refusal::new("MissingAction", "The request is missing an action or a required parameter."));
    }
    let fields = tree.below.into_iter().map(|(name, below)| Ok((name, below.into_value()?)));
    Ok(Call { action, version, body: Value::Object(fields.collect::<Result<Map<_, _>, Refusal>>()?) })
}

fn malformed(why: &str) -> Refusal {
    let mut refusal = Refusal::new("MalformedQueryString", format!("The query string contains a syntax error: {why}."));
    refusal.status = 404;
    refusal
}

#[derive(Default)]
struct Tree {
    text: Option<String>,
    below: Vec<(String, Tree)>,
}

impl Tree {
    fn put(&mut self, path: &str, text: String) -> Result<(), Refusal> {
        let mut here = self;
        for (depth, part) in path.split('.').enumerate() {
            if part.is_empty() || depth == DEEPEST || here.text.is_some() {
                return Err(malformed("a parameter's name makes no sense"));
            }
            let found = here.below.iter().position(|(name, _)| name == part);
            let index = found.unwrap_or_else(|| {
                here.below.push((part.to_owned(), Tree::default()));
                here.below.len() - 1
            });
            here = &mut here.below[index].1;
        }
        if here.text.is_some() || !here.below.is_empty() {
            return Err(malformed("a parameter is there twice"));
        }
        here.text = Some(text);
        Ok(())
    }

    /// Takes a text out; an empty one when it is not there.
    fn take(&mut self, name: &str) -> Result<String, Refusal> {
        let Some(index) = self.below.iter().position(|(there, _)| there == name) else { return Ok(String::new()) };
        self.below.swap_remove(index).1.text.ok_or_else(|| malformed("Action and Version are texts"))
    }

    fn into_value(self) -> Result<Value, Refusal> {
        if let Some(text) = self.text {
            return Ok(Value::String(text));
        }
        let mut below = self.below;
        if below.len() == 1 && below[0].0 == "member" {
            below = below.swap_remove(0).1.below;
            if below.iter().any(|(name, _)| number(name).is_none()) {
                return Err(malformed("a member has no number"));
            }
        }
        // No structure of AWS has a member whose name is a number: where all are, it is a list.
        let numbered: Option<Vec<u32>> = below.iter().map(|(name, _)| number(name)).collect();
        match numbered {
            Some(numbers) => {
                let mut items: Vec<(u32, Tree)> = numbers.into_iter().zip(below.into_iter().map(|(_, t)| t)).collect();
                items.sort_by_key(|(number, _)| *number);
                items.into_iter().map(|(_, tree)| tree.into_value()).collect()
            }
            None => {
                let fields = below.into_iter().map(|(name, tree)| Ok((name, tree.into_value()?)));
                Ok(Value::Object(fields.collect::<Result<Map<_, _>, Refusal>>()?))
            }
        }
    }
}

/// The place of a list's member, from 1, written in one way only.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number: &u32| *number > 0 && number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn code(form: &str) -> &'static str {
        read(form.as_bytes()).expect_err("refused").code
    }

    #[test]
    fn members_become_lists_in_the_order_of_their_numbers() {
        let call = read(
            b"Action=SetInstanceProtection&Version=2011-01-01&InstanceIds.member.10=c&InstanceIds.member.2=b\
              &InstanceIds.member.1=a&ProtectedFromScaleIn=true&Tags.member.1.Key=k&Tags.member.1.Value=v%20w\
              &Name.2=y&Name.1=x",
        )
        .expect("read");
        assert_eq!((call.action.as_str(), call.version.as_str()), ("SetInstanceProtection", "2011-01-01"));
        assert_eq!(
            call.body,
            json!({
                "InstanceIds": ["a", "b", "c"],
                "ProtectedFromScaleIn": "true",
                "Tags": [{ "Key": "k", "Value": "v w" }],
                "Name": ["x", "y"],
            })
        );
    }

    #[test]
    fn a_huge_number_of_a_member_costs_nothing() {
        let call = read(b"Action=A&X.member.999999999=b&X.member.7=a").expect("read");
        assert_eq!(call.body, json!({ "X": ["a", "b"] }));
    }

    #[test]
    fn what_is_no_call_is_refused() {
        assert_eq!(code(""), "MissingAction");
        assert_eq!(code("Version=2011-01-01"), "MissingAction");
        for form in [
            "Action=A&Action=B",
            "Action=A&X=1&X=2",
            "Action=A&X=1&X.Y=2",
            "Action=A&X.Y=1&X=2",
            "Action=A&X..Y=1",
            "Action=A&=1",
            "Action.1=A",
            "Action=A&X.member.one=1",
            "Action=A&X.member.01=1&X.member.1=1",
            "Action=A&X.member.0=1",
            "Action=A&a.b.c.d.e.f.g.h.i.j.k.l.m=1",
        ] {
            assert_eq!(code(form), "MalformedQueryString", "{form}");
        }
        let many: String = (0..=MOST).map(|n| format!("&P{n}=1")).collect();
        assert_eq!(code(&format!("Action=A{many}")), "MalformedQueryString");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(form in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&form);
        }

        #[test]
        fn any_names_are_read_or_refused(names in proptest::collection::vec("[A1m.=&]{0,12}", 0..20)) {
            let form: String = names.iter().map(|name| format!("&{name}=x")).collect();
            let _ = read(format!("Action=A{form}").as_bytes());
        }
    }
}
