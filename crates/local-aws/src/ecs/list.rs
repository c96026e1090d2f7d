//! ListTasks and DescribeTasks.

use daemon::moment::Moment;

use super::launch::Failure;
use super::model::Ecs;
use super::pages::Page;
use super::requests::{DescribeTasks, ListTasks};
use super::task::Task;
use crate::account::last_part;
use crate::refusal::Refusal;

impl Ecs {
    /// A page of task ARNs, and where the next one begins.
    ///
    /// # Errors
    /// No such cluster, service or container instance; `startedBy` beside a filter that it excludes.
    pub fn list_tasks(&self, now: Moment, request: &ListTasks) -> Result<(Vec<&str>, Option<String>), Refusal> {
        let cluster = &self.cluster(request.cluster.as_deref())?.name;
        let others = [&request.container_instance, &request.family, &request.service_name, &request.launch_type];
        if request.started_by.is_some() && others.iter().any(|other| other.is_some()) {
            return Err(invalid("When startedBy is given, it must be the only filter."));
        }
        let instance = match &request.container_instance {
            None => None,
            Some(id) => {
                let none = || invalid("The specified container instance was not found.");
                Some(self.find_instance(cluster, id).ok_or_else(none)?.arn.as_str())
            }
        };
        let group = match &request.service_name {
            None => None,
            Some(named) => Some(format!("service:{}", self.service_key(Some(cluster), named)?.1)),
        };
        let desired = match request.desired_status.as_deref() {
            None => "RUNNING",
            Some(status @ ("RUNNING" | "PENDING" | "STOPPED")) => status,
            Some(_) => return Err(invalid("desiredStatus should be one of [RUNNING, PENDING, STOPPED].")),
        };
        if !matches!(request.launch_type.as_deref(), None | Some("EC2" | "FARGATE" | "EXTERNAL" | "MANAGED_INSTANCES"))
        {
            return Err(invalid("launchType should be one of [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES]."));
        }
        let page = Page::read("tasks", 100, request.max_results, request.next_token.as_deref())?;
        let listed = |task: &&Task| {
            let is = |filter: &Option<String>, value: &str| filter.as_ref().is_none_or(|filter| filter == value);
            task.cluster == *cluster
                && self.shows(now, task)
                && task.desired.name() == desired
                && (instance.is_none() || task.instance.as_deref() == instance)
                && is(&request.family, &task.family)
                && is(&request.started_by, task.started_by.as_deref().unwrap_or_default())
                && is(&request.launch_type, task.launch_type.name())
                && group.as_ref().is_none_or(|group| task.group == *group)
        };
        // In the order of ids, so that a page goes on where the last one ended whatever has happened between.
        let (page, next) = page.cut(self.tasks.after(&page.after).filter(listed), |task| task.id.clone());
        Ok((page.into_iter().map(|task| task.arn.as_str()).collect(), next))
    }

    /// Tasks by id or ARN, and those that are none (`MISSING`).
    ///
    /// # Errors
    /// No such cluster; none or too many asked for.
    pub fn describe_tasks(&self, now: Moment, request: &DescribeTasks) -> Result<(Vec<&Task>, Vec<Failure>), Refusal> {
        let cluster = &self.cluster(request.cluster.as_deref())?.name;
        if request.tasks.is_empty() {
            return Err(invalid("Tasks cannot be empty."));
        }
        if request.tasks.len() > 100 {
            return Err(invalid("Tasks must be at most 100."));
        }
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for id in &request.tasks {
            let there = self.tasks.get(last_part(id)).filter(|task| task.cluster == *cluster && self.shows(now, task));
            match there {
                Some(task) => found.push(task),
                None => {
                    let arn = self.account.arn("ecs", &format!("task/{cluster}/{}", last_part(id)));
                    missing.push(Failure::missing(arn));
                }
            }
        }
        Ok((found, missing))
    }

    /// Whether reads show a task already.
    fn shows(&self, now: Moment, task: &Task) -> bool {
        task.created_at + self.read_delay <= now
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
