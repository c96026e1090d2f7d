//! Tasks that only seem to run: they start at once, end when they are told to, and obey like a well-behaved app. For
//! worlds of hundreds of tasks, where what is looked at is AWS and not the tasks.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::orders::{Grip, Order, Orders, Patience, UnderWay};
use super::{ContainerSpec, Happened, TaskSpec};

/// 128 + `SIGKILL`.
const KILLED: i64 = 137;

/// Runs nothing.
#[derive(Debug)]
pub(crate) struct Simulated {
    events: UnboundedSender<Happened>,
}

impl Simulated {
    pub(crate) const fn new(events: UnboundedSender<Happened>) -> Self {
        Simulated { events }
    }

    pub(crate) fn start(&self, spec: TaskSpec, under_way: &UnderWay) {
        let events = self.events.clone();
        let TaskSpec { id, address, containers, .. } = spec;
        let stop_timeout = containers.iter().map(|container| container.stop_timeout).max().unwrap_or_default();
        under_way.start(&id.clone(), |orders| async move {
            let _ = events.send(Happened::Started { task: id.clone(), address, docker_ids: Vec::new() });
            let code = until_ended(&orders, stop_timeout).await;
            for ContainerSpec { name: container, .. } in containers {
                let _ = events.send(Happened::Exited { task: id.clone(), container, code });
            }
        });
    }
}

/// The exit code: 0 for a task that was asked, once it is not frozen; 137 for one that was killed.
async fn until_ended(orders: &Orders, stop_timeout: Duration) -> i64 {
    let mut heard = Order::Run;
    let mut grip = Grip::default();
    let mut patience = Patience::default();
    loop {
        match heard {
            Order::Run => {}
            Order::Stop | Order::End if !grip.frozen => return 0,
            Order::Stop | Order::End => {}
            Order::Kill => return KILLED,
        }
        tokio::select! {
            biased;
            now = orders.gripped(grip) => grip = now,
            order = orders.above(heard) => {
                heard = order;
                patience.shorten(order, stop_timeout);
            }
            () = patience.over() => return KILLED,
        }
    }
}
