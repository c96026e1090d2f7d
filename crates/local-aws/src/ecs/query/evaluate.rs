//! Whether a container instance is meant by a [`Query`].

use super::parse::version;
use super::{Order, Query, Subject, Test};

/// What an expression can ask of a container instance.
pub trait Facts {
    /// Whether its agent is connected.
    fn agent_connected(&self) -> bool;
    /// `1.105.1`.
    fn agent_version(&self) -> &str;
    /// An attribute, where it has that; its value, where that has one.
    fn attribute(&self, name: &str) -> Option<&str>;
    /// Its EC2 instance.
    fn ec2_instance_id(&self) -> &str;
    /// When it registered, in seconds since 1970.
    fn registered_at(&self) -> i64;
    /// How many tasks run on it.
    fn running_tasks_count(&self) -> usize;
    /// Whether a task of such a group is on it.
    fn has_task_of_group(&self, is: &dyn Fn(&str) -> bool) -> bool;
}

impl Query {
    /// Whether it means this instance.
    #[must_use]
    pub fn means(&self, instance: &dyn Facts) -> bool {
        match self {
            Query::And(parts) => parts.iter().all(|part| part.means(instance)),
            Query::Or(parts) => parts.iter().any(|part| part.means(instance)),
            Query::Not(part) => !part.means(instance),
            Query::Is(subject, test) => match subject {
                Subject::AgentConnected => test.word(if instance.agent_connected() { "true" } else { "false" }),
                Subject::AgentVersion => test.version(instance.agent_version()),
                Subject::Attribute(name) => instance.attribute(name).is_some_and(|value| test.word(value)),
                Subject::Ec2InstanceId => test.word(instance.ec2_instance_id()),
                Subject::RegisteredAt => test.number(instance.registered_at()),
                Subject::RunningTasksCount => {
                    test.number(i64::try_from(instance.running_tasks_count()).unwrap_or(i64::MAX))
                }
                Subject::TaskGroup => instance.has_task_of_group(&|group| test.word(group)),
            },
        }
    }
}

impl Test {
    fn word(&self, value: &str) -> bool {
        match self {
            Test::Exists => true,
            Test::OneOf(words) => words.iter().any(|word| word == value),
            Test::Matches(pattern) => pattern.is_match(value),
            Test::Number(..) | Test::Version(..) => false,
        }
    }

    fn number(&self, value: i64) -> bool {
        match self {
            Test::Number(order, number) => order.holds(value.cmp(number)),
            Test::Exists | Test::OneOf(_) | Test::Matches(_) | Test::Version(..) => false,
        }
    }

    fn version(&self, value: &str) -> bool {
        match (self, version(value)) {
            (Test::Version(order, number), Some(value)) => order.holds(value.cmp(number)),
            (Test::Exists | Test::OneOf(_) | Test::Matches(_) | Test::Number(..) | Test::Version(..), _) => false,
        }
    }
}

impl Order {
    fn holds(self, is: std::cmp::Ordering) -> bool {
        match self {
            Order::Equal => is.is_eq(),
            Order::Greater => is.is_gt(),
            Order::GreaterOrEqual => is.is_ge(),
            Order::Less => is.is_lt(),
            Order::LessOrEqual => is.is_le(),
        }
    }
}
