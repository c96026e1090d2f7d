//! Reading a call's body as strictly as AWS does.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::refusal::Refusal;

/// Reads a body. A field that is null is one that is not there, at any depth.
///
/// # Errors
/// `SerializationException` for a field of another type than the model has, `InvalidParameterException` for one that is
/// missing.
pub(in crate::ecs) fn read<T: DeserializeOwned>(mut body: Value) -> Result<T, Refusal> {
    without_nulls(&mut body);
    serde_json::from_value(body).map_err(|error| Refusal::unreadable(&error, "InvalidParameterException"))
}

/// `serde_json` parses no deeper than 128, so this goes no deeper.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether `include` has `what`.
///
/// # Errors
/// It has something that is not `allowed`.
pub(in crate::ecs) fn include(given: &[String], allowed: &[&str], what: &str) -> Result<bool, Refusal> {
    if let Some(other) = given.iter().find(|given| !allowed.contains(&given.as_str())) {
        return Err(Refusal::new(
            "InvalidParameterException",
            format!("include: '{other}' should be one of [{}].", allowed.join(", ")),
        ));
    }
    Ok(given.iter().any(|given| given == what))
}
