//! The AWS calls that make a world: namespace, cluster, group, capacity provider and task definitions. They are the
//! bodies that the real APIs take; on AWS `infra/` makes the same.

use std::time::Duration;

use serde_json::{Value, json};

/// The cluster, group and capacity provider all have this name.
pub const NAME: &str = "doze";

/// What supervisors want to be shown, and proxies and agents show (rule W4).
pub const TOKEN: &str = "of-this-world";

/// How quickly the services of a world fall asleep.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// `--idle-timeout` of the supervisors.
    pub idle: Duration,
    /// How long the app takes until it listens.
    pub app_start: Duration,
}

/// The calls for `local-aws --world`.
#[must_use]
pub fn calls(pace: Pace) -> Value {
    json!([
        { "call": "servicediscovery.CreatePrivateDnsNamespace", "with": {
            "Name": "local", "Vpc": "vpc-local",
            // A sleeping service's name answers NXDOMAIN, and resolvers keep that for this long: one second.
            "Properties": { "DnsProperties": { "SOA": { "TTL": 1 } } } } },
        { "call": "ecs.CreateCluster", "with": { "clusterName": NAME } },
        { "call": "autoscaling.CreateAutoScalingGroup", "with": {
            "AutoScalingGroupName": NAME, "MinSize": 0, "MaxSize": 4, "NewInstancesProtectedFromScaleIn": true } },
        { "call": "autoscaling.SuspendProcesses", "with": {
            "AutoScalingGroupName": NAME, "ScalingProcesses": ["AZRebalance"] } },
        { "call": "ecs.CreateCapacityProvider", "with": { "name": NAME, "autoScalingGroupProvider": {
            "autoScalingGroupArn": NAME,
            "managedScaling": { "status": "ENABLED", "targetCapacity": 100 },
            "managedTerminationProtection": "DISABLED", "managedDraining": "DISABLED" } } },
        { "call": "ecs.PutClusterCapacityProviders", "with": {
            "cluster": NAME, "capacityProviders": [NAME],
            "defaultCapacityProviderStrategy": [{ "capacityProvider": NAME, "weight": 1 }] } },
        { "call": "ecs.RegisterTaskDefinition", "with": service("demo", pace) },
        { "call": "ecs.RegisterTaskDefinition", "with": service("pair", pace) },
        { "call": "ecs.RegisterTaskDefinition", "with": pair_proxy() },
    ])
}

/// A service of three tasks to a host, supervised, in a container named `app`.
fn service(family: &str, pace: Pace) -> Value {
    let idle = format!("{}ms", pace.idle.as_millis());
    let start = format!("{}ms", pace.app_start.as_millis());
    json!({
        "family": family, "networkMode": "awsvpc", "cpu": "256", "memory": "300",
        "containerDefinitions": [{
            "name": "app", "image": "doze-demo", "essential": true, "stopTimeout": 30,
            "portMappings": [{ "containerPort": 9050 }, { "containerPort": 9051 }],
            "environment": [
                { "name": "LISTEN", "value": "{TASK_ADDRESS}:9050" },
                { "name": "START_DELAY", "value": start },
                { "name": "SUPERVISOR_LISTEN", "value": "{TASK_ADDRESS}:9051" },
                { "name": "SUPERVISOR_APP_ADDRESS", "value": "{TASK_ADDRESS}" },
                { "name": "SUPERVISOR_SHUTDOWN_FILE", "value": "{TASK_DIR}/shutdown" },
                { "name": "SUPERVISOR_IDLE_TIMEOUT", "value": idle },
                { "name": "SUPERVISOR_TOKEN", "value": TOKEN },
                { "name": "LOG_FORMAT", "value": "json" },
            ],
        }],
    })
}

/// The proxy of a pair, as a Fargate task.
fn pair_proxy() -> Value {
    json!({
        "family": "pair-proxy", "networkMode": "awsvpc", "cpu": "256", "memory": "512",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{
            "name": "proxy", "image": "doze-proxy", "essential": true,
            "portMappings": [{ "containerPort": 9060 }],
            "environment": [
                { "name": "SERVICE_NAME", "value": "pair" },
                { "name": "PROXY_LISTEN", "value": "{TASK_ADDRESS}:9060" },
                { "name": "PROXY_ADMIN_LISTEN", "value": "{TASK_ADDRESS}:9061" },
                { "name": "PROXY_DNS_SERVER", "value": "{DNS_SERVER}" },
                { "name": "PROXY_CLUSTER", "value": NAME },
                { "name": "PROXY_CAPACITY_PROVIDER", "value": NAME },
                { "name": "PROXY_HEALTH_INTERVAL", "value": "1s" },
                { "name": "PROXY_TOKEN", "value": TOKEN },
                { "name": "LOG_FORMAT", "value": "json" },
            ],
        }],
    })
}
