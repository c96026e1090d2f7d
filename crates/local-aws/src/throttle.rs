//! AWS's token buckets: each call takes a token of its operation's bucket, and is refused when there is none.
//!
//! Buckets are an account's, whoever calls, and refill in real time whatever the time factor is: clients' clocks are
//! real. What has no documented number has no bucket: Auto Scaling, SQS's standard queues, ECS's rarer operations.

use std::time::Duration;

use daemon::moment::Moment;

use crate::call::Service;
use crate::refusal::Refusal;

/// A bucket: what takes from it, what it holds, what it gets back each second.
#[derive(Debug)]
pub struct Limit {
    /// Whose operations.
    pub service: Service,
    /// They share the bucket.
    pub operations: &'static [&'static str],
    /// Tokens when it is full.
    pub burst: u32,
    /// Tokens it gets back each second.
    pub per_second: u32,
}

const fn limit(service: Service, burst: u32, per_second: u32, operations: &'static [&'static str]) -> Limit {
    Limit { service, operations, burst, per_second }
}

const ECS: Service = Service::Ecs;
const MAP: Service = Service::CloudMap;

/// ECS: developer guide, "Request throttling for the Amazon ECS API". Cloud Map: quotas of the developer guide
/// (DiscoverInstances, DiscoverInstancesRevision); for the rest the default limits that AWS's own controller
/// (aws-cloud-map-mcs-controller-for-k8s, `ratelimiter.go`) names, with its bursts.
#[rustfmt::skip]
pub const LIMITS: &[Limit] = &[
    //             burst  a second
    limit(ECS,      100,   40, &["DeleteAttributes", "DeregisterContainerInstance", "ExecuteCommand", "PutAttributes", "RunTask",
                                 "StartTask", "StopTask", "UpdateContainerInstancesState"]),
    limit(ECS,      100,   20, &["DescribeContainerInstances", "DescribeTasks", "ListAttributes", "ListContainerInstances", "ListTasks"]),
    limit(ECS,       50,    5, &["CreateService", "CreateTaskSet", "DeleteService", "DeleteTaskSet", "UpdateService",
                                 "UpdateServicePrimaryTaskSet", "UpdateTaskSet"]),
    limit(ECS,      100,   20, &["DescribeServices", "DescribeTaskSets", "ListServices"]),
    limit(ECS,      200,  120, &["DiscoverPollEndpoint", "RegisterContainerInstance", "SubmitAttachmentStateChanges",
                                 "SubmitContainerStateChange", "SubmitTaskStateChange"]),
    limit(ECS,      200,   80, &["GetTaskProtection", "UpdateTaskProtection"]),
    limit(ECS,       50,   20, &["DescribeCapacityProviders", "DescribeClusters", "ListClusters"]),
    limit(ECS,       50,   20, &["DescribeTaskDefinition", "ListTaskDefinitionFamilies", "ListTaskDefinitions"]),
    limit(MAP,   5,    1, &["ListNamespaces"]),
    limit(MAP,  10,    2, &["ListServices"]),
    limit(MAP,  50,    5, &["CreateService"]),
    limit(MAP, 100,   50, &["RegisterInstance"]),
    limit(MAP, 100,   50, &["DeregisterInstance"]),
    limit(MAP, 200,  100, &["GetOperation"]),
    limit(MAP, 2000, 1000, &["DiscoverInstances"]),
    limit(MAP, 3000, 3000, &["DiscoverInstancesRevision"]),
];

/// The buckets of an account.
#[derive(Clone, Debug)]
pub struct Throttle {
    /// When each bucket is full again; none when nothing is throttled.
    full_at: Option<Vec<Moment>>,
}

impl Throttle {
    /// Full buckets; with `on` false none are looked at.
    #[must_use]
    pub fn new(on: bool) -> Self {
        Throttle { full_at: on.then(|| vec![Moment::START; LIMITS.len()]) }
    }

    /// Takes a token for a call.
    ///
    /// # Errors
    /// There is none; nothing is taken then.
    pub fn take(&mut self, now: Moment, service: Service, operation: &str) -> Result<(), Refusal> {
        let Some(full_at) = &mut self.full_at else { return Ok(()) };
        let of = |limit: &Limit| limit.service == service && limit.operations.contains(&operation);
        let Some((place, limit)) = LIMITS.iter().enumerate().find(|(_, limit)| of(limit)) else { return Ok(()) };
        let Some(full) = full_at.get_mut(place) else { return Ok(()) };
        let token = Duration::from_secs(1) / limit.per_second;
        let then = (*full).max(now) + token;
        if then.since(now) > token * limit.burst {
            return Err(refusal(service, operation));
        }
        *full = then;
        Ok(())
    }
}

