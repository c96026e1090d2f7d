//! How task definitions look in answers.

use serde_json::{Value, json};

use super::present;
use crate::ecs::definition::{NetworkMode, TaskDefinition};
use crate::ecs::placement::TASK_ENI;
use crate::pace::Wall;

pub(super) fn definition(definition: &TaskDefinition, wall: &Wall) -> Value {
    let mut shape = json!(definition.request);
    let able: &[&str] = if definition.on_fargate { &["EC2", "FARGATE"] } else { &["EC2"] };
    let needs: Vec<Value> = match definition.network_mode() {
        NetworkMode::Awsvpc => vec![json!({ "name": TASK_ENI })],
        NetworkMode::Bridge | NetworkMode::Host | NetworkMode::None => Vec::new(),
    };
    let time = |at: Option<daemon::moment::Moment>| at.map(|at| wall.epoch_seconds(at));
    shape["taskDefinitionArn"] = json!(definition.arn);
    shape["revision"] = json!(definition.revision);
    shape["status"] = json!(definition.status.name());
    shape["containerDefinitions"] = json!(definition.containers);
    shape["requiresAttributes"] = json!(needs);
    shape["compatibilities"] = json!(able);
    shape["registeredAt"] = json!(wall.epoch_seconds(definition.registered_at));
    shape["deregisteredAt"] = json!(time(definition.deregistered_at));
    shape["deleteRequestedAt"] = json!(time(definition.delete_requested_at));
    present(shape)
}
