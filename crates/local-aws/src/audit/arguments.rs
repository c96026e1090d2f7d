//! A call's arguments as the audit log shows them: short, and without what nobody should read there.

use serde_json::Value;

/// How long they may be.
const LONGEST: usize = 300;
/// How long a text in them may be.
const TEXT: usize = 80;
/// Fields whose text is data of the user's: only its length is shown.
const DATA: &[&str] = &["MessageBody", "StringValue", "BinaryValue", "value", "Value", "userData"];
/// What the name of a field has in it that is a secret (in lower case).
const SECRET: &[&str] = &["secret", "password", "credential", "signature", "security-token"];

/// The arguments as JSON with unquoted names, cut where they are long.
#[must_use]
pub fn shortened(body: &Value) -> String {
    let mut out = String::new();
    if let Value::Object(fields) = body {
        for (name, value) in fields {
            if !out.is_empty() {
                out.push_str(", ");
            }
            out.push_str(cut(name));
            out.push_str(": ");
            write(name, value, &mut out);
            if out.len() > LONGEST {
                break;
            }
        }
    }
    if out.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
        out.truncate(end);
        out.push('…');
    }
    out
}

fn write(name: &str, value: &Value, out: &mut String) {
    if out.len() > LONGEST {
        return;
    }
    match value {
        _ if is_secret(name) => out.push_str("(secret)"),
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) if DATA.contains(&name) => out.push_str(&format!("({} bytes)", text.len())),
        Value::String(text) => {
            out.push('"');
            out.extend(cut(text).chars().map(|letter| if letter.is_control() { ' ' } else { letter }));
            out.push_str(if text.len() > TEXT { "…\"" } else { "\"" });
        }
        Value::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                write(name, item, out);
                if out.len() > LONGEST {
                    return;
                }
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            for (place, (name, value)) in fields.iter().enumerate() {
                if place > 0 {
                    out.push_str(", ");
                }
                out.push_str(cut(name));
                out.push_str(": ");
                write(name, value, out);
                if out.len() > LONGEST {
                    return;
                }
            }
            out.push('}');
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

fn cut(text: &str) -> &str {
    let end = if text.len() <= TEXT {
        text.len()
    } else {
        (0..=TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
    };
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn environments_messages_and_secrets_are_not_shown() {
        let body = json!({
            "cluster": "doze", "count": 2,
            "overrides": { "containerOverrides": [{ "environment": [{ "name": "DB", "value": "postgres://u:pw@h" }] }] },
            "secretOptions": ["a"], "MessageBody": "hello",
        });
        let said = shortened(&body);
        for part in
            ["cluster: \"doze\"", "count: 2", "name: \"DB\"", "(17 bytes)", "(5 bytes)", "secretOptions: (secret)"]
        {
            assert!(said.contains(part), "{part} in {said}");
        }
        assert!(!said.contains("pw@h") && !said.contains("hello"), "{said}");
    }

    #[test]
    fn long_arguments_are_cut() {
        let said = shortened(&json!({ "a": "ä".repeat(500), "b": vec!["x".repeat(70); 50] }));
        assert!(said.len() <= LONGEST + '…'.len_utf8() && said.ends_with('…'), "{said}");
    }

    proptest! {
        #[test]
        fn whatever_the_arguments_are_they_are_short(name in ".{0,400}", text in ".{0,400}", times in 0usize..40) {
            let said = shortened(&json!({ name.clone(): text, "list": vec![json!({ name: [1, 2] }); times] }));
            prop_assert!(said.len() <= LONGEST + 3);
        }
    }
}