/// How a service says that a call was one too many. ECS: "Rate exceeded" with `ThrottlingException`, as the developer
/// guide shows it; Cloud Map: the same for its control plane, `RequestLimitExceeded` with status 429 (botocore's model)
/// for discovery; Auto Scaling: `Throttling` ("Common Errors" of its API reference); SQS: `RequestThrottled`.
#[must_use]
pub fn refusal(service: Service, operation: &str) -> Refusal {
    match service {
        Service::CloudMap if operation.starts_with("Discover") => Refusal::new(
            "RequestLimitExceeded",
            "The operation can't be completed because you've reached the quota for the number of requests.",
        )
        .status(429),
        Service::Ecs | Service::CloudMap => Refusal::new("ThrottlingException", "Rate exceeded"),
        Service::AutoScaling => Refusal::new("Throttling", "Rate exceeded"),
        Service::Sqs => Refusal::new("RequestThrottled", "Rate exceeded").in_query("RequestThrottled"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn taken(throttle: &mut Throttle, at_ms: u64, operation: &str, times: usize) -> usize {
        (0..times).filter(|_| throttle.take(Moment::millis(at_ms), Service::Ecs, operation).is_ok()).count()
    }

    #[test]
    fn reads_of_a_cluster_share_a_hundred_tokens_and_get_back_twenty_a_second() {
        let mut throttle = Throttle::new(true);
        assert_eq!(taken(&mut throttle, 5000, "DescribeTasks", 60), 60);
        assert_eq!(taken(&mut throttle, 5000, "ListTasks", 60), 40);
        assert_eq!(taken(&mut throttle, 5500, "ListTasks", 60), 10);
        assert_eq!(taken(&mut throttle, 5500, "RunTask", 200), 100, "another bucket");
        assert_eq!(taken(&mut throttle, 60_000, "ListTasks", 200), 100, "never more than full");
    }

    #[test]
    fn each_service_says_it_in_its_own_words() {
        for (service, operation, code, status) in [
            (Service::Ecs, "RunTask", "ThrottlingException", 400),
            (Service::CloudMap, "ListServices", "ThrottlingException", 400),
            (Service::CloudMap, "DiscoverInstances", "RequestLimitExceeded", 429),
            (Service::AutoScaling, "SetDesiredCapacity", "Throttling", 400),
        ] {
            let said = refusal(service, operation);
            assert_eq!((said.code, said.status), (code, status));
        }
    }

    #[test]
    fn what_has_no_number_and_what_is_switched_off_is_never_refused() {
        let mut off = Throttle::new(false);
        assert_eq!(taken(&mut off, 0, "ListTasks", 5000), 5000);
        let mut on = Throttle::new(true);
        assert_eq!(taken(&mut on, 0, "RegisterTaskDefinition", 5000), 5000);
        assert!((0..5000).all(|_| on.take(Moment::START, Service::Sqs, "SendMessage").is_ok()));
    }

    #[test]
    fn no_operation_is_in_two_buckets_and_every_bucket_holds_and_refills() {
        for (place, one) in LIMITS.iter().enumerate() {
            assert!(one.burst > 0 && one.per_second > 0);
            for other in LIMITS.iter().skip(place + 1).filter(|other| other.service == one.service) {
                assert!(one.operations.iter().all(|name| !other.operations.contains(name)), "{one:?} {other:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn in_any_time_at_most_the_burst_and_what_came_back_is_let_through(
            gaps in proptest::collection::vec(0u64..200, 1..400), which in 0..LIMITS.len()
        ) {
            let limit = &LIMITS[which];
            let mut throttle = Throttle::new(true);
            let (mut now, mut passed) = (0u64, Vec::new());
            for gap in gaps {
                now += gap;
                if throttle.take(Moment::millis(now), limit.service, limit.operations[0]).is_ok() {
                    passed.push(now);
                } else {
                    // It was refused for a reason: within the time that refills the burst, so many have passed.
                    let back = u64::from(limit.burst) * 1000 / u64::from(limit.per_second);
                    let recent = passed.iter().filter(|at| **at + back >= now).count();
                    prop_assert!(recent >= limit.burst as usize / 2, "refused after {recent}");
                }
            }
            for (first, begin) in passed.iter().enumerate() {
                for (last, end) in passed.iter().enumerate().skip(first) {
                    let most = u64::from(limit.burst) + (end - begin) * u64::from(limit.per_second) / 1000 + 1;
                    prop_assert!((last - first + 1) as u64 <= most);
                }
            }
        }
    }
}
