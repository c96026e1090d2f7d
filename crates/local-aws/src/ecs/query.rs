//! The cluster query language: which container instances an expression means.
//!
//! As the ECS developer guide describes it ("Create expressions to define container instances"): `subject operator
//! [argument]`, joined by `and`/`&&` and `or`/`||`, turned by `not`/`!`, grouped by parentheses. A `memberOf` constraint
//! and the filter of ListContainerInstances are such expressions. Where the guide does not say which operators a subject
//! takes (`attribute:…`), the ones that compare sizes are refused.

mod evaluate;
mod parse;
mod words;

pub use evaluate::Facts;
pub use parse::Invalid;

/// The longest expression ("a maximum length of 2000 characters", PlacementConstraint).
pub const LONGEST: usize = 2000;

/// An expression that can be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// All of them.
    And(Vec<Query>),
    /// One of them at least.
    Or(Vec<Query>),
    /// Not this one.
    Not(Box<Query>),
    /// A comparison.
    Is(Subject, Test),
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// `agentConnected`.
    AgentConnected,
    /// `agentVersion`.
    AgentVersion,
    /// `attribute:<name>`.
    Attribute(String),
    /// `ec2InstanceId`.
    Ec2InstanceId,
    /// `registeredAt`.
    RegisteredAt,
    /// `runningTasksCount`.
    RunningTasksCount,
    /// `task:group`.
    TaskGroup,
}

/// How it is compared, with what.
#[derive(Clone, Debug)]
pub enum Test {
    /// It is there at all.
    Exists,
    /// It is one of these words. `==` has one.
    OneOf(Vec<String>),
    /// The whole of it matches the pattern.
    Matches(regex_lite::Regex),
    /// It is in this order to the number (of seconds since 1970, for a date).
    Number(Order, i64),
    /// It is in this order to the version.
    Version(Order, Vec<u64>),
}

/// Patterns are the same when they are written the same.
impl PartialEq for Test {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Test::Exists, Test::Exists) => true,
            (Test::OneOf(one), Test::OneOf(other)) => one == other,
            (Test::Matches(one), Test::Matches(other)) => one.as_str() == other.as_str(),
            (Test::Number(order, one), Test::Number(its, other)) => (order, one) == (its, other),
            (Test::Version(order, one), Test::Version(its, other)) => (order, one) == (its, other),
            (Test::Exists | Test::OneOf(_) | Test::Matches(_) | Test::Number(..) | Test::Version(..), _) => false,
        }
    }
}

/// An order of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `==`.
    Equal,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
}

impl Query {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Query, Invalid> {
        parse::read(text)
    }
}

#[cfg(test)]
mod tests;
