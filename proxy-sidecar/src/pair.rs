//! The rounds of a pair proxy: whether its service has gone (rule X9).

use std::sync::Arc;

use tokio::time::sleep;

use crate::config::Settings;
use crate::decide::health::{Rounds, Verdict};
use crate::service::Service;

/// Returns once the service has gone.
pub async fn until_gone(service: Arc<Service>, settings: &Settings) {
    let clock = service.clock;
    let started = clock.now();
    let mut rounds = Rounds::new(settings.health_interval, settings.health_failures, settings.start_grace, started);
    let mut arrivals = 0;
    loop {
        sleep(rounds.next().since(clock.now())).await;
        let now = clock.now();
        let pulse = service.pulse();
        if pulse.arrivals != arrivals {
            arrivals = pulse.arrivals;
            rounds.wanted();
        }
        if pulse.ever_reached {
            rounds.reached();
        }
        if now.since(started) >= settings.start_grace {
            service.pair_gives_up_waiting();
        }
        match rounds.round(pulse.reachable, pulse.busy, now) {
            Verdict::Fine => (),
            Verdict::Failing(failures) => {
                tracing::info!(service = %service.name, failures, "health check failed");
            }
            Verdict::Gone => {
                tracing::info!(service = %service.name, failures = settings.health_failures, "service gone");
                return;
            }
        }
    }
}
