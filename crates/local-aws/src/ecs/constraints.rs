//! What a task asks of its place beyond room: placement constraints and strategies, read and checked.

use super::instance::ContainerInstance;
use super::model::Ecs;
use super::query::{Facts, Query};
use super::requests::{PlacementConstraint, PlacementStrategy};
use super::resources::Resources;
use crate::refusal::Refusal;

/// "You can specify up to 10 constraints for each task (including constraints in the task definition)" (RunTask).
const RULES_AT_MOST: usize = 10;
/// "A maximum of 5 strategy rules for each task" (RunTask).
const STRATEGIES_AT_MOST: usize = 5;

/// What a task asks of its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Placing {
    /// Which hosts it may be on.
    pub rules: Vec<Rule>,
    /// Which of those it prefers, the first first.
    pub strategies: Vec<Strategy>,
}

/// A placement constraint.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// No host with a task of the same group.
    DistinctInstance,
    /// Only hosts that the expression means.
    MemberOf(Query),
}

/// A placement strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Any.
    Random,
    /// Where the fewest tasks of the group are, counted by host or by the value of an attribute.
    Spread(Field),
    /// Where the least is left.
    Binpack(Resource),
}

/// What tasks are spread over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// `instanceId` or `host`.
    Instance,
    /// `attribute:<name>`.
    Attribute(String),
}

impl Field {
    /// Its value for a host.
    #[must_use]
    pub fn of<'a>(&self, instance: &'a ContainerInstance) -> Option<&'a str> {
        match self {
            Field::Instance => Some(&instance.arn),
            Field::Attribute(name) => instance.attribute(name),
        }
    }
}

/// What a host is packed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `cpu`.
    Cpu,
    /// `memory`.
    Memory,
}

impl Resource {
    /// How much of it there is.
    #[must_use]
    pub const fn of(self, resources: Resources) -> u32 {
        match self {
            Resource::Cpu => resources.cpu,
            Resource::Memory => resources.memory,
        }
    }
}

impl Placing {
    /// Reads what a definition and a call ask for.
    ///
    /// # Errors
    /// Too much of it; what no host can be compared with.
    pub fn read(
        defined: &[PlacementConstraint],
        asked: &[PlacementConstraint],
        strategies: &[PlacementStrategy],
    ) -> Result<Placing, Refusal> {
        if defined.len() + asked.len() > RULES_AT_MOST {
            return Err(invalid(format!("Task placement constraints are limited to {RULES_AT_MOST}.")));
        }
        if strategies.len() > STRATEGIES_AT_MOST {
            return Err(invalid(format!("Task placement strategies are limited to {STRATEGIES_AT_MOST}.")));
        }
        Ok(Placing {
            rules: defined.iter().chain(asked).map(rule).collect::<Result<_, _>>()?,
            strategies: strategies.iter().map(strategy).collect::<Result<_, _>>()?,
        })
    }
}

/// Reads a placement constraint.
///
/// # Errors
/// An unknown type, an expression that is none, or one where none belongs.
pub fn rule(constraint: &PlacementConstraint) -> Result<Rule, Refusal> {
    match (constraint.kind.as_deref(), constraint.expression.as_deref()) {
        (Some("distinctInstance"), None | Some("")) => Ok(Rule::DistinctInstance),
        (Some("distinctInstance"), Some(_)) => {
            Err(invalid("An expression cannot be specified with the constraint type 'distinctInstance'."))
        }
        (Some("memberOf"), Some(expression)) => expression_of(expression).map(Rule::MemberOf),
        (Some("memberOf"), None) => Err(invalid("The constraint type 'memberOf' needs an expression.")),
        (Some(kind), _) => Err(invalid(format!("constraint.type '{kind}' is not supported."))),
        (None, _) => Err(invalid("constraint.type cannot be null.")),
    }
}

/// Reads a cluster query expression.
///
/// # Errors
/// It is none.
pub fn expression_of(text: &str) -> Result<Query, Refusal> {
    Query::read(text).map_err(|error| invalid(format!("The expression '{text}' is invalid: {error}.")))
}

fn strategy(strategy: &PlacementStrategy) -> Result<Strategy, Refusal> {
    let field = strategy.field.as_deref().unwrap_or_default();
    match strategy.kind.as_deref() {
        Some("random") => Ok(Strategy::Random),
        Some("spread") => match field.strip_prefix("attribute:") {
            Some(name) if !name.is_empty() => Ok(Strategy::Spread(Field::Attribute(name.to_owned()))),
            // "Valid values are instanceId (or host …)"; both are read without regard to case, as the CLI's docs write them.
            None if ["instanceid", "host"].contains(&field.to_lowercase().as_str()) => {
                Ok(Strategy::Spread(Field::Instance))
            }
            Some(_) | None => Err(invalid(format!("The field '{field}' is invalid for the strategy type 'spread'."))),
        },
        Some("binpack") => match field.to_lowercase().as_str() {
            "cpu" => Ok(Strategy::Binpack(Resource::Cpu)),
            "memory" => Ok(Strategy::Binpack(Resource::Memory)),
            _ => Err(invalid(format!("The field '{field}' is invalid for the strategy type 'binpack'."))),
        },
        Some(kind) => Err(invalid(format!("strategy.type '{kind}' is not supported."))),
        None => Err(invalid("strategy.type cannot be null.")),
    }
}

impl Ecs {
    /// Whether an expression means a container instance.
    #[must_use]
    pub fn means(&self, query: &Query, instance: &ContainerInstance) -> bool {
        query.means(&Seen { ecs: self, instance })
    }
}

/// A container instance as expressions see it.
struct Seen<'a> {
    ecs: &'a Ecs,
    instance: &'a ContainerInstance,
}

impl Facts for Seen<'_> {
    fn agent_connected(&self) -> bool {
        self.instance.agent_connected
    }

    fn agent_version(&self) -> &str {
        &self.instance.agent_version
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.instance.attribute(name)
    }

    fn ec2_instance_id(&self) -> &str {
        &self.instance.host
    }

    fn registered_at(&self) -> i64 {
        let since = self.ecs.epoch + self.instance.registered_at.since_start();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    /// Those that are wanted, running or about to: "tasks that have a desired status of RUNNING" (ContainerInstance).
    fn running_tasks_count(&self) -> usize {
        self.ecs.tasks.load(&self.instance.arn).map_or(0, |load| load.running + load.pending)
    }

    fn has_task_of_group(&self, is: &dyn Fn(&str) -> bool) -> bool {
        let holding = self.ecs.tasks.load(&self.instance.arn).map(|load| &load.holding);
        holding.into_iter().flatten().filter_map(|id| self.ecs.task(id)).any(|task| is(&task.group))
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterException", message)
}
