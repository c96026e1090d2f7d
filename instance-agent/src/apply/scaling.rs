//! The Auto Scaling group's side of the host: membership, protection, termination.

use aws_config::SdkConfig;
use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::error::ProvideErrorMetadata as _;
use aws_sdk_autoscaling::types::{Instance, LifecycleState};
use cloud_map::Retry;

use super::{Failure, incomplete, refused};
use crate::observe::host::{GroupMember, GroupSize, Identity};
use crate::plan::step::Done;

const IN_SERVICE: &str = "InService";

#[derive(Debug)]
pub(super) struct Scaling {
    client: Client,
    instance: String,
}

impl Scaling {
    pub(super) fn new(aws: &SdkConfig, identity: &Identity) -> Self {
        Scaling { client: Client::new(aws), instance: identity.host.instance.clone() }
    }

    /// A host outside any group is not in the answer.
    pub(super) async fn member(&self) -> Result<GroupMember, Failure> {
        const CALL: &str = "DescribeAutoScalingInstances";
        let asked = self.client.describe_auto_scaling_instances().instance_ids(&self.instance).send().await;
        let answer = asked.map_err(|error| refused(CALL, error))?;
        let Some(found) = answer.auto_scaling_instances().iter().find(|i| i.instance_id() == Some(&self.instance))
        else {
            return Ok(GroupMember { group: None, in_service: false, protected: false });
        };
        Ok(GroupMember {
            group: Some(found.auto_scaling_group_name().ok_or_else(|| incomplete(CALL, "group"))?.to_owned()),
            in_service: found.lifecycle_state() == Some(IN_SERVICE),
            protected: found.protected_from_scale_in().ok_or_else(|| incomplete(CALL, "protection"))?,
        })
    }

    pub(super) async fn protect(&self, group: &str) -> Result<Done, Failure> {
        let asked = self
            .client
            .set_instance_protection()
            .instance_ids(&self.instance)
            .auto_scaling_group_name(group)
            .protected_from_scale_in(true)
            .send()
            .await;
        asked.map_err(|error| refused("SetInstanceProtection", error))?;
        Ok(Done::Protected)
    }

    /// The group's numbers, and this host in it.
    pub(super) async fn size(&self, group: &str) -> Result<(GroupSize, GroupMember), Failure> {
        const CALL: &str = "DescribeAutoScalingGroups";
        let asked = self.client.describe_auto_scaling_groups().auto_scaling_group_names(group).send().await;
        let answer = asked.map_err(|error| refused(CALL, error))?;
        let found = answer.auto_scaling_groups().iter().find(|found| found.auto_scaling_group_name() == Some(group));
        let found = found.ok_or_else(|| incomplete(CALL, "such group"))?;
        let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
        let serves = |instance: &&Instance| instance.lifecycle_state() == Some(&LifecycleState::InService);
        let size = GroupSize {
            desired: number(found.desired_capacity()).ok_or_else(|| incomplete(CALL, "desired capacity"))?,
            minimum: number(found.min_size()).ok_or_else(|| incomplete(CALL, "minimum"))?,
            in_service: u32::try_from(found.instances().iter().filter(serves).count()).unwrap_or(u32::MAX),
        };
        let me = found.instances().iter().find(|instance| instance.instance_id() == Some(&self.instance));
        let me = me.ok_or_else(|| incomplete(CALL, "instance that is this host"))?;
        let protected = me.protected_from_scale_in().ok_or_else(|| incomplete(CALL, "protection"))?;
        Ok((size, GroupMember { group: Some(group.to_owned()), in_service: serves(&me), protected }))
    }

    pub(super) async fn terminate(&self, decrement: bool) -> Result<Done, Failure> {
        let asked = self
            .client
            .terminate_instance_in_auto_scaling_group()
            .instance_id(&self.instance)
            .should_decrement_desired_capacity(decrement)
            .send()
            .await;
        asked.map_err(|error| {
            // Refused for as long as the group does something else; that passes.
            let passes = error.code() == Some("ScalingActivityInProgress");
            let failure = refused("TerminateInstanceInAutoScalingGroup", error);
            if passes { Failure { retry: Retry::Allowed, ..failure } } else { failure }
        })?;
        Ok(Done::Terminated)
    }
}
