//! Task protection in awsJson1_1.

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::{Protection, Protections};
use crate::ecs::model::Ecs;
use crate::ecs::wire::{failure, present, read};
use crate::pace::Wall;
use crate::refusal::Refusal;

/// Carries out UpdateTaskProtection or GetTaskProtection.
///
/// # Errors
/// What the model refuses, and other operations.
pub fn call(ecs: &mut Ecs, now: Moment, wall: &Wall, operation: &str, body: Value) -> Result<Value, Refusal> {
    match operation {
        "UpdateTaskProtection" => Ok(shape(ecs.update_task_protection(now, &read(body)?)?, wall)),
        "GetTaskProtection" => Ok(shape(ecs.get_task_protection(&read(body)?)?, wall)),
        unknown => Err(Refusal::unknown_operation(unknown)),
    }
}

fn shape((tasks, failures): Protections, wall: &Wall) -> Value {
    let of = |protection: &Protection| {
        present(json!({
            "taskArn": protection.task,
            "protectionEnabled": protection.until.is_some(),
            "expirationDate": protection.until.map(|until| wall.epoch_seconds(until)),
        }))
    };
    let tasks: Vec<Value> = tasks.iter().map(of).collect();
    let failures: Vec<Value> = failures.iter().map(failure).collect();
    json!({ "protectedTasks": tasks, "failures": failures })
}
