//! What may be a capacity provider strategy.

use super::{FARGATE, STRATEGY_AT_MOST, invalid, not_found_by_name};
use crate::ecs::requests::StrategyItem;
use crate::refusal::Refusal;

/// Whether a strategy is one, wherever it is used.
///
/// # Errors
/// Too many providers, or one twice; numbers out of range; more than one base; Fargate and groups mixed.
pub fn valid_strategy(items: &[StrategyItem]) -> Result<(), Refusal> {
    if items.len() > STRATEGY_AT_MOST {
        return Err(invalid("A capacity provider strategy can contain a maximum of 20 capacity providers."));
    }
    if items.iter().any(|item| !(0..=1000).contains(&item.weight)) {
        return Err(invalid("The weight of a capacity provider must be between 0 and 1000."));
    }
    if items.iter().any(|item| !(0..=100_000).contains(&item.base)) {
        return Err(invalid("The base of a capacity provider must be between 0 and 100000."));
    }
    if items.iter().filter(|item| item.base > 0).count() > 1 {
        return Err(invalid("Only one capacity provider in a capacity provider strategy can have a base defined."));
    }
    if !items.is_empty() && items.iter().all(|item| item.weight == 0) {
        return Err(invalid("At least one capacity provider must have a weight value greater than zero."));
    }
    let names: Vec<&str> = items.iter().map(|item| item.capacity_provider.as_str()).collect();
    if names.iter().enumerate().any(|(place, name)| names[..place].contains(name)) {
        return Err(invalid("A capacity provider may be in a capacity provider strategy once."));
    }
    let fargate = names.iter().filter(|name| FARGATE.contains(name)).count();
    if fargate != 0 && fargate != names.len() {
        return Err(invalid(
            "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and \
             Fargate providers. Specify one or the other and try again.",
        ));
    }
    Ok(())
}

/// Whether a cluster with these providers can use a strategy.
///
/// # Errors
/// It names another one.
pub fn within(items: &[StrategyItem], providers: &[String]) -> Result<(), Refusal> {
    match items.iter().find(|item| !providers.contains(&item.capacity_provider)) {
        None => Ok(()),
        Some(_) => Err(not_found_by_name()),
    }
}
