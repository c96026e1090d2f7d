//! Clusters: create, describe, list, update, delete.

use std::time::Duration;

use daemon::moment::Moment;
use serde_json::Value;

use super::launch::Failure;
use super::model::Ecs;
use super::pages::Page;
use super::requests::clusters::{ClusterSetting, CreateCluster, ListClusters, UpdateCluster};
use super::requests::{StrategyItem, Tag};
use super::tags;
use crate::account::last_part;
use crate::refusal::Refusal;

/// How long a cluster's capacity providers are being attached or detached, while which they cannot be changed again
/// (`UPDATE_IN_PROGRESS`). AWS gives no time; terraform-provider-aws waits for it in seconds.
const ATTACHING_TAKES: Duration = Duration::from_secs(5);

/// A cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it has not been deleted.
    pub active: bool,
    /// The capacity providers it may use.
    pub providers: Vec<String>,
    /// Used where RunTask names neither a strategy nor a launch type.
    pub default_strategy: Vec<StrategyItem>,
    /// Until when its capacity providers are being changed.
    pub busy_until: Moment,
    /// Tags.
    pub tags: Vec<Tag>,
    /// Settings.
    pub settings: Vec<ClusterSetting>,
    /// As it was given.
    pub configuration: Option<Value>,
    /// As it was given.
    pub service_connect_defaults: Option<Value>,
}

