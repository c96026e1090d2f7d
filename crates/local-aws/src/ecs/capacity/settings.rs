//! The settings of a capacity provider, and what may be one.

use crate::ecs::requests::capacity::{AskedProvider, AskedScaling};
use crate::ecs::requests::{GroupProvider, ManagedScaling};
use crate::refusal::Refusal;

/// Settings that are said replace what was.
pub(super) fn apply(group: &mut GroupProvider, asked: &AskedProvider) -> Result<(), Refusal> {
    let switch = |value: &Option<String>, into: &mut String, what: &str| match value.as_deref() {
        None => Ok(()),
        Some(value @ ("ENABLED" | "DISABLED")) => {
            value.clone_into(into);
            Ok(())
        }
        Some(_) => Err(client(&format!("{what} should be one of [ENABLED, DISABLED]."))),
    };
    if let Some(scaling) = &asked.managed_scaling {
        let into = &mut group.managed_scaling;
        switch(&scaling.status, &mut into.status, "managedScaling.status")?;
        numbers(into, scaling)?;
    }
    let protection = &mut group.managed_termination_protection;
    switch(&asked.managed_termination_protection, protection, "managedTerminationProtection")?;
    switch(&asked.managed_draining, &mut group.managed_draining, "managedDraining")?;
    if group.managed_termination_protection == "ENABLED" && group.managed_scaling.status != "ENABLED" {
        return Err(client(
            "The managed termination protection setting for the capacity provider is invalid. To enable managed \
             termination protection for a capacity provider, managed scaling must be enabled.",
        ));
    }
    Ok(())
}

/// The ranges of ManagedScaling in the API reference.
fn numbers(into: &mut ManagedScaling, asked: &AskedScaling) -> Result<(), Refusal> {
    let number = |value: Option<i32>, into: &mut u32, range: std::ops::RangeInclusive<u32>, what: &str| {
        let Some(value) = value else { return Ok(()) };
        match u32::try_from(value) {
            Ok(value) if range.contains(&value) => {
                *into = value;
                Ok(())
            }
            Ok(_) | Err(_) => Err(client(&format!("{what} must be between {} and {}.", range.start(), range.end()))),
        }
    };
    number(asked.target_capacity, &mut into.target_capacity, 1..=100, "targetCapacity")?;
    let steps = 1..=10_000;
    number(
        asked.minimum_scaling_step_size,
        &mut into.minimum_scaling_step_size,
        steps.clone(),
        "minimumScalingStepSize",
    )?;
    number(asked.maximum_scaling_step_size, &mut into.maximum_scaling_step_size, steps, "maximumScalingStepSize")?;
    number(asked.instance_warmup_period, &mut into.instance_warmup_period, 0..=10_000, "instanceWarmupPeriod")?;
    if into.minimum_scaling_step_size > into.maximum_scaling_step_size {
        return Err(client("minimumScalingStepSize must not be greater than maximumScalingStepSize."));
    }
    Ok(())
}

fn client(message: &str) -> Refusal {
    Refusal::new("ClientException", message)
}
