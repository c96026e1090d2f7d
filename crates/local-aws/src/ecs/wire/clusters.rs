//! How clusters and capacity providers look in answers.

use daemon::moment::Moment;
use serde_json::{Value, json};

use super::{include, present};
use crate::ecs::capacity::Described;
use crate::ecs::cluster::Cluster;
use crate::ecs::model::Ecs;
use crate::refusal::Refusal;

/// What of a cluster is shown only when asked for (`ClusterField`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    attachments: bool,
    configurations: bool,
    settings: bool,
    statistics: bool,
    tags: bool,
}

/// What the calls show that change a cluster.
pub(super) const ALL: Shown =
    Shown { attachments: true, configurations: true, settings: true, statistics: false, tags: true };

const FIELDS: [&str; 5] = ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"];

impl Shown {
    pub(super) fn read(given: &[String]) -> Result<Self, Refusal> {
        Ok(Shown {
            attachments: include(given, &FIELDS, "ATTACHMENTS")?,
            configurations: include(given, &FIELDS, "CONFIGURATIONS")?,
            settings: include(given, &FIELDS, "SETTINGS")?,
            statistics: include(given, &FIELDS, "STATISTICS")?,
            tags: include(given, &FIELDS, "TAGS")?,
        })
    }
}

impl Ecs {
    pub(super) fn cluster_shape(&self, now: Moment, cluster: &Cluster, shown: Shown) -> Value {
        let counted = self.tasks.counted(&cluster.name);
        let services = self.active_services(&cluster.name);
        let statistic = |name: &str, value: usize| json!({ "name": name, "value": value.to_string() });
        let statistics = [
            statistic("runningEC2TasksCount", counted.running_ec2),
            statistic("runningFargateTasksCount", counted.running_fargate),
            statistic("pendingEC2TasksCount", counted.pending_ec2),
            statistic("pendingFargateTasksCount", counted.pending_fargate),
        ];
        let groups: Vec<_> = cluster.providers.iter().filter_map(|name| self.providers.get(name)).collect();
        let busy = now < cluster.busy_until;
        let attachments: Vec<Value> = groups
            .iter()
            .map(|provider| {
                let details = json!([
                    { "name": "capacityProviderName", "value": provider.name },
                    { "name": "scalingPlanName", "value": format!("ECSManagedAutoScalingPlan-{}", provider.name) },
                ]);
                let status = if busy { "CREATING" } else { "CREATED" };
                json!({ "id": provider.name, "type": "as_policy", "status": status, "details": details })
            })
            .collect();
        let status = match (groups.is_empty(), busy) {
            (true, _) => None,
            (false, true) => Some("UPDATE_IN_PROGRESS"),
            (false, false) => Some("UPDATE_COMPLETE"),
        };
        present(json!({
            "clusterArn": cluster.arn,
            "clusterName": cluster.name,
            "status": if cluster.active { "ACTIVE" } else { "INACTIVE" },
            "registeredContainerInstancesCount":
                self.instances.values().filter(|i| i.cluster == cluster.name && i.gone_at.is_none()).count(),
            "runningTasksCount": counted.running_ec2 + counted.running_fargate,
            "pendingTasksCount": counted.pending_ec2 + counted.pending_fargate,
            "activeServicesCount": services,
            "statistics": if shown.statistics { json!(statistics) } else { json!([]) },
            "tags": if shown.tags { json!(cluster.tags) } else { json!([]) },
            "settings": if shown.settings { json!(cluster.settings) } else { json!([]) },
            "configuration": cluster.configuration.as_ref().filter(|_| shown.configurations),
            "serviceConnectDefaults": cluster.service_connect_defaults,
            "capacityProviders": cluster.providers,
            "defaultCapacityProviderStrategy": cluster.default_strategy,
            "attachments": Some(attachments).filter(|_| shown.attachments && status.is_some()),
            "attachmentsStatus": status.filter(|_| shown.attachments),
        }))
    }
}

pub(super) fn provider(provider: Described<'_>, tags: bool) -> Value {
    match provider {
        Described::Fargate(name, account) => json!({
            "capacityProviderArn": account.arn("ecs", &format!("capacity-provider/{name}")),
            "name": name,
            "status": "ACTIVE",
            "tags": [],
            "type": name,
        }),
        Described::Own(provider) => json!({
            "capacityProviderArn": provider.arn,
            "name": provider.name,
            "status": if provider.active { "ACTIVE" } else { "INACTIVE" },
            "autoScalingGroupProvider": provider.group,
            "updateStatus": provider.update_status,
            "tags": if tags { json!(provider.tags) } else { json!([]) },
            "type": "EC2_AUTOSCALING",
        }),
    }
}