impl Ecs {
    /// Makes a cluster, or finds the one of that name: the call is idempotent, as long as it says the same.
    ///
    /// # Errors
    /// A name, tags or settings that are none; a capacity provider that does not exist; a cluster that is another.
    pub fn create_cluster(&mut self, now: Moment, request: CreateCluster) -> Result<&Cluster, Refusal> {
        let name = request.cluster_name.unwrap_or_else(|| "default".to_owned());
        let allowed = |sign: char| sign.is_ascii_alphanumeric() || "-_".contains(sign);
        if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
            return Err(invalid(
                "Invalid cluster name. Up to 255 letters, numbers, hyphens and underscores are allowed.",
            ));
        }
        tags::valid(&request.tags)?;
        let settings = settings(request.settings)?;
        self.providers_exist(&request.capacity_providers)?;
        let strategy = request.default_capacity_provider_strategy;
        super::capacity::valid_strategy(&strategy)?;
        super::capacity::within(&strategy, &request.capacity_providers)?;
        let arn = self.account.arn("ecs", &format!("cluster/{name}"));
        let attaches = request.capacity_providers.iter().any(|name| self.providers.contains_key(name));
        let made = Cluster {
            name: name.clone(),
            arn,
            active: true,
            providers: request.capacity_providers,
            default_strategy: strategy,
            busy_until: if attaches { now + self.pace.of(ATTACHING_TAKES) } else { Moment::START },
            tags: request.tags,
            settings,
            configuration: request.configuration,
            service_connect_defaults: request.service_connect_defaults,
        };
        if let Some(there) = self.clusters.get(&name).filter(|there| there.active) {
            let same = (made.providers.is_empty() || made.providers == there.providers)
                && (made.default_strategy.is_empty() || made.default_strategy == there.default_strategy)
                && (made.tags.is_empty() || made.tags == there.tags)
                && (made.configuration.is_none() || made.configuration == there.configuration);
            if !same {
                return Err(invalid(
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
                ));
            }
        } else {
            self.clusters.insert(name.clone(), made);
        }
        self.clusters.get(&name).ok_or_else(no_cluster)
    }

    /// UpdateCluster and UpdateClusterSettings: what is said replaces what was.
    ///
    /// # Errors
    /// No such cluster; a setting that is none.
    pub fn update_cluster(&mut self, request: UpdateCluster) -> Result<&Cluster, Refusal> {
        let name = self.named_cluster(request.cluster.as_deref())?;
        let new = request.settings.map(settings).transpose()?;
        let cluster = self.clusters.get_mut(&name).ok_or_else(no_cluster)?;
        if let Some(settings) = new {
            cluster.settings = settings;
        }
        cluster.configuration = request.configuration.or(cluster.configuration.take());
        cluster.service_connect_defaults = request.service_connect_defaults.or(cluster.service_connect_defaults.take());
        Ok(cluster)
    }

    /// DeleteCluster: it becomes INACTIVE, and can still be described.
    ///
    /// # Errors
    /// No such cluster; what is in it; its capacity providers are being changed.
    pub fn delete_cluster(&mut self, now: Moment, name: Option<&str>) -> Result<&Cluster, Refusal> {
        let name = self.named_cluster(name)?;
        if self.instances.values().any(|instance| instance.cluster == name && instance.gone_at.is_none()) {
            return Err(Refusal::new(
                "ClusterContainsContainerInstancesException",
                "The Cluster cannot be deleted while Container Instances are active or draining.",
            ));
        }
        if self.active_services(&name) > 0 {
            return Err(Refusal::new(
                "ClusterContainsServicesException",
                "The Cluster cannot be deleted while Services are active.",
            ));
        }
        if self.tasks.counted(&name).live > 0 {
            return Err(Refusal::new(
                "ClusterContainsTasksException",
                "The Cluster cannot be deleted while Tasks are active.",
            ));
        }
        self.not_busy(now, &name)?;
        let cluster = self.clusters.get_mut(&name).ok_or_else(no_cluster)?;
        cluster.active = false;
        cluster.providers.clear();
        cluster.default_strategy.clear();
        Ok(cluster)
    }

    /// Whether a cluster's capacity providers may be changed.
    pub(super) fn not_busy(&self, now: Moment, cluster: &str) -> Result<(), Refusal> {
        match self.clusters.get(cluster) {
            Some(cluster) if now < cluster.busy_until => Err(Refusal::new(
                "UpdateInProgressException",
                "The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or \
                 UPDATE_FAILED state before they can be updated. Wait and try again.",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// From now on a cluster's capacity providers are being changed.
    pub(super) fn attach_providers(&mut self, now: Moment, cluster: &str) {
        if let Some(cluster) = self.clusters.get_mut(cluster) {
            cluster.busy_until = now + self.pace.of(ATTACHING_TAKES);
        }
    }

    /// Ends what only takes time: a world that is being made does not wait.
    pub fn finish(&mut self) {
        for cluster in self.clusters.values_mut() {
            cluster.busy_until = Moment::START;
        }
    }

    /// A page of the ARNs of the clusters.
    ///
    /// # Errors
    /// A page that is none.
    pub fn list_clusters(&self, request: &ListClusters) -> Result<(Vec<String>, Option<String>), Refusal> {
        let page = Page::read("clusters", 100, request.max_results, request.next_token.as_deref())?;
        let active = self.clusters.values().filter(|cluster| cluster.active);
        let (page, next) = page.cut(active, |cluster| cluster.name.clone());
        Ok((page.into_iter().map(|cluster| cluster.arn.clone()).collect(), next))
    }

    /// The clusters named, or `default`; and what is none.
    ///
    /// # Errors
    /// More than 100.
    pub fn describe_clusters(&self, named: &[String]) -> Result<(Vec<&Cluster>, Vec<Failure>), Refusal> {
        if named.len() > 100 {
            return Err(invalid("Clusters must be at most 100."));
        }
        let default = ["default".to_owned()];
        let asked = if named.is_empty() { &default } else { named };
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for name in asked {
            let name = last_part(name);
            match self.clusters.get(name) {
                Some(cluster) => found.push(cluster),
                None => missing.push(Failure::missing(self.account.arn("ecs", &format!("cluster/{name}")))),
            }
        }
        Ok((found, missing))
    }

    /// A cluster by name or ARN; `default` where none is named.
    ///
    /// # Errors
    /// There is none, or it has been deleted.
    pub fn cluster(&self, name: Option<&str>) -> Result<&Cluster, Refusal> {
        let name = last_part(name.unwrap_or("default"));
        self.clusters.get(name).filter(|cluster| cluster.active).ok_or_else(no_cluster)
    }

    fn named_cluster(&self, name: Option<&str>) -> Result<String, Refusal> {
        match name {
            None | Some("") => Err(invalid("Cluster cannot be null or empty.")),
            Some(name) => Ok(self.cluster(Some(name))?.name.clone()),
        }
    }
}

fn settings(given: Vec<ClusterSetting>) -> Result<Vec<ClusterSetting>, Refusal> {
    let known = |s: &ClusterSetting| {
        s.name == "containerInsights" && ["enabled", "disabled", "enhanced"].contains(&s.value.as_str())
    };
    if !given.iter().all(known) {
        return Err(invalid("The setting 'containerInsights' should be one of [enabled, disabled, enhanced]."));
    }
    // A cluster always has this setting: the account's, which is off.
    let off = || ClusterSetting { name: "containerInsights".to_owned(), value: "disabled".to_owned() };
    Ok(if given.is_empty() { vec![off()] } else { given })
}

pub(super) fn no_cluster() -> Refusal {
    Refusal::new("ClusterNotFoundException", "Cluster not found.")
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
