//! What calls about warm pools carry.

use serde::Deserialize;

use super::{maybe_number, maybe_unset, switch};

/// PutWarmPool.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PutWarmPool {
    /// The group.
    pub auto_scaling_group_name: String,
    /// Hosts in the pool and in the group together; -1 or nothing is the group's greatest size.
    #[serde(default, deserialize_with = "maybe_unset")]
    pub max_group_prepared_capacity: Option<i64>,
    /// Hosts in the pool at least.
    #[serde(default, deserialize_with = "maybe_number")]
    pub min_size: Option<u32>,
    /// `Stopped` unless said.
    pub pool_state: Option<String>,
    /// What happens to hosts at scale-in.
    pub instance_reuse_policy: Option<InstanceReusePolicy>,
}

/// Whether hosts go back to the pool at scale-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InstanceReusePolicy {
    /// They do.
    #[serde(deserialize_with = "switch")]
    pub reuse_on_scale_in: bool,
}

/// DeleteWarmPool.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteWarmPool {
    /// The group.
    pub auto_scaling_group_name: String,
    /// Its hosts are terminated either way; this is accepted.
    #[serde(default, deserialize_with = "switch")]
    pub force_delete: bool,
}
