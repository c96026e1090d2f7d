//! One cycle from zero to zero, each step checked and timed.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use e2e::world::{Error, World};

use crate::paint::Paint;

/// What each step took.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<(&'static str, Duration)>,
}

/// Far more than any step takes, so that a busy machine is no failure.
const LIMIT: Duration = Duration::from_secs(120);

/// Goes through the cycle.
pub(crate) async fn go(world: &mut World) -> Result<Report, Error> {
    let mut report = Report::default();
    let mut begun = Instant::now();
    let mut done = |what: &'static str| {
        report.steps.push((what, begun.elapsed()));
        begun = Instant::now();
    };

    world.until("nothing to be there", LIMIT, |now| now.is_zero()).await?;
    done("asleep: no task, no registration, no host");

    let (status, body) = world.get("/host").await?;
    if status != 200 {
        return Err(Error::Refused("the first request".into(), format!("{status} {body}")));
    }
    done("one request, held, woke it and was answered 200");

    world
        .until("one registered task on a protected host", LIMIT, |now| {
            now.registered("demo.service").count() == 1
                && now.living_tasks("demo").count() == 1
                && now.living_hosts().filter(|host| host.lifecycle == "InService").all(|host| host.protected)
        })
        .await?;
    done("awake: registered in Cloud Map, its host protected");

    world.until("the registration to go", LIMIT, |now| now.registered("demo.service").count() == 0).await?;
    done("idle: draining, deregistered first");

    world.until("the task to stop", LIMIT, |now| now.living_tasks("demo").next().is_none()).await?;
    done("asleep: every lease ended, the app stopped");

    world.until("the hosts to be released", LIMIT, |now| now.is_zero()).await?;
    done("empty: every host released itself, nothing is left");
    Ok(report)
}

impl Report {
    pub(crate) fn print(&self, paint: Paint) -> String {
        let mut text = format!("\n{}\n", paint.bold("From zero to zero"));
        for (what, took) in &self.steps {
            let _ = writeln!(text, "  {} {:>7.2}s  {what}", paint.good("ok"), took.as_secs_f64());
        }
        text
    }
}
