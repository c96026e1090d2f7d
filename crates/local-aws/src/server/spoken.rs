//! Which service a request is for, what it asks, and by whom: by what its protocol says. The host's name does not matter
//! (`data-` in front of it neither).

use std::borrow::Cow;

use daemon::moment::Moment;
use http::request::Parts;
use serde_json::{Map, Value};

use super::is_queue;
use crate::call::{Call, Caller, Protocol, Service, caller};
use crate::query::form;
use crate::refusal::Refusal;

/// How long a host's name and an operation's name may be.
const NAME: usize = 256;
/// How large a body may be.
const LARGEST: usize = 1024 * 1024;

/// What the head of a request says of the call.
#[derive(Debug)]
pub(super) struct Spoken {
    /// The protocol that it is to be answered in, and the service as far as it is known yet.
    pub(super) protocol: Protocol,
    pub(super) service: Option<Service>,
    operation: String,
    caller: Caller,
    host: Option<String>,
    /// The queue that the path names.
    queue: Option<String>,
    /// The form, where it is in the address.
    query: Option<String>,
}

impl Spoken {
    /// Reads a head. Without an error the call is to be read from the body.
    pub(super) fn read(head: &Parts) -> Result<Spoken, Refusal> {
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let query = head.uri.query().unwrap_or_default();
        let authorization = text("authorization");
        let credential = || value_of(query.as_bytes(), "X-Amz-Credential");
        let (caller, scope) = match authorization {
            "" => match credential() {
                Some(text) => (Caller::of_credential(&text), caller::service_of(&text).and_then(Service::named)),
                None => (Caller::Unknown, None),
            },
            header => (Caller::of_authorization(header), caller::scope(header).and_then(Service::named)),
        };
        let path = head.uri.path();
        let mut spoken = Spoken {
            protocol: Protocol::Query,
            service: None,
            operation: String::new(),
            caller,
            host: Some(text("host")).filter(|host| !host.is_empty() && host.len() <= NAME).map(str::to_owned),
            queue: is_queue(path).then(|| path.to_owned()),
            query: None,
        };
        let target = text("x-amz-target");
        if let Some((service, operation)) = Service::targeted(target).filter(|(_, name)| name.len() <= NAME) {
            spoken.protocol = service.facts().protocol;
            spoken.service = Some(service);
            spoken.operation = operation.to_owned();
        } else if target.is_empty() && is_of_a_foreign_page(text("origin"), text("sec-fetch-site"), text("host")) {
            let why = "A web page of another origin can call nothing here.";
            return Err(Refusal::new("AccessDenied", why).status(403));
        } else if target.is_empty() && head.method == http::Method::GET {
            spoken.service = spoken.queue.as_ref().map(|_| Service::Sqs).or(scope);
            spoken.query = Some(query.to_owned());
        } else if target.is_empty() && text("content-type").starts_with("application/x-www-form-urlencoded") {
            spoken.service = spoken.queue.as_ref().map(|_| Service::Sqs).or(scope);
        } else {
            return Err(Refusal::new(
                "UnknownOperationException",
                "The request names no service that local-aws knows, neither by X-Amz-Target nor as a Query form.",
            ));
        }
        Ok(spoken)
    }

    /// How many bytes the body may have. A message of 1 MiB grows when JSON or a form escapes it.
    pub(super) fn largest(&self) -> usize {
        match self.service {
            Some(Service::Ecs | Service::CloudMap | Service::AutoScaling) => LARGEST,
            Some(Service::Sqs) if self.protocol != Protocol::Query && !self.operation.starts_with("SendMessage") => {
                LARGEST / 4
            }
            // Whose a form is, and what it asks, may stand in the form.
            Some(Service::Sqs) | None => LARGEST * 4,
        }
    }

    /// Reads the call from the body.
    ///
    /// # Errors
    /// What is no call; the service is known by then.
    pub(super) fn call(&mut self, body: &[u8], arrived: Moment) -> Result<Call, Refusal> {
        let (service, operation, mut body) = match (self.protocol, self.service) {
            (Protocol::Json10 | Protocol::Json11, Some(service)) => {
                (service, std::mem::take(&mut self.operation), object(body)?)
            }
            (Protocol::Query, _) | (_, None) => {
                let form = self.query.take().map_or(Cow::Borrowed(body), |query| Cow::Owned(query.into_bytes()));
                let form::Call { action, version, body } = form::read(&form)?;
                let service = self.of_form(&version);
                self.service = Some(service);
                if action.len() > NAME {
                    return Err(Refusal::unknown_operation("of this length"));
                }
                (service, action, body)
            }
        };
        // A queue's address may say what its form does not.
        if let (Some(path), Service::Sqs, Value::Object(fields)) = (&self.queue, service, &mut body) {
            let host = self.host.as_deref().unwrap_or("localhost");
            fields.entry("QueueUrl").or_insert_with(|| format!("http://{host}{path}").into());
        }
        let caller = std::mem::replace(&mut self.caller, Caller::Unknown);
        Ok(Call { service, protocol: self.protocol, operation, body, caller, host: self.host.take(), arrived })
    }

