//! A life whose clients know of no drain: straight on the app's port.

use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use task_state::{Message, Report, State};

use super::client::{Client, Manner};
use super::dice::Dice;
use super::life::Life;
use super::told::Sums;

/// What becomes of the app, and what its clients know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It gets its SIGTERM, as from `docker stop`.
    Plain,
    /// Its supervisor does, and drains it. Clients go on as long as somebody accepts.
    Drained,
    /// The same, with an agent: it takes the name out of the DNS, and releases the drain when no client can go by the old
    /// record any more.
    Deregistered,
}

/// The longest that a client goes by an old record, in milliseconds.
const RECORD_LIVES: u64 = 1_000;

/// Lives it.
pub(super) fn life(number: usize, mut dice: Dice, end: End) -> Sums {
    let finishes = dice.below(2) == 0;
    let life = match end {
        End::Plain => Life::plain(number, finishes),
        End::Drained | End::Deregistered => Life::supervised(number, finishes, &[]),
    };
    life.wait_until_it_accepts();
    let sums = Mutex::new(Sums { drains: 1, ..Sums::default() });
    let gone = OnceLock::new();
    std::thread::scope(|scope| {
        if end == End::Deregistered {
            let watch = life.watch(&format!("?id=a-{number}&as=agent"));
            let (life, gone) = (&life, &gone);
            scope.spawn(move || deregister(life, number, watch, gone));
        }
        for manner in Manner::ALL {
            let client = Client::new(life.app, manner, dice.apart());
            let patience = Duration::from_millis(dice.below(RECORD_LIVES));
            let (sums, gone) = (&sums, &gone);
            let knows = move || gone.get().is_some_and(|at: &Instant| at.elapsed() > patience);
            scope.spawn(move || send(client, manner, knows, sums));
        }
        std::thread::sleep(Duration::from_millis(50 + dice.below(250)));
        let ordered = Instant::now();
        life.signal(Signal::SIGTERM);
        life.end();
        sums.lock().expect("sums").took.push(ordered.elapsed());
    });
    sums.into_inner().expect("sums")
}

/// The agent.
fn deregister(life: &Life, number: usize, watch: impl Iterator<Item = Message>, gone: &OnceLock<Instant>) {
    let draining = |message: Message| match message.state {
        State::Draining { number, .. } => Some(number),
        State::Starting | State::Awake { .. } | State::Stopping | State::Gone => None,
    };
    let Some(drain) = watch.into_iter().find_map(draining) else { return };
    gone.set(Instant::now()).expect("it is told once");
    std::thread::sleep(Duration::from_millis(RECORD_LIVES));
    let report = Report { sequence: 1, in_flight: 0, unanswered: 0, released: Some(drain) };
    // Where it is over by now there is nobody to tell.
    let _ = life.ask(&format!("PUT /watch/a-{number}"), &serde_json::to_string(&report).expect("JSON"));
}

/// Asks until it knows better or nobody accepts any more. A refused connection is no loss: nothing was sent.
fn send(mut client: Client, manner: Manner, knows: impl Fn() -> bool, sums: &Mutex<Sums>) {
    while !knows() && client.connect().is_ok() {
        match client.ask(false) {
            Ok(()) => sums.lock().expect("sums").answered(manner),
            Err(_) => sums.lock().expect("sums").lost(manner),
        }
        client.rest(25);
    }
}
