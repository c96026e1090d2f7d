use http_body_util::BodyExt;
use serde_json::json;

use super::*;

fn asker() -> Asker {
    Asker { id: "1".to_owned(), arn: "arn:task/c/1".to_owned(), cluster: "c".to_owned(), has_role: true }
}

/// The status and the body as it is written.
fn written(response: Response<Full<Bytes>>) -> (u16, String) {
    let status = response.status().as_u16();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let body = runtime.block_on(response.into_body().collect()).expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

#[test]
fn the_path_names_a_container() {
    assert_eq!(container("/api/abc/task-protection/v1/state"), Some("abc"));
    for other in ["/api/abc", "/api/a/b/task-protection/v1/state", "/v4/abc", "/api/abc/task-protection/v2/state"] {
        assert_eq!(container(other), None, "{other}");
    }
}

#[test]
fn a_body_is_read_as_the_agent_reads_it() {
    let put = |enabled, minutes| Some(Request::Put { enabled, minutes });
    let read = |body: &str| Request::put(body.as_bytes()).ok();
    assert_eq!(read(r#"{"ProtectionEnabled":true,"ExpiresInMinutes":60}"#), put(Some(true), Some(60)));
    assert_eq!(read(r#"{"protectionenabled":false}"#), put(Some(false), None));
    assert_eq!(read(r#"{"ProtectionEnabled":true} and more"#), put(Some(true), None));
    assert_eq!(read(r#"{"ProtectionEnabled":null}"#), put(None, None));
    assert_eq!(read("null"), put(None, None));
    for bad in [
        "",
        "{",
        "[]",
        "true",
        r#"{"ProtectionEnabled":"true"}"#,
        r#"{"ProtectionEnabled":true,"ExpiresInMinutes":1.5}"#,
        r#"{"ProtectionEnabled":true,"Unknown":1}"#,
    ] {
        let (status, body) = written(Request::put(bad.as_bytes()).expect_err("refused").answer());
        let said = r#"{"error":{"Code":"InvalidParameterException","Message":"UpdateTaskProtection: failed to decode request"}}"#;
        assert_eq!((status, body.as_str()), (400, said), "{bad}");
    }
}

#[test]
fn what_cannot_be_asked_of_ecs_is_answered_by_the_agent() {
    let put = Request::Put { enabled: Some(true), minutes: None };
    let (status, body) = written(put.question(None).expect_err("refused").answer());
    let said = r#"{"error":{"Code":"ResourceNotFoundException","Message":"Failed to find a task for the request"}}"#;
    assert_eq!((status, body.as_str()), (404, said));
    let empty = Request::Put { enabled: None, minutes: Some(1) };
    let (status, body) = written(empty.question(Some(&asker())).expect_err("refused").answer());
    assert!(status == 400 && body.contains("does not contain 'ProtectionEnabled' field"), "{body}");
    let without = Asker { has_role: false, ..asker() };
    let (status, body) = written(Request::Get.question(Some(&without)).expect_err("refused").answer());
    let said = r#"{"error":{"Arn":"arn:task/c/1","Code":"AccessDeniedException","Message":"Invalid Request: no task IAM role credentials available for task"}}"#;
    assert_eq!((status, body.as_str()), (403, said));
    let question = put.question(Some(&asker())).expect("a question");
    let body = json!({ "cluster": "c", "tasks": ["arn:task/c/1"], "protectionEnabled": true });
    assert_eq!(question, Question { operation: "UpdateTaskProtection", body });
}

#[test]
fn ecs_s_answer_is_written_with_the_agent_s_names() {
    let protected = json!({ "protectedTasks": [
        { "taskArn": "arn:task/c/1", "protectionEnabled": true, "expirationDate": 1_665_023_356.0 },
    ], "failures": [] });
    let said =
        r#"{"protection":{"ExpirationDate":"2022-10-06T02:29:16Z","ProtectionEnabled":true,"TaskArn":"arn:task/c/1"}}"#;
    assert_eq!(written(answer(&asker(), Ok(&protected), "r")), (200, said.to_owned()));
    let free = json!({ "protectedTasks": [{ "taskArn": "arn:task/c/1", "protectionEnabled": false }], "failures": [] });
    let said = r#"{"protection":{"ExpirationDate":null,"ProtectionEnabled":false,"TaskArn":"arn:task/c/1"}}"#;
    assert_eq!(written(answer(&asker(), Ok(&free), "r")), (200, said.to_owned()));
    let failed = json!({ "protectedTasks": [], "failures": [{ "arn": "arn:task/c/1", "reason": "TASK_NOT_VALID" }] });
    let said = r#"{"failure":{"Arn":"arn:task/c/1","Detail":null,"Reason":"TASK_NOT_VALID"}}"#;
    assert_eq!(written(answer(&asker(), Ok(&failed), "r")), (200, said.to_owned()));
    let refusal = Refusal::new("ThrottlingException", "Rate exceeded");
    let said =
        r#"{"requestID":"r","error":{"Arn":"arn:task/c/1","Code":"ThrottlingException","Message":"Rate exceeded"}}"#;
    assert_eq!(written(answer(&asker(), Err(&refusal), "r")), (400, said.to_owned()));
}