    /// Whose a form is: the queue's path says it, else its version, else what it is signed for.
    fn of_form(&self, version: &str) -> Service {
        let version = || Service::of_version(version);
        let queue = self.queue.as_ref().map(|_| Service::Sqs);
        // Who says nothing at all is told by Auto Scaling that there is no such action.
        queue.or_else(version).or(self.service).unwrap_or(Service::AutoScaling)
    }
}

/// Whether a browser sent this for a page that did not come from here: it sends forms without asking first. What is called
/// by `X-Amz-Target` it asks about, and is not answered.
fn is_of_a_foreign_page(origin: &str, site: &str, host: &str) -> bool {
    let own = origin.split_once("://").is_some_and(|(_, from)| from == host);
    !(origin.is_empty() || own) || !matches!(site, "" | "none" | "same-origin")
}

fn value_of<'a>(form: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(form).find(|(found, _)| found == name).map(|(_, value)| value)
}

/// The arguments of a JSON call.
fn object(body: &[u8]) -> Result<Value, Refusal> {
    match serde_json::from_slice(body) {
        _ if body.is_empty() => Ok(Value::Object(Map::new())),
        Ok(Value::Object(mut fields)) => {
            // A field that is null is a field that is not there.
            fields.retain(|_, value| !value.is_null());
            Ok(Value::Object(fields))
        }
        Ok(_) | Err(_) => Err(Refusal::new("SerializationException", "The request's body is no JSON object.")),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use serde_json::json;

    use super::*;

    fn read(request: http::request::Builder, body: &str) -> Result<Call, String> {
        let (head, ()) = request.body(()).expect("a request").into_parts();
        let read = || Spoken::read(&head)?.call(body.as_bytes(), Moment::START);
        read().map_err(|refusal: Refusal| refusal.code.to_owned())
    }

    fn form(path: &str) -> http::request::Builder {
        Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("host", "h:1")
    }

    fn scoped(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=me/20260601/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    #[test]
    fn a_target_names_the_service_and_its_protocol() {
        let request = Request::post("/").header("x-amz-target", "AmazonSQS.ListQueues");
        let call = read(request.header("authorization", scoped("sqs")), r#"{"a":null,"b":1}"#).expect("a call");
        assert_eq!(
            (call.service, call.protocol, call.operation.as_str()),
            (Service::Sqs, Protocol::Json10, "ListQueues")
        );
        assert_eq!((call.body, call.caller), (json!({ "b": 1 }), Caller::Key("me".to_owned())));
    }

    #[test]
    fn whose_a_form_is_is_told_by_its_path_its_version_or_its_credential() {
        for (request, body, service) in [
            (form("/"), "Action=X&Version=2011-01-01", Service::AutoScaling),
            (form("/"), "Action=X&Version=2012-11-05", Service::Sqs),
            (form("/000000000000/q"), "Action=X", Service::Sqs),
            (form("/").header("authorization", scoped("sqs")), "Action=X", Service::Sqs),
            (form("/").header("authorization", scoped("autoscaling")), "Action=X", Service::AutoScaling),
            (form("/"), "Action=X", Service::AutoScaling),
        ] {
            let call = read(request, body).expect("a call");
            assert_eq!(
                (call.service, call.operation.as_str(), call.protocol),
                (service, "X", Protocol::Query),
                "{body}"
            );
        }
    }

    #[test]
    fn a_form_may_stand_in_the_address_and_a_queue_in_the_path() {
        let query = "Action=ReceiveMessage&X-Amz-Credential=LOCALTASKAB%2F20260601%2Feu-west-1%2Fsqs%2Faws4_request";
        let request = Request::get(format!("/000000000000/q?{query}")).header("host", "127.0.0.1:4566");
        let call = read(request, "").expect("a call");
        assert_eq!((call.service, call.caller), (Service::Sqs, Caller::Task("ab".to_owned())));
        assert_eq!(call.body["QueueUrl"], "http://127.0.0.1:4566/000000000000/q");
        let own = read(form("/000000000000/q"), "Action=X&QueueUrl=http://else/000000000000/r").expect("a call");
        assert_eq!(own.body["QueueUrl"], "http://else/000000000000/r");
    }

    #[test]
    fn a_form_of_a_foreign_web_page_is_no_call() {
        let body = "Action=X&Version=2011-01-01";
        for (name, value) in [("origin", "http://evil"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
            assert_eq!(read(form("/").header(name, value), body), Err("AccessDenied".to_owned()), "{name}: {value}");
            let image = Request::get(format!("/?{body}")).header("host", "h:1").header(name, value);
            assert_eq!(read(image, ""), Err("AccessDenied".to_owned()), "{name}: {value}");
        }
        for (name, value) in [("origin", "http://h:1"), ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")] {
            assert!(read(form("/").header(name, value), body).is_ok(), "{name}: {value}");
        }
    }

    #[test]
    fn what_names_no_service_or_is_no_object_is_refused() {
        assert_eq!(read(Request::post("/"), "{}"), Err("UnknownOperationException".to_owned()));
        let unknown = Request::post("/").header("x-amz-target", "Nobody.Nothing");
        assert_eq!(read(unknown, "{}"), Err("UnknownOperationException".to_owned()));
        for bad in ["{", "[]", "1", &"[".repeat(10_000)] {
            let request = Request::post("/").header("x-amz-target", "AmazonSQS.ListQueues");
            assert_eq!(read(request, bad), Err("SerializationException".to_owned()), "{bad:.20}");
        }
    }
}
