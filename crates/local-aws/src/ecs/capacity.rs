//! Capacity providers: create, describe, update, delete, and which of them a cluster may use.

use daemon::moment::Moment;

use super::cluster::{Cluster, no_cluster};
use super::launch::Failure;
use super::model::Ecs;
use super::pages::Page;
use super::requests::capacity::{
    CreateCapacityProvider, DescribeCapacityProviders, PutClusterCapacityProviders, UpdateCapacityProvider,
};
use super::requests::{GroupProvider, ManagedScaling, Tag};
use super::tags;
use crate::account::{Account, last_part};
use crate::refusal::Refusal;

mod settings;
mod valid;

use settings::apply;
pub use valid::{valid_strategy, within};

/// "A capacity provider strategy can contain a maximum of 20 capacity providers" (RunTask).
const STRATEGY_AT_MOST: usize = 20;

/// A capacity provider: an Auto Scaling group that tasks can ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct CapacityProvider {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Whether it has not been deleted.
    pub active: bool,
    /// What happened last: `CREATE_COMPLETE`, `UPDATE_COMPLETE`, `DELETE_COMPLETE`.
    pub update_status: &'static str,
    /// What it provides.
    pub group: GroupProvider,
    /// Tags.
    pub tags: Vec<Tag>,
}

impl CapacityProvider {
    /// The name of the Auto Scaling group.
    #[must_use]
    pub fn group_name(&self) -> &str {
        last_part(&self.group.auto_scaling_group_arn)
    }

    /// Whether ECS sets and lifts the protection of the group's hosts.
    #[must_use]
    pub fn protects(&self) -> bool {
        self.active && self.group.managed_termination_protection == "ENABLED"
    }

    /// Whether ECS drains the group's hosts before they are terminated.
    #[must_use]
    pub fn drains(&self) -> bool {
        self.active && self.group.managed_draining == "ENABLED"
    }

    /// Whether ECS makes the group grow and shrink.
    #[must_use]
    pub fn scales(&self) -> bool {
        self.active && self.group.managed_scaling.status == "ENABLED"
    }
}

/// The providers that every account has without creating them.
pub const FARGATE: [&str; 2] = ["FARGATE", "FARGATE_SPOT"];

/// A capacity provider as it is described.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Described<'a> {
    /// One of Fargate's, as an account sees it.
    Fargate(&'a str, &'a Account),
    /// One of the account's own.
    Own(&'a CapacityProvider),
}

/// A page of them, what was asked for and is none, and where the next page begins.
pub type DescribedPage<'a> = (Vec<Described<'a>>, Vec<Failure>, Option<String>);

