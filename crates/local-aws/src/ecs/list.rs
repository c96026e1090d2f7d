//! ListTasks and DescribeTasks.

use super::model::Ecs;
use super::requests::{ListTasks, Named};
use super::task::Task;
use crate::account::last_part;
use crate::refusal::Refusal;

impl Ecs {
    /// A page of task ARNs, and where the next one begins.
    ///
    /// # Errors
    /// No such cluster, service or container instance; `startedBy` beside a filter that it excludes.
    pub fn list_tasks(&self, request: &ListTasks) -> Result<(Vec<&str>, Option<String>), Refusal> {
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
            Some(_) => return Err(invalid("desiredStatus must be RUNNING, PENDING or STOPPED.")),
        };
        let size = request.max_results.unwrap_or(100);
        if !(1..=100).contains(&size) {
            return Err(invalid("maxResults must be between 1 and 100."));
        }
        let listed = |task: &&Task| {
            let is = |filter: &Option<String>, value: &str| filter.as_ref().is_none_or(|filter| filter == value);
            task.cluster == *cluster
                && task.desired.name() == desired
                && (instance.is_none() || task.instance.as_deref() == instance)
                && is(&request.family, &task.family)
                && is(&request.started_by, task.started_by.as_deref().unwrap_or_default())
                && is(&request.launch_type, task.launch_type.name())
                && group.as_ref().is_none_or(|group| task.group == *group)
        };
        // In the order of ids, so that a page goes on where the last one ended whatever has happened between.
        let after = request.next_token.as_deref().unwrap_or_default();
        let mut page: Vec<&Task> = self.tasks.after(after).filter(listed).collect();
        let more = page.len() > size;
        page.truncate(size);
        let next = page.last().filter(|_| more).map(|task| task.id.clone());
        Ok((page.into_iter().map(|task| task.arn.as_str()).collect(), next))
    }

    /// Tasks by id or ARN, and the ARNs of those that are none (`MISSING`).
    ///
    /// # Errors
    /// No such cluster; none or too many asked for.
    pub fn describe_tasks(&self, request: &Named) -> Result<(Vec<&Task>, Vec<String>), Refusal> {
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
            match self.tasks.get(last_part(id)).filter(|task| task.cluster == *cluster) {
                Some(task) => found.push(task),
                None => missing.push(self.account.arn("ecs", &format!("task/{cluster}/{}", last_part(id)))),
            }
        }
        Ok((found, missing))
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
