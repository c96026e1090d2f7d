//! What is counted and measured: one table for `GET /metrics` and for CloudWatch.

pub mod emf;
pub mod meter;
pub mod prometheus;

use std::time::Duration;

use task_state::{CpuUse, MemoryUse, ServiceName, State};

use crate::decide::tally::Tally;

/// Everything that is told.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The service.
    pub service: ServiceName,
    /// The state.
    pub state: State,
    /// Since the supervisor's start.
    pub up: Duration,
    /// Since the app was ready first; none: it is not awake.
    pub awake: Option<Duration>,
    /// For how long nobody has used the app.
    pub idle: Duration,
    /// How many proxies watch.
    pub proxies: usize,
    /// How many agents watch.
    pub agents: usize,
    /// What proxies report to have under way.
    pub in_flight: u64,
    /// How many hold the busy sign by a lease.
    pub holders: usize,
    /// What has happened so far.
    pub tally: Tally,
    /// How often the app was started again.
    pub restarts: u64,
    /// CPU time of the container so far.
    pub cpu_time: Option<Duration>,
    /// CPU now.
    pub cpu: Option<CpuUse>,
    /// Memory now.
    pub memory: Option<MemoryUse>,
}

/// A value of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number of something.
    Count(u64),
    /// A time.
    Seconds(Duration),
    /// Thousandths of something.
    Thousandths(u64),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Count(count) => write!(f, "{count}"),
            Value::Seconds(span) => write!(f, "{}.{:03}", span.as_secs(), span.subsec_millis()),
            Value::Thousandths(count) => write!(f, "{}.{:03}", count / 1000, count % 1000),
        }
    }
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name in Prometheus.
    pub name: &'static str,
    /// `gauge` or `counter`.
    pub kind: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Its name and unit in CloudWatch, where it is written there.
    pub cloud_watch: Option<(&'static str, &'static str)>,
    /// Its series: a label with its value (nothing where there is one series), and the number.
    series: fn(&Figures) -> Vec<(&'static str, &'static str, Value)>,
}

fn one(value: Value) -> Vec<(&'static str, &'static str, Value)> {
    vec![("", "", value)]
}

fn some(value: Option<Value>) -> Vec<(&'static str, &'static str, Value)> {
    value.map(one).unwrap_or_default()
}

fn count(count: usize) -> Value {
    Value::Count(u64::try_from(count).unwrap_or(u64::MAX))
}

/// Every metric.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "doze_supervisor_state",
        kind: "gauge",
        help: "1 for the state it is in, 0 for the others.",
        cloud_watch: None,
        series: |of| {
            let is = |phase| Value::Count(u64::from(of.state.phase() == phase));
            ["starting", "awake", "draining", "stopping", "gone"].map(|phase| ("state", phase, is(phase))).to_vec()
        },
    },
    Metric {
        name: "doze_supervisor_ready",
        kind: "gauge",
        help: "1 while it is awake and the app accepts.",
        cloud_watch: None,
        series: |of| one(Value::Count(u64::from(of.state.is_ready()))),
    },
    Metric {
        name: "doze_supervisor_up_seconds",
        kind: "gauge",
        help: "Since the supervisor's start.",
        cloud_watch: None,
        series: |of| one(Value::Seconds(of.up)),
    },
    Metric {
        name: "doze_supervisor_awake_seconds",
        kind: "gauge",
        help: "Since the app was ready first; absent while it is not awake.",
        cloud_watch: Some(("AwakeSeconds", "Seconds")),
        series: |of| some(of.awake.map(Value::Seconds)),
    },
    Metric {
        name: "doze_supervisor_idle_seconds",
        kind: "gauge",
        help: "For how long nobody has used the app.",
        cloud_watch: Some(("IdleSeconds", "Seconds")),
        series: |of| one(Value::Seconds(of.idle)),
    },
    Metric {
        name: "doze_supervisor_watchers",
        kind: "gauge",
        help: "Proxies and agents that watch.",
        cloud_watch: None,
        series: |of| vec![("role", "proxy", count(of.proxies)), ("role", "agent", count(of.agents))],
    },
    Metric {
        name: "doze_supervisor_in_flight",
        kind: "gauge",
        help: "Requests that proxies report to have under way.",
        cloud_watch: Some(("InFlight", "Count")),
        series: |of| one(Value::Count(of.in_flight)),
    },
    Metric {
        name: "doze_supervisor_busy_holders",
        kind: "gauge",
        help: "Holders of the busy sign whose lease runs.",
        cloud_watch: Some(("BusyHolders", "Count")),
        series: |of| one(count(of.holders)),
    },
    Metric {
        name: "doze_supervisor_drains_total",
        kind: "counter",
        help: "Drains that began, or that an order took over, by cause.",
        cloud_watch: None,
        series: |of| {
            Tally::CAUSES.map(|cause| ("cause", cause.as_str(), Value::Count(of.tally.drains(cause)))).to_vec()
        },
    },
    Metric {
        name: "doze_supervisor_call_backs_total",
        kind: "counter",
        help: "Idle drains that ended awake.",
        cloud_watch: Some(("CallBacks", "Count")),
        series: |of| one(Value::Count(of.tally.call_backs)),
    },
    Metric {
        name: "doze_supervisor_restarts_total",
        kind: "counter",
        help: "How often the app ended by itself and was started again.",
        cloud_watch: Some(("Restarts", "Count")),
        series: |of| one(Value::Count(of.restarts)),
    },
    Metric {
        name: "doze_supervisor_cpu_seconds_total",
        kind: "counter",
        help: "CPU time of the container.",
        cloud_watch: None,
        series: |of| some(of.cpu_time.map(Value::Seconds)),
    },
    Metric {
        name: "doze_supervisor_cpu_cores",
        kind: "gauge",
        help: "Cores that the container uses, over the last second or more.",
        cloud_watch: Some(("CpuCores", "None")),
        series: |of| some(of.cpu.map(|cpu| Value::Thousandths(cpu.used_millicores))),
    },
    Metric {
        name: "doze_supervisor_cpu_limit_cores",
        kind: "gauge",
        help: "Cores that it may use; absent without a limit of its own.",
        cloud_watch: None,
        series: |of| some(of.cpu.and_then(|cpu| cpu.limit_millicores).map(Value::Thousandths)),
    },
    Metric {
        name: "doze_supervisor_memory_bytes",
        kind: "gauge",
        help: "Memory that the container uses, less the file cache that would be given back at once.",
        cloud_watch: Some(("MemoryBytes", "Bytes")),
        series: |of| some(of.memory.map(|memory| Value::Count(memory.used_bytes))),
    },
    Metric {
        name: "doze_supervisor_memory_limit_bytes",
        kind: "gauge",
        help: "Memory that it may use; absent without a limit of its own.",
        cloud_watch: None,
        series: |of| some(of.memory.and_then(|memory| memory.limit_bytes).map(Value::Count)),
    },
];

#[cfg(test)]
mod tests;
