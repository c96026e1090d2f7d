//! Clusters and capacity providers.

use super::model::Ecs;
use super::requests::{
    CreateCapacityProvider, CreateCluster, GroupProvider, PutClusterCapacityProviders, StrategyItem,
};
use crate::account::last_part;
use crate::refusal::Refusal;

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The capacity providers it may use.
    pub providers: Vec<String>,
    /// Used where RunTask names neither a strategy nor a launch type.
    pub default_strategy: Vec<StrategyItem>,
}

/// A capacity provider: an Auto Scaling group that tasks can ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct CapacityProvider {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it provides.
    pub group: GroupProvider,
}

impl CapacityProvider {
    /// The name of the Auto Scaling group.
    #[must_use]
    pub fn group_name(&self) -> &str {
        last_part(&self.group.auto_scaling_group_arn)
    }

    /// Whether ECS makes the group grow.
    #[must_use]
    pub fn scales(&self) -> bool {
        self.group.managed_scaling.status == "ENABLED"
    }
}

/// The providers that every cluster has without creating them.
pub(super) const FARGATE: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

impl Ecs {
    /// Makes a cluster, or finds the one of that name: the call is idempotent.
    ///
    /// # Errors
    /// A capacity provider that does not exist.
    pub fn create_cluster(&mut self, request: CreateCluster) -> Result<&Cluster, Refusal> {
        let name = request.cluster_name.unwrap_or_else(|| "default".to_owned());
        self.providers_exist(&request.capacity_providers)?;
        let arn = self.account.arn("ecs", &format!("cluster/{name}"));
        Ok(self.clusters.entry(name.clone()).or_insert(Cluster {
            name,
            arn,
            providers: request.capacity_providers,
            default_strategy: request.default_capacity_provider_strategy,
        }))
    }

    /// Replaces what a cluster may use.
    ///
    /// # Errors
    /// The cluster or a capacity provider does not exist.
    pub fn put_cluster_capacity_providers(
        &mut self,
        request: PutClusterCapacityProviders,
    ) -> Result<&Cluster, Refusal> {
        let name = self.cluster(Some(&request.cluster))?.name.clone();
        self.providers_exist(&request.capacity_providers)?;
        let cluster = self.clusters.get_mut(&name).ok_or_else(no_cluster)?;
        cluster.providers = request.capacity_providers;
        cluster.default_strategy = request.default_capacity_provider_strategy;
        Ok(cluster)
    }

    /// Makes a capacity provider. Whether its group exists is seen by who knows groups.
    ///
    /// # Errors
    /// There is one of that name.
    pub fn create_capacity_provider(&mut self, request: CreateCapacityProvider) -> Result<&CapacityProvider, Refusal> {
        let name = request.name;
        if name.is_empty() || ["aws", "ecs", "fargate"].iter().any(|taken| name.to_lowercase().starts_with(taken)) {
            return Err(Refusal::new(
                "ClientException",
                "The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters \
                 (upper and lowercase), numbers, underscores, and hyphens. The name can't be prefixed with \"aws\", \
                 \"ecs\", or \"fargate\". Specify a valid name and try again.",
            ));
        }
        if self.providers.contains_key(&name) {
            return Err(Refusal::new(
                "ClientException",
                "The specified capacity provider already exists. To change the configuration of an existing capacity \
                 provider, update the capacity provider.",
            ));
        }
        let arn = self.account.arn("ecs", &format!("capacity-provider/{name}"));
        let provider = CapacityProvider { name: name.clone(), arn, group: request.auto_scaling_group_provider };
        Ok(self.providers.entry(name).or_insert(provider))
    }

    /// A cluster by name or ARN; `default` where none is named.
    ///
    /// # Errors
    /// There is none.
    pub fn cluster(&self, name: Option<&str>) -> Result<&Cluster, Refusal> {
        let name = last_part(name.unwrap_or("default"));
        self.clusters.get(name).ok_or_else(no_cluster)
    }

    /// The cluster whose capacity provider has this group, and that provider.
    #[must_use]
    pub fn cluster_of_group(&self, group: &str) -> Option<(&Cluster, &CapacityProvider)> {
        self.providers.values().filter(|provider| provider.group_name() == group).find_map(|provider| {
            let cluster = self.clusters.values().find(|cluster| cluster.providers.contains(&provider.name))?;
            Some((cluster, provider))
        })
    }

    /// The clusters named, or every one; and the names that are none.
    #[must_use]
    pub fn describe_clusters(&self, named: &[String]) -> (Vec<&Cluster>, Vec<String>) {
        if named.is_empty() {
            return (self.clusters.get("default").into_iter().collect(), Vec::new());
        }
        let (found, missing): (Vec<_>, Vec<_>) = named.iter().partition(|n| self.clusters.contains_key(last_part(n)));
        let found = found.into_iter().filter_map(|name| self.clusters.get(last_part(name))).collect();
        (found, missing.into_iter().map(|n| self.account.arn("ecs", &format!("cluster/{}", last_part(n)))).collect())
    }

    fn providers_exist(&self, names: &[String]) -> Result<(), Refusal> {
        match names.iter().find(|name| !FARGATE.contains(&name.as_str()) && !self.providers.contains_key(*name)) {
            None => Ok(()),
            Some(name) => Err(Refusal::new(
                "InvalidParameterException",
                format!("The specified capacity provider '{name}' was not found. Specify a valid name and try again."),
            )),
        }
    }
}

fn no_cluster() -> Refusal {
    Refusal::new("ClusterNotFoundException", "Cluster not found.")
}
