//! Scaling activities: what groups did and are doing, and why, in AWS's words (Auto Scaling user guide, "Verify a
//! scaling activity", and activity histories that people published).

use std::collections::VecDeque;

use daemon::moment::Moment;

use super::{AutoScaling, Instance};

/// How many are remembered (AWS: those of six weeks).
const KEPT: usize = 2000;

/// How an activity stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityStatus {
    /// A launch is under way.
    PreInService,
    /// It goes on.
    InProgress,
    /// Lifecycle hooks are waited for.
    MidLifecycleAction,
    /// It ended well.
    Successful,
    /// It was given up.
    Cancelled,
}

impl ActivityStatus {
    /// As the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ActivityStatus::PreInService => "PreInService",
            ActivityStatus::InProgress => "InProgress",
            ActivityStatus::MidLifecycleAction => "MidLifecycleAction",
            ActivityStatus::Successful => "Successful",
            ActivityStatus::Cancelled => "Cancelled",
        }
    }

    /// Per cent, as far as it can be told.
    #[must_use]
    pub const fn progress(self) -> u32 {
        match self {
            ActivityStatus::PreInService => 30,
            ActivityStatus::InProgress => 50,
            ActivityStatus::MidLifecycleAction => 60,
            ActivityStatus::Successful | ActivityStatus::Cancelled => 100,
        }
    }
}

/// Why something is done, and since when that is known: an answer writes `At 2026-06-01T10:00:00Z ` before it.
pub type Cause = (Moment, String);

/// A scaling activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// A UUID.
    pub id: String,
    /// Counts the activities.
    pub number: u64,
    /// The group.
    pub group: String,
    /// The group's ARN.
    pub group_arn: String,
    /// The zone it happens in.
    pub zone: String,
    /// What is done.
    pub description: String,
    /// Why.
    pub causes: Vec<Cause>,
    /// When it began.
    pub began: Moment,
    /// When it ended.
    pub ended: Option<Moment>,
    /// How it stands.
    pub status: ActivityStatus,
}

/// The activities that are remembered, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Activities {
    kept: VecDeque<Activity>,
    begun: u64,
}

impl AutoScaling {
    /// The activities that are remembered, the newest first.
    pub fn activities(&self) -> impl Iterator<Item = &Activity> {
        self.activities.kept.iter().rev()
    }

    /// An activity by its id.
    #[must_use]
    pub fn activity(&self, id: &str) -> Option<&Activity> {
        self.activities.kept.iter().rfind(|activity| activity.id == id)
    }

    /// An activity with an instance begins; what went on with it before ends with that.
    pub(super) fn begin_activity(
        &mut self,
        now: Moment,
        host: &str,
        description: String,
        causes: Vec<Cause>,
        status: ActivityStatus,
    ) -> String {
        self.end_activity(now, host, ActivityStatus::Cancelled);
        let id = self.ids.uuid();
        let Some(instance) = self.instances.get_mut(host) else { return id };
        instance.activity = Some(id.clone());
        let group_arn = self.groups.get(&instance.group).map(|group| group.arn.clone()).unwrap_or_default();
        self.activities.begun += 1;
        self.activities.kept.push_back(Activity {
            id: id.clone(),
            number: self.activities.begun,
            group: instance.group.clone(),
            group_arn,
            zone: instance.zone.clone(),
            description,
            causes,
            began: now,
            ended: None,
            status,
        });
        if self.activities.kept.len() > KEPT {
            self.activities.kept.pop_front();
        }
        id
    }

    pub(super) fn set_activity(&mut self, host: &str, status: ActivityStatus) {
        let going_on = self.instances.get(host).and_then(|instance| instance.activity.as_deref());
        let Some(id) = going_on else { return };
        if let Some(activity) = self.activities.kept.iter_mut().rfind(|activity| activity.id == *id) {
            activity.status = status;
        }
    }

    /// The activity with an instance ends; the group cools down from now on.
    pub(super) fn end_activity(&mut self, now: Moment, host: &str, status: ActivityStatus) {
        let Some(Instance { activity, group, .. }) = self.instances.get_mut(host) else { return };
        let Some(id) = activity.take() else { return };
        if let Some(group) = self.groups.get_mut(group) {
            group.cools_since = Some((now, id.clone()));
        }
        if let Some(activity) = self.activities.kept.iter_mut().rfind(|activity| activity.id == id) {
            activity.status = status;
            activity.ended = Some(now);
        }
    }
}
