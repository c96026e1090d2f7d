//! What RegisterTaskDefinition refuses. The texts are AWS's where they are known (moto, terraform-provider-aws and
//! aws-cdk quote them).

use super::{ContainerDefinition, NetworkMode};
use crate::ecs::constraints::{Rule, rule};
use crate::ecs::ports::Protocol;
use crate::ecs::requests::RegisterTaskDefinition;
use crate::ecs::tags;
use crate::refusal::Refusal;

/// "Actual length … Max allowed length is '65536' bytes" (service quotas: task definition size 64 KiB).
const LONGEST: usize = 65_536;

/// How the tasks of a definition are connected.
pub(super) fn network_mode(request: &RegisterTaskDefinition) -> NetworkMode {
    match request.network_mode.as_deref() {
        Some("awsvpc") => NetworkMode::Awsvpc,
        Some("host") => NetworkMode::Host,
        Some("none") => NetworkMode::None,
        Some(_) | None => NetworkMode::Bridge,
    }
}

/// What a task of a definition reserves, and whether Fargate can run it.
pub(super) struct Size {
    pub(super) cpu: u32,
    pub(super) memory: u32,
    pub(super) on_fargate: bool,
}

pub(super) fn check(request: &RegisterTaskDefinition) -> Result<Size, Refusal> {
    named(&request.family, "Family")?;
    tags::valid(&request.tags)?;
    let length = serde_json::to_string(&request.container_definitions).map_or(0, |text| text.len());
    if length > LONGEST {
        return Err(client(format!("Actual length: '{length}'. Max allowed length is '{LONGEST}' bytes.")));
    }
    if !matches!(request.network_mode.as_deref(), None | Some("bridge" | "host" | "awsvpc" | "none")) {
        return Err(client("networkMode should be one of [bridge, host, awsvpc, none]."));
    }
    let cpu = request.cpu.as_deref().map(|text| units(text, "vcpu").ok_or("cpu")).transpose().map_err(bad_size)?;
    let memory =
        request.memory.as_deref().map(|text| units(text, "gb").ok_or("memory")).transpose().map_err(bad_size)?;
    containers(request, memory)?;
    for constraint in &request.placement_constraints {
        if rule(constraint)? == Rule::DistinctInstance {
            return Err(client("constraint.type 'distinctInstance' is not supported."));
        }
    }
    let sum = |of: fn(&ContainerDefinition) -> i32| {
        request.container_definitions.iter().map(|c| u32::try_from(of(c)).unwrap_or(0)).fold(0, u32::saturating_add)
    };
    let size = Size {
        cpu: cpu.unwrap_or_else(|| sum(|c| c.cpu)),
        memory: memory.unwrap_or_else(|| sum(|c| c.memory_reservation.or(c.memory).unwrap_or(0))),
        on_fargate: fargate(request, cpu, memory).is_ok(),
    };
    if cpu.is_some_and(|cpu| sum(|c| c.cpu) > cpu) {
        return Err(client("The sum of the containers' 'cpu' is greater than the task's 'cpu'."));
    }
    if memory.is_some_and(|memory| sum(|c| c.memory_reservation.or(c.memory).unwrap_or(0)) > memory) {
        return Err(client("The sum of the containers' memory is greater than the task's 'memory'."));
    }
    for compatibility in &request.requires_compatibilities {
        match compatibility.as_str() {
            "FARGATE" => fargate(request, cpu, memory)?,
            "EC2" | "EXTERNAL" | "MANAGED_INSTANCES" => {}
            other => return Err(client(format!("requiresCompatibilities: '{other}' is not supported."))),
        }
    }
    Ok(size)
}

fn containers(request: &RegisterTaskDefinition, memory: Option<u32>) -> Result<(), Refusal> {
    let all = &request.container_definitions;
    if all.is_empty() {
        return Err(client("Container definitions should not be null or empty."));
    }
    for (number, container) in all.iter().enumerate() {
        let name = &container.name;
        named(name, "Container.name")?;
        if all[..number].iter().any(|earlier| earlier.name == *name) {
            return Err(client(format!("Container name '{name}' is used more than once.")));
        }
        if container.image.is_empty() {
            return Err(client("Container.image should not be null or blank."));
        }
        sizes(container, memory)?;
        for port in &container.port_mappings {
            if Protocol::read(&port.protocol).is_none() {
                return Err(client(format!("Invalid protocol '{}' in a port mapping.", port.protocol)));
            }
            let same = port.host_port.is_none_or(|host| host == port.container_port);
            match network_mode(request) {
                NetworkMode::Awsvpc | NetworkMode::Host if !same && port.host_port != Some(0) => {
                    let mode = request.network_mode.as_deref().unwrap_or_default();
                    return Err(client(format!(
                        "When networkMode={mode}, the host ports and container ports in port mappings must match."
                    )));
                }
                NetworkMode::None => return Err(client("When networkMode=none, port mappings are not allowed.")),
                NetworkMode::Awsvpc | NetworkMode::Host | NetworkMode::Bridge => {}
            }
        }
        for mount in &container.mount_points {
            let volume = mount.get("sourceVolume").and_then(|name| name.as_str()).unwrap_or_default();
            if !request.volumes.iter().any(|known| known.get("name").and_then(|name| name.as_str()) == Some(volume)) {
                return Err(client(format!("Unknown volume '{volume}'.")));
            }
        }
    }
    if !all.iter().any(|container| container.essential) {
        return Err(client("A task definition must have at least one essential container."));
    }
    Ok(())
}

