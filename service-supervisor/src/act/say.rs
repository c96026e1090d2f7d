//! The log lines of what is asked of others and of what is only observed.

use std::time::Duration;

use super::millis;
use crate::decide::observed::Summary;
use crate::decide::protection::News;
use crate::log::{self, Line};

pub(super) fn task_unknown(why: &str) {
    log::warn("the ECS task is not known yet; hellos go without it").with("error", why).write();
}

pub(super) fn protection(news: &News) {
    match news {
        News::On => log::info("task is protected").write(),
        News::Off => log::info("task is not protected any more").write(),
        News::NotValid => log::info("task is of no ECS service: it needs no protection and sleeps as usual").write(),
        News::Hindered(reason) => {
            log::warn("task protection is not as wanted; it is asked for again").with("reason", reason).write();
        }
    }
}

pub(super) fn left_to_ecs() {
    log::info("nobody uses the service; it waits for ECS to stop its task").write();
}

pub(super) fn would_sleep(why: &str) {
    log::info("service would sleep").with("why", why).write();
}

pub(super) fn would_wake(asleep: Duration, by: &str, summary: &Summary) {
    let line = log::info("service would be woken").with("by", by).with("would_have_slept_ms", millis(asleep));
    with_summary(line, summary).write();
}

pub(super) fn would_have_slept(summary: &Summary) {
    with_summary(log::info("sleeping would have saved"), summary).write();
}

fn with_summary(line: Line, summary: &Summary) -> Line {
    let Summary { sleeps, asleep, awake } = summary;
    line.with("sleeps", *sleeps).with("asleep_ms", millis(*asleep)).with("awake_ms", millis(*awake))
}
