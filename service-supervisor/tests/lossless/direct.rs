//! A life whose clients know of no drain: straight on the app's port.

use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

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
    /// The same, and clients find its name gone from the DNS within two seconds.
    Deregistered,
}

/// The longest that a client goes by an old record.
const RECORD_LIVES: u64 = 2_000;

/// Lives it.
pub(super) fn life(number: usize, mut dice: Dice, end: End) -> Sums {
    let finishes = dice.below(2) == 0;
    let mut life = match end {
        End::Plain => Life::plain(number, finishes),
        End::Drained | End::Deregistered => Life::supervised(number, finishes, &[]),
    };
    life.wait_until_it_accepts();
    let sums = Mutex::new(Sums { drains: 1, ..Sums::default() });
    let gone = OnceLock::new();
    std::thread::scope(|scope| {
        for manner in Manner::ALL {
            let client = Client::new(life.app, manner, dice.apart());
            let patience = Duration::from_millis(dice.below(RECORD_LIVES));
            let (sums, gone) = (&sums, &gone);
            let knows = move || gone.get().is_some_and(|at: &Instant| at.elapsed() > patience);
            scope.spawn(move || send(client, manner, knows, sums));
        }
        std::thread::sleep(Duration::from_millis(50 + dice.below(250)));
        let ordered = Instant::now();
        if end == End::Deregistered {
            gone.set(ordered).expect("once");
        }
        life.signal(Signal::SIGTERM);
        life.end();
        sums.lock().expect("sums").took.push(ordered.elapsed());
    });
    sums.into_inner().expect("sums")
}

/// Asks until it knows better or nobody accepts any more. A refused connection is no loss: nothing was sent.
fn send(mut client: Client, manner: Manner, knows: impl Fn() -> bool, sums: &Mutex<Sums>) {
    while !knows() && client.connect().is_ok() {
        match client.ask() {
            Ok(()) => sums.lock().expect("sums").answered(manner),
            Err(_) => sums.lock().expect("sums").lost(manner),
        }
        client.rest();
    }
}
