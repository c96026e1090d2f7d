use serde_json::json;

use super::super::query::{read, write};
use crate::query::form;
use crate::query::xml;

#[test]
fn a_form_says_what_json_says() {
    let call = form::read(
        b"Action=SendMessage&Version=2012-11-05&QueueUrl=u&MessageBody=hi&DelaySeconds=5&MessageAttribute.1.Name=a\
          &MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=x&AttributeName=All\
          &Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=7&Tag.1.Key=k&Tag.1.Value=v&TagKey.2=b&TagKey.1=a",
    )
    .expect("read");
    assert_eq!(
        read(&call.body).expect("read"),
        json!({
            "QueueUrl": "u", "MessageBody": "hi", "DelaySeconds": 5,
            "MessageAttributes": { "a": { "DataType": "String", "StringValue": "x" } },
            "AttributeNames": ["All"], "Attributes": { "VisibilityTimeout": "7" }, "Tags": { "k": "v" },
            "TagKeys": ["a", "b"],
        })
    );
    let call = form::read(
        b"Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=x\
          &SendMessageBatchRequestEntry.1.DelaySeconds=1",
    )
    .expect("read");
    let entries = json!({ "Entries": [{ "Id": "a", "MessageBody": "x", "DelaySeconds": 1 }] });
    assert_eq!(read(&call.body).expect("read"), entries);
}

#[test]
fn an_empty_list_is_an_empty_text_under_the_lists_own_name() {
    let call = form::read(b"Action=SendMessageBatch&QueueUrl=u&Entries=").expect("read");
    assert_eq!(read(&call.body).expect("read"), json!({ "QueueUrl": "u", "Entries": [] }));
}

#[test]
fn forms_that_say_no_such_thing_are_refused() {
    for (form, code) in [
        ("Action=A&DelaySeconds=soon", "InvalidParameterValue"),
        ("Action=A&Attribute.1.Value=7", "MissingParameter"),
        ("Action=A&Attribute.1.Name=a", "MissingParameter"),
        ("Action=A&Attribute=a", "MissingParameter"),
        ("Action=A&Tag.1.Key=a&Tag.1.Value=1&Tag.2.Key=a&Tag.2.Value=2", "InvalidParameterValue"),
    ] {
        let call = form::read(form.as_bytes()).expect("read");
        assert_eq!(read(&call.body).expect_err("refused").code, code, "{form}");
    }
}

#[test]
fn an_answer_is_flattened_as_the_query_protocol_has_it() {
    let messages = json!({ "Messages": [{
        "MessageId": "1", "Body": "a<b\r\n", "Attributes": { "SentTimestamp": "5" },
        "MessageAttributes": { "k": { "DataType": "String", "StringValue": "x" } },
    }] });
    let written = xml::answer("n", "ReceiveMessage", &write("ReceiveMessage", &messages), "r");
    for part in [
        "<ReceiveMessageResult><Message>",
        "<Attribute><Name>SentTimestamp</Name><Value>5</Value></Attribute>",
        "<MessageAttribute><Name>k</Name><Value><DataType>String</DataType><StringValue>x</StringValue></Value>\
         </MessageAttribute>",
        "<Body>a&lt;b&#13;\n</Body>",
    ] {
        assert!(written.contains(part), "{part} in {written}");
    }
    let batch = json!({ "Successful": [{ "Id": "a" }, { "Id": "b" }], "Failed": [{ "Id": "c", "SenderFault": true }] });
    let written = xml::answer("n", "DeleteMessageBatch", &write("DeleteMessageBatch", &batch), "r");
    assert!(written.contains(
        "<DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry><DeleteMessageBatchResultEntry>"
    ));
    assert!(written.contains("<BatchResultErrorEntry><Id>c</Id><SenderFault>true</SenderFault>"), "{written}");
    let urls = json!({ "QueueUrls": ["u1", "u2"] });
    let written = xml::answer("n", "ListQueues", &write("ListQueues", &urls), "r");
    assert!(written.contains("<QueueUrl>u1</QueueUrl><QueueUrl>u2</QueueUrl>"));
}
