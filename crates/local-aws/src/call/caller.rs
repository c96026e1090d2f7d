//! Who calls, by the credentials that a call is signed with.
//!
//! local-aws gives each task, and each host for its agent, an access key id of its own; who signs with anything else is
//! known by that. Signatures are not checked: who wants to pass for another can.

use std::fmt;
use std::str::FromStr;

/// How much of an access key id is kept: as long as AWS allows them (IAM API reference, `AccessKey`).
const LONGEST: usize = 128;
const TASK: &str = "LOCALTASK";
const HOST: &str = "LOCALHOSTAGENT";

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    /// A task, by its id.
    Task(String),
    /// What runs on a host besides its tasks, by the instance id: its `instance-agent`.
    Host(String),
    /// Somebody with another access key id.
    Key(String),
    /// Nobody said who.
    Unknown,
}

impl Caller {
    /// The owner of an access key id.
    #[must_use]
    pub fn of_key(key: &str) -> Caller {
        let hex = |id: &str| !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let after = |prefix: &str| key.strip_prefix(prefix).filter(|id| hex(id)).map(str::to_ascii_lowercase);
        if key.is_empty() {
            Caller::Unknown
        } else if let Some(task) = after(TASK) {
            Caller::Task(task)
        } else if let Some(host) = after(HOST) {
            Caller::Host(format!("i-{host}"))
        } else {
            Caller::Key(key.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect())
        }
    }

    /// The caller that an `Authorization` header names:
    /// `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…`.
    #[must_use]
    pub fn of_authorization(header: &str) -> Caller {
        credential(header).map_or(Caller::Unknown, Caller::of_credential)
    }

    /// The caller of a credential as a presigned request has it in `X-Amz-Credential`: `KEY/DATE/REGION/SERVICE/…`.
    #[must_use]
    pub fn of_credential(credential: &str) -> Caller {
        Caller::of_key(credential.split('/').next().unwrap_or_default())
    }

    /// The access key id that a task is given.
    #[must_use]
    pub fn key_of_task(id: &str) -> String {
        format!("{TASK}{}", id.to_ascii_uppercase())
    }

    /// The access key id that a host's agent is given.
    #[must_use]
    pub fn key_of_host(instance_id: &str) -> String {
        format!("{HOST}{}", instance_id.trim_start_matches("i-").to_ascii_uppercase())
    }

    /// `task`, `host`, `key` or `unknown`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Caller::Task(_) => "task",
            Caller::Host(_) => "host",
            Caller::Key(_) => "key",
            Caller::Unknown => "unknown",
        }
    }

    /// The id of the task or host, or the key; empty for nobody.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Caller::Task(id) | Caller::Host(id) | Caller::Key(id) => id,
            Caller::Unknown => "",
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caller::Task(id) | Caller::Host(id) | Caller::Key(id) => write!(f, "{}:{id}", self.kind()),
            Caller::Unknown => f.write_str("unknown"),
        }
    }
}

/// Which callers are meant: all of a kind (`task`, `host`, `key`, `unknown`), or one (`task:ID`, `host:ID`, `key:ID`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    kind: &'static str,
    id: Option<String>,
}

impl Who {
    /// Whether a caller is meant.
    #[must_use]
    pub fn is(&self, caller: &Caller) -> bool {
        self.kind == caller.kind() && self.id.as_deref().is_none_or(|id| id == caller.id())
    }
}

impl FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Who, String> {
        let (kind, id) = text.split_once(':').map_or((text, None), |(kind, id)| (kind, Some(id)));
        let known = ["task", "host", "key", "unknown"].into_iter().find(|known| *known == kind);
        match (known, id) {
            (Some(kind), None) => Ok(Who { kind, id: None }),
            (Some(kind), Some(id)) if kind != "unknown" && !id.is_empty() => Ok(Who { kind, id: Some(id.to_owned()) }),
            (Some(_) | None, _) => {
                Err("a caller is task, host, key or unknown, or one of them: task:ID, host:ID, key:ID".to_owned())
            }
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{}:{id}", self.kind),
            None => f.write_str(self.kind),
        }
    }
}

/// The credential that an `Authorization` header names.
fn credential(header: &str) -> Option<&str> {
    let rest = header.strip_prefix("AWS4-")?.split_once("Credential=")?.1;
    rest.split([',', ' ']).next()
}

/// The service that a credential is scoped to: the last part but one.
#[must_use]
pub fn scope(header: &str) -> Option<&str> {
    service_of(credential(header)?)
}

/// The service of `KEY/DATE/REGION/SERVICE/aws4_request`.
#[must_use]
pub fn service_of(credential: &str) -> Option<&str> {
    credential.strip_suffix("/aws4_request")?.rsplit('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK_ID: &str = "0123456789abcdef0123456789abcdef";

    fn signed(key: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential={key}/20260601/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    #[test]
    fn a_task_and_a_host_are_known_by_the_key_that_they_were_given() {
        let task = Caller::of_authorization(&signed(&Caller::key_of_task(TASK_ID)));
        assert_eq!((&task, task.to_string()), (&Caller::Task(TASK_ID.to_owned()), format!("task:{TASK_ID}")));
        let host = Caller::of_authorization(&signed(&Caller::key_of_host("i-0123456789abcdef0")));
        assert_eq!(host, Caller::Host("i-0123456789abcdef0".to_owned()));
        assert!(Caller::key_of_task(TASK_ID).bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn everybody_else_is_known_by_their_key_and_who_shows_none_is_unknown() {
        assert_eq!(Caller::of_authorization(&signed("AKIAIOSFODNN7EXAMPLE")).id(), "AKIAIOSFODNN7EXAMPLE");
        assert_eq!(Caller::of_credential("local/20260601/eu-west-1/sqs/aws4_request").id(), "local");
        for none in ["", "Bearer abc", "AWS4-HMAC-SHA256 Credential=", "AWS4-HMAC-SHA256 Signature=0", "Basic ="] {
            assert_eq!(Caller::of_authorization(none), Caller::Unknown, "{none}");
        }
        assert_eq!(Caller::of_key(&"k".repeat(1000)).id().len(), 128);
        assert_eq!(Caller::of_key("LOCALTASKnot-hex").kind(), "key");
    }

    #[test]
    fn callers_are_meant_by_kind_or_one_by_one() {
        let task = Caller::Task("ab".to_owned());
        for (text, meant) in
            [("task", true), ("task:ab", true), ("task:cd", false), ("host", false), ("unknown", false)]
        {
            let who: Who = text.parse().expect(text);
            assert_eq!((who.is(&task), who.to_string().as_str()), (meant, text));
        }
        for bad in ["", "me", "task:", "unknown:x"] {
            assert!(bad.parse::<Who>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_scope_of_a_credential_names_the_service() {
        assert_eq!(scope(&signed("k")), Some("ecs"));
        assert_eq!(scope("AWS4-ECDSA-P256-SHA256 Credential=k/20260601/sqs/aws4_request, Signature=0"), Some("sqs"));
        assert_eq!(scope("AWS4-HMAC-SHA256 Credential=k"), None);
    }
}