fn sizes(container: &ContainerDefinition, task_memory: Option<u32>) -> Result<(), Refusal> {
    let name = &container.name;
    let bad = |what: &str| client(format!("Invalid setting for container '{name}'. {what}"));
    if container.cpu < 0 {
        return Err(bad("'cpu' must not be negative."));
    }
    match (container.memory, container.memory_reservation) {
        (None, None) if task_memory.is_none() => {
            Err(bad("At least one of 'memory' or 'memoryReservation' must be specified."))
        }
        // "The Docker daemon reserves a minimum of 6 MiB of memory for a container" (ContainerDefinition).
        (Some(memory), _) | (None, Some(memory)) if memory < 6 => Err(bad("It needs at least 6 MiB of memory.")),
        (Some(memory), Some(reserved)) if memory <= reserved => {
            Err(bad("'memory' must be greater than 'memoryReservation'."))
        }
        (None | Some(_), _) => Ok(()),
    }
}

/// Whether Fargate can run a definition.
fn fargate(request: &RegisterTaskDefinition, cpu: Option<u32>, memory: Option<u32>) -> Result<(), Refusal> {
    if network_mode(request) != NetworkMode::Awsvpc {
        return Err(client("Fargate only supports network mode 'awsvpc'."));
    }
    let cpu = cpu.ok_or_else(|| client("Fargate requires that 'cpu' be defined at the task level."))?;
    let memory = memory.ok_or_else(|| client("Fargate requires that 'memory' be defined at the task level."))?;
    let steps = |from: u32, to: u32, step: u32| (from..=to).contains(&memory) && memory.is_multiple_of(step);
    // The table of task sizes in the ECS developer guide.
    let sold = match cpu {
        256 => [512, 1024, 2048].contains(&memory),
        512 => steps(1024, 4096, 1024),
        1024 => steps(2048, 8192, 1024),
        2048 => steps(4096, 16_384, 1024),
        4096 => steps(8192, 30_720, 1024),
        8192 => steps(16_384, 61_440, 4096),
        16_384 => steps(32_768, 122_880, 8192),
        _ => false,
    };
    if !sold {
        return Err(client("No Fargate configuration exists for given values."));
    }
    let long = |container: &&ContainerDefinition| container.stop_timeout.is_some_and(|seconds| seconds > 120);
    match request.container_definitions.iter().find(long) {
        Some(_) => Err(client("Fargate supports a 'stopTimeout' of at most 120 seconds.")),
        None => Ok(()),
    }
}

/// "Up to 255 letters (uppercase and lowercase), numbers, hyphens, and underscores are allowed" (family, and a
/// container's name).
fn named(name: &str, what: &str) -> Result<(), Refusal> {
    if name.trim().is_empty() {
        return Err(client(format!("{what} should not be null or blank.")));
    }
    let allowed = |sign: char| sign.is_ascii_alphanumeric() || "-_".contains(sign);
    if name.len() > 255 || !name.chars().all(allowed) {
        return Err(client(format!(
            "{what} contains invalid characters. Up to 255 letters, numbers, hyphens and underscores are allowed."
        )));
    }
    Ok(())
}

/// `256`, or with the unit that means 1024 of it: `.25 vCPU`, `1 GB`. Never 0.
pub(in crate::ecs) fn units(text: &str, unit: &str) -> Option<u32> {
    let text = text.trim().to_lowercase();
    let whole = match text.strip_suffix(unit) {
        None => text.parse().ok()?,
        Some(number) => {
            let whole = number.trim().parse::<f64>().ok()? * 1024.0;
            (1.0..=f64::from(i32::MAX)).contains(&whole).then_some(whole as u32)?
        }
    };
    (1..=i32::MAX.unsigned_abs()).contains(&whole).then_some(whole)
}

fn bad_size(what: &'static str) -> Refusal {
    client(format!("Invalid '{what}' setting for task."))
}

fn client(message: impl Into<String>) -> Refusal {
    Refusal::new("ClientException", message)
}
