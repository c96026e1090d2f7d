//! Builds the parts and turns the loop: observe, plan, apply, show. The only file that knows all of them.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use daemon::backoff::Backoff;
use daemon::exit::chain;
use daemon::moment::{Clock, Moment};
use task_state::WatcherId;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::apply::Hands;
use crate::caller::Caller;
use crate::config::Settings;
use crate::follow::{Followers, Heard};
use crate::identify::identify;
use crate::introspect::Introspection;
use crate::news::News;
use crate::observe::Observed;
use crate::observe::host::{Host, Identity};
use crate::observe::tasks::Listed;
use crate::plan::pace::Pace;
use crate::plan::step::{Outcome, Step};
use crate::plan::{Plan, Policy};
use crate::status::{self, Ended, Snapshot, Turn};

/// What is under way when the agent is asked to end gets so long.
const LAST_STEPS: Duration = Duration::from_secs(2);

/// One attempt of an AWS call, and all attempts of one.
const AWS_ATTEMPT: Duration = Duration::from_secs(5);
const AWS_CALL: Duration = Duration::from_secs(20);

const IDENTIFY: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(10));

/// So many outcomes are shown.
const SHOWN_OUTCOMES: usize = 50;

/// What the agent cannot do without.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The status page's address is taken or not this host's.
    #[error("cannot listen on {0}")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
    /// Signals cannot be received.
    #[error("cannot receive signals")]
    Signals(#[source] std::io::Error),
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// [`Error`]: it could not start.
pub async fn run(settings: Settings) -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let asked = async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    };
    let clock = Clock::start();
    let (show, shown) = watch::channel(Snapshot::Identifying { why: "it has just started".to_owned() });
    let at = settings.admin_listen;
    let listener = status::bind(at).await.map_err(|error| Error::Listen(at, error))?;
    let page = tokio::spawn(status::serve(listener, shown, clock, settings.poll));
    let aws = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(AWS_ATTEMPT).operation_timeout(AWS_CALL).build(),
        )
        .load()
        .await;
    let introspection = Introspection::new(settings.introspection.clone());
    let mut asked = pin!(asked);
    tracing::info!(introspection = %settings.introspection, "agent started");

    let identity = tokio::select! {
        identity = learn_identity(&introspection, &show) => Some(identity),
        _ = &mut asked => None,
    };
    if let Some(identity) = identity {
        let mut shell = Shell::new(&settings, &aws, introspection, &identity, clock, show);
        let signal = tokio::select! {
            signal = &mut asked => signal,
            () = shell.turn_for_ever() => "nothing",
        };
        tracing::info!(signal, host = shell.host, "agent ending: registrations are kept");
        shell.end().await;
    }
    page.abort();
    Ok(())
}

async fn learn_identity(introspection: &Introspection, show: &watch::Sender<Snapshot>) -> Identity {
    let metadata = aws_config::imds::Client::builder().build();
    let mut failures = 0;
    loop {
        match identify(introspection, &metadata).await {
            Ok(identity) => {
                tracing::info!(
                    host = identity.host.instance,
                    cluster = identity.cluster,
                    container_instance = identity.container_instance,
                    "host identified"
                );
                return identity;
            }
            Err(error) => {
                let why = chain(&error);
                failures += 1;
                if failures == 1 {
                    tracing::info!(error = why, "host does not know itself yet");
                } else {
                    tracing::debug!(error = why, failures, "host does not know itself yet");
                }
                show.send_replace(Snapshot::Identifying { why });
                sleep(IDENTIFY.after(failures)).await;
            }
        }
    }
}

/// A look at the tasks: when it began, and what it gave.
type Look = (Moment, Result<Vec<Listed>, String>);

/// A step that has ended.
type StepEnded = (Step, Outcome);

/// What happens to the loop.
enum Event {
    Look(Look),
    Heard(Heard),
    Ended(Box<StepEnded>),
    /// Time for another look.
    Poll,
    /// A moment has come that the plan waited for.
    Due,
}

struct Shell {
    host: String,
    clock: Clock,
    policy: Policy,
    poll: Duration,
    introspection: Introspection,
    hands: Arc<Hands>,
    followers: Followers,
    heard: mpsc::Receiver<Heard>,
    looks: JoinSet<Look>,
    steps: JoinSet<StepEnded>,
    observed: Observed,
    outcomes: VecDeque<Ended>,
    show: watch::Sender<Snapshot>,
}

