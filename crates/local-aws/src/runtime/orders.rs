//! The tasks under way, and what each has been told. An order only ever gets more urgent, and is seen whenever it is
//! looked for: telling twice, or before the task is ready to listen, does no harm.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// What a task is told, the more urgent the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    /// Go on.
    Run,
    /// The stop signal, and as long as the stop timeout says.
    Stop,
    /// The same with a short grace: this program ends.
    End,
    /// Now.
    Kill,
}

/// How long tasks have when this program ends.
pub(crate) const END_GRACE: Duration = Duration::from_secs(2);

impl Order {
    /// From the stop signal to `SIGKILL`; none while there is nothing to stop.
    pub(crate) fn grace(self, stop_timeout: Duration) -> Option<Duration> {
        match self {
            Order::Run => None,
            Order::Stop => Some(stop_timeout),
            Order::End => Some(stop_timeout.min(END_GRACE)),
            Order::Kill => Some(Duration::ZERO),
        }
    }
}

/// How long a task that was asked to end still has; for ever, until it is asked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Patience(Option<Instant>);

impl Patience {
    /// It lasts no longer than the order gives from now on.
    pub(crate) fn shorten(&mut self, order: Order, stop_timeout: Duration) {
        let end = order.grace(stop_timeout).map(|grace| Instant::now() + grace);
        self.0 = self.0.into_iter().chain(end).min();
    }

    /// Waits until it is over. Cancel-safe.
    pub(crate) async fn over(self) {
        match self.0 {
            Some(moment) => sleep_until(moment).await,
            None => std::future::pending().await,
        }
    }
}

/// What is done to a task while it runs, apart from its orders; unlike an order it can be taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grip {
    /// Its processes are stopped in their tracks (`SIGSTOP`, Docker's pause).
    pub(crate) frozen: bool,
    /// Nothing on the network reaches it.
    pub(crate) cut: bool,
}

/// A task's end of its orders.
#[derive(Clone, Debug)]
pub(crate) struct Orders(Arc<Told>);

#[derive(Debug)]
struct Told {
    order: watch::Sender<Order>,
    grip: watch::Sender<Grip>,
}

impl Orders {
    fn new() -> Self {
        let (order, grip) = (watch::Sender::new(Order::Run), watch::Sender::new(Grip::default()));
        Orders(Arc::new(Told { order, grip }))
    }

    /// Changes what is done to the task.
    pub(crate) fn grip(&self, change: impl FnOnce(&mut Grip)) {
        self.0.grip.send_modify(change);
    }

    /// Waits until something else than this is done to the task, and says what. Cancel-safe.
    pub(crate) async fn gripped(&self, than: Grip) -> Grip {
        let mut grips = self.0.grip.subscribe();
        let grip = grips.wait_for(|grip| *grip != than).await.map(|grip| *grip);
        match grip {
            Ok(grip) => grip,
            // The sender lives as long as this does.
            Err(_) => std::future::pending().await,
        }
    }

    /// Makes the order at least as urgent as this one.
    pub(crate) fn raise(&self, to: Order) {
        self.0.order.send_if_modified(|order| {
            let more_urgent = to > *order;
            if more_urgent {
                *order = to;
            }
            more_urgent
        });
    }

    /// Waits for an order that is more urgent than `than`. Cancel-safe.
    pub(crate) async fn above(&self, than: Order) -> Order {
        let mut orders = self.0.order.subscribe();
        match orders.wait_for(|order| *order > than).await {
            Ok(order) => *order,
            Err(_) => Order::Kill,
        }
    }
}

/// The tasks under way, by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnderWay(Arc<Mutex<HashMap<String, Task>>>);

#[derive(Debug)]
struct Task {
    orders: Orders,
    work: JoinHandle<()>,
}

impl UnderWay {
    /// Runs `work` as the task `id` until it returns. A task that is under way already is left alone.
    pub(crate) fn start<W>(&self, id: &str, work: impl FnOnce(Orders) -> W)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tasks.contains_key(id) {
            tracing::warn!(task = id, "the task is under way already");
            return;
        }
        let orders = Orders::new();
        let (all, own_id, work) = (self.clone(), id.to_owned(), work(orders.clone()));
        let work = tokio::spawn(async move {
            work.await;
            all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&own_id);
        });
        tasks.insert(id.to_owned(), Task { orders, work });
    }

    /// Tells the task, if it is under way.
    pub(crate) fn tell(&self, id: &str, order: Order) {
        if let Some(task) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            task.orders.raise(order);
        }
    }

    /// Changes what is done to the task, if it is under way.
    pub(crate) fn grip(&self, id: &str, change: impl FnOnce(&mut Grip)) {
        if let Some(task) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            task.orders.grip(change);
        }
    }

    /// Tells all to end and waits until they have.
    pub(crate) async fn end(&self) {
        let tasks: Vec<_> = self.0.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        for (_, task) in &tasks {
            task.orders.raise(Order::End);
        }
        for (id, task) in tasks {
            if task.work.await.is_err() {
                tracing::error!(task = id, "the task's work broke off");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_order_only_gets_more_urgent_and_waits_to_be_seen() {
        let orders = Orders::new();
        orders.raise(Order::End);
        orders.raise(Order::Stop);
        assert_eq!(orders.above(Order::Run).await, Order::End);
        orders.raise(Order::Kill);
        assert_eq!(orders.above(Order::End).await, Order::Kill);
    }

    #[tokio::test]
    async fn a_grip_is_seen_whenever_it_is_looked_for_and_can_be_taken_back() {
        let orders = Orders::new();
        orders.grip(|grip| grip.frozen = true);
        orders.grip(|grip| grip.cut = true);
        let both = Grip { frozen: true, cut: true };
        assert_eq!(orders.gripped(Grip::default()).await, both);
        orders.grip(|grip| *grip = Grip::default());
        assert_eq!(orders.gripped(both).await, Grip::default());
    }

    #[test]
    fn the_more_urgent_an_order_the_shorter_the_grace() {
        let timeout = Duration::from_secs(30);
        assert_eq!(Order::Run.grace(timeout), None);
        assert_eq!(Order::Stop.grace(timeout), Some(timeout));
        assert_eq!(Order::End.grace(timeout), Some(END_GRACE));
        assert_eq!(Order::End.grace(Duration::from_secs(1)), Some(Duration::from_secs(1)));
        assert_eq!(Order::Kill.grace(timeout), Some(Duration::ZERO));
    }
}