impl Ecs {
    /// Makes a capacity provider. Whether its group exists is seen by who knows groups.
    ///
    /// # Errors
    /// A name that is taken or none; settings that are none.
    pub fn create_capacity_provider(&mut self, request: CreateCapacityProvider) -> Result<&CapacityProvider, Refusal> {
        let name = request.name;
        let allowed = |sign: char| sign.is_ascii_alphanumeric() || "-_".contains(sign);
        let taken = ["aws", "ecs", "fargate"].iter().any(|taken| name.to_lowercase().starts_with(taken));
        if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) || taken {
            return Err(client(
                "The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters \
                 (upper and lowercase), numbers, underscores, and hyphens. The name can't be prefixed with \"aws\", \
                 \"ecs\", or \"fargate\". Specify a valid name and try again.",
            ));
        }
        if request.managed_instances_provider.is_some() {
            return Err(Refusal::new("UnsupportedFeatureException", "Managed Instances are not supported here."));
        }
        tags::valid(&request.tags)?;
        let asked = request.auto_scaling_group_provider.unwrap_or_default();
        let group_arn = asked.auto_scaling_group_arn.clone().filter(|arn| !arn.is_empty());
        let mut group = GroupProvider {
            auto_scaling_group_arn: group_arn.ok_or_else(|| {
                client("The specified Auto Scaling group ARN is invalid. Specify a valid ARN and try again.")
            })?,
            managed_scaling: ManagedScaling::default(),
            managed_termination_protection: "DISABLED".to_owned(),
            managed_draining: "ENABLED".to_owned(),
        };
        apply(&mut group, &asked)?;
        if self.providers.get(&name).is_some_and(|provider| provider.active) {
            return Err(client(
                "The specified capacity provider already exists. To change the configuration of an existing capacity \
                 provider, update the capacity provider.",
            ));
        }
        let used = |p: &CapacityProvider| p.active && p.group_name() == last_part(&group.auto_scaling_group_arn);
        if self.providers.values().any(used) {
            return Err(client(
                "The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a \
                 unique Auto Scaling group ARN and try again.",
            ));
        }
        let arn = self.account.arn("ecs", &format!("capacity-provider/{name}"));
        let made = CapacityProvider {
            name: name.clone(),
            arn,
            active: true,
            update_status: "CREATE_COMPLETE",
            group,
            tags: request.tags,
        };
        self.providers.insert(name.clone(), made);
        self.providers.get(&name).ok_or_else(not_found)
    }

    /// UpdateCapacityProvider: what is said replaces what was.
    ///
    /// # Errors
    /// No such provider; settings that are none.
    pub fn update_capacity_provider(&mut self, request: &UpdateCapacityProvider) -> Result<&CapacityProvider, Refusal> {
        let asked = request.auto_scaling_group_provider.as_ref();
        let asked = asked.ok_or_else(|| client("The auto scaling group provider cannot be null."))?;
        let name = last_part(&request.name);
        let provider = self.providers.get_mut(name).filter(|provider| provider.active).ok_or_else(not_found)?;
        let mut group = provider.group.clone();
        apply(&mut group, asked)?;
        provider.group = group;
        provider.update_status = "UPDATE_COMPLETE";
        Ok(provider)
    }

    /// DeleteCapacityProvider: it becomes INACTIVE.
    ///
    /// # Errors
    /// No such provider; Fargate's; one that a cluster uses.
    pub fn delete_capacity_provider(&mut self, name: &str) -> Result<&CapacityProvider, Refusal> {
        let name = last_part(name);
        if FARGATE.contains(&name) {
            return Err(client("The specified capacity provider is reserved and cannot be deleted."));
        }
        if self.clusters.values().any(|cluster| cluster.providers.iter().any(|used| used == name)) {
            return Err(client("The specified capacity provider is in use and cannot be removed."));
        }
        let provider = self.providers.get_mut(name).filter(|provider| provider.active).ok_or_else(not_found)?;
        provider.active = false;
        provider.update_status = "DELETE_COMPLETE";
        Ok(provider)
    }

    /// A page of capacity providers, Fargate's too; and what is none.
    ///
    /// # Errors
    /// Too many; no such cluster; a page that is none.
    pub fn describe_capacity_providers(
        &self,
        request: &DescribeCapacityProviders,
    ) -> Result<DescribedPage<'_>, Refusal> {
        let asked = &request.capacity_providers;
        if asked.len() > 100 {
            return Err(invalid("Capacity providers must be at most 100."));
        }
        let cluster = match &request.cluster {
            None => None,
            Some(name) => Some(self.cluster(Some(name))?),
        };
        let page = Page::read("providers", 10, request.max_results, request.next_token.as_deref())?;
        let own = self.providers.values().map(Described::Own);
        let fargate = |name| Described::Fargate(name, &self.account);
        let mut all: Vec<Described<'_>> = FARGATE.into_iter().map(fargate).chain(own).collect();
        all.sort_by_key(|provider| provider.name());
        let named = |name: &str| asked.iter().any(|asked| last_part(asked) == name);
        let missing = asked.iter().filter(|name| !all.iter().any(|p| p.name() == last_part(name)));
        let failures = missing.map(|name| Failure::missing(name.clone())).collect();
        let listed = all.iter().copied().filter(|provider| {
            let shown = if asked.is_empty() { provider.active() } else { named(provider.name()) };
            shown && cluster.is_none_or(|cluster| cluster.providers.iter().any(|name| name == provider.name()))
        });
        let (page, next) = page.cut(listed, |provider| provider.name().to_owned());
        Ok((page, failures, next))
    }

    /// Replaces what a cluster may use.
    ///
    /// # Errors
    /// No such cluster or provider; one that tasks use would go; the last change is still under way.
    pub fn put_cluster_capacity_providers(
        &mut self,
        now: Moment,
        request: &PutClusterCapacityProviders,
    ) -> Result<&Cluster, Refusal> {
        let name = self.cluster(request.cluster.as_deref())?.name.clone();
        let missing = |what: &str| invalid(&format!("{what} cannot be null."));
        let providers = request.capacity_providers.as_ref().ok_or_else(|| missing("capacityProviders"))?;
        let strategy = request.default_capacity_provider_strategy.as_ref();
        let strategy = strategy.ok_or_else(|| missing("defaultCapacityProviderStrategy"))?;
        self.providers_exist(providers)?;
        valid_strategy(strategy)?;
        within(strategy, providers)?;
        self.not_busy(now, &name)?;
        let there = self.clusters.get(&name).ok_or_else(no_cluster)?.providers.clone();
        let goes = |provider: &&String| !providers.contains(provider);
        for provider in there.iter().filter(goes) {
            let used = |task: &super::task::Task| {
                task.cluster == name
                    && task.provider.as_ref() == Some(provider)
                    && task.last_status < super::task::LastStatus::Stopped
            };
            if self.tasks.values().any(used) {
                return Err(Refusal::new(
                    "ResourceInUseException",
                    "The specified capacity provider is in use and cannot be removed.",
                ));
            }
        }
        let changed = |one: &[String], other: &[String]| {
            one.iter().any(|name| self.providers.contains_key(name) && !other.contains(name))
        };
        if changed(&there, providers) || changed(providers, &there) {
            self.attach_providers(now, &name);
        }
        let cluster = self.clusters.get_mut(&name).ok_or_else(no_cluster)?;
        cluster.providers.clone_from(providers);
        cluster.default_strategy.clone_from(strategy);
        Ok(cluster)
    }

    /// The cluster whose capacity provider has this group, and that provider.
    #[must_use]
    pub fn cluster_of_group(&self, group: &str) -> Option<(&Cluster, &CapacityProvider)> {
        self.providers.values().filter(|provider| provider.active && provider.group_name() == group).find_map(
            |provider| {
                let cluster = self.clusters.values().find(|cluster| cluster.providers.contains(&provider.name))?;
                Some((cluster, provider))
            },
        )
    }

    /// Every capacity provider of the account's own.
    pub fn capacity_providers(&self) -> impl Iterator<Item = &CapacityProvider> {
        self.providers.values().filter(|provider| provider.active)
    }

    pub(super) fn providers_exist(&self, names: &[String]) -> Result<(), Refusal> {
        let known = |name: &&String| {
            FARGATE.contains(&name.as_str()) || self.providers.get(*name).is_some_and(|provider| provider.active)
        };
        match names.iter().find(|name| !known(name)) {
            None => Ok(()),
            Some(_) => Err(not_found_by_name()),
        }
    }
}

impl<'a> Described<'a> {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'a str {
        match self {
            Described::Fargate(name, _) => name,
            Described::Own(provider) => &provider.name,
        }
    }

    const fn active(self) -> bool {
        match self {
            Described::Fargate(..) => true,
            Described::Own(provider) => provider.active,
        }
    }
}

fn not_found() -> Refusal {
    client("The specified capacity provider does not exist. Specify a valid name or ARN and try again.")
}

fn not_found_by_name() -> Refusal {
    invalid("The specified capacity provider was not found. Specify a valid name or ARN and try again.")
}

fn client(message: &str) -> Refusal {
    Refusal::new("ClientException", message)
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