impl Shell {
    fn new(
        settings: &Settings,
        aws: &SdkConfig,
        introspection: Introspection,
        identity: &Identity,
        clock: Clock,
        show: watch::Sender<Snapshot>,
    ) -> Self {
        let watcher: WatcherId = format!("agent-{}", uuid::Uuid::new_v4()).parse().expect("letters, digits, dashes");
        let (say, heard) = mpsc::channel(64);
        let caller = Caller { id: watcher, token: settings.token.clone(), clock };
        let hands = Hands::new(aws, &settings.namespace, identity, caller.clone());
        Shell {
            host: identity.host.instance.clone(),
            clock,
            policy: Policy::new(settings.idle_grace),
            poll: settings.poll,
            introspection,
            hands: Arc::new(hands),
            followers: Followers::new(caller, say),
            heard,
            looks: JoinSet::new(),
            steps: JoinSet::new(),
            observed: Observed::new(Host::new(identity.clone()), Pace::new(spread(&identity.host.instance))),
            outcomes: VecDeque::new(),
            show,
        }
    }

    async fn turn_for_ever(&mut self) {
        let mut poll = interval(self.poll);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = self.clock.now();
            let plan = Plan::new(&self.observed, &self.policy, now);
            for step in &plan.steps {
                self.start(step, now);
            }
            let wanted = self.observed.followed();
            self.followers.keep(wanted.filter_map(|(arn, task)| Some((arn, task.listed.endpoint?))));
            let next = plan.next();
            self.publish(plan, now);

            let due = async {
                match next {
                    Some(next) => sleep(next.since(now)).await,
                    None => std::future::pending().await,
                }
            };
            let event = tokio::select! {
                Some(ended) = self.steps.join_next() => Event::Ended(Box::new(joined(ended))),
                Some(heard) = self.heard.recv() => Event::Heard(heard),
                Some(look) = self.looks.join_next() => Event::Look(joined(look)),
                _ = poll.tick() => Event::Poll,
                () = due => Event::Due,
            };
            self.handle(event);
        }
    }

    fn handle(&mut self, event: Event) {
        let now = self.clock.now();
        let news = match event {
            Event::Look((asked, look)) => self.observed.note_listing(asked, look, now),
            Event::Heard((task, word)) => self.observed.note_word(&task, word, now),
            Event::Ended(ended) => {
                let (step, outcome) = *ended;
                self.remember(&step, &outcome, now);
                self.observed.note_outcome(&step, &outcome, now)
            }
            Event::Poll => {
                self.look(now);
                Vec::new()
            }
            Event::Due => Vec::new(),
        };
        self.log(&news);
    }

    /// Looks at the tasks, unless a look is under way.
    fn look(&mut self, now: Moment) {
        if self.looks.is_empty() {
            let introspection = self.introspection.clone();
            let address = self.observed.host.identity.address;
            self.looks.spawn(async move {
                let look = introspection.tasks(address).await;
                (now, look.map_err(|error| chain(&error)))
            });
        }
    }

    fn start(&mut self, step: &Step, now: Moment) {
        tracing::debug!(host = self.host, step = %step, "step started");
        self.observed.note_started(step, now);
        let (hands, step) = (Arc::clone(&self.hands), step.clone());
        self.steps.spawn(async move {
            let outcome = hands.apply(&step).await;
            (step, outcome)
        });
    }

    fn remember(&mut self, step: &Step, outcome: &Outcome, now: Moment) {
        let key = step.key();
        let began = self.observed.pace.under_way().find(|(under_way, ..)| **under_way == key).map(|(.., since)| since);
        let failed = match outcome {
            Outcome::Done(_) => None,
            Outcome::Failed { why, .. } => Some(why.clone()),
        };
        if self.outcomes.len() == SHOWN_OUTCOMES {
            self.outcomes.pop_front();
        }
        let took = began.map(|began| now.since(began)).unwrap_or_default();
        self.outcomes.push_back(Ended { at: now, step: step.to_string(), took, failed });
    }

    fn publish(&self, plan: Plan, at: Moment) {
        let outcomes = self.outcomes.iter().cloned().collect();
        let turn = Turn { at, observed: self.observed.clone(), plan, outcomes };
        self.show.send_replace(Snapshot::Turn(Arc::new(turn)));
    }

    fn log(&self, news: &[News]) {
        for item in news {
            item.log(&self.host);
        }
    }

    /// Lets what is under way end, for a while; begins nothing. What is cut off is found again after the next start.
    async fn end(&mut self) {
        let ended = timeout(LAST_STEPS, async {
            while let Some(ended) = self.steps.join_next().await {
                self.handle(Event::Ended(Box::new(joined(ended))));
            }
        });
        if ended.await.is_err() {
            tracing::info!(host = self.host, steps = self.steps.len(), "steps abandoned");
        }
    }
}

/// A part that panicked takes the agent with it: the next start finds everything again, a part that is missing does not.
fn joined<T>(result: Result<T, tokio::task::JoinError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// A number from 0 to 1 that is another one on each host.
fn spread(instance: &str) -> f64 {
    let mut hasher = DefaultHasher::new();
    instance.hash(&mut hasher);
    (hasher.finish() % 1024) as f64 / 1024.0
}
