//! Many lives of a supervisor, many at once, each with one drain, and what their clients saw.

pub(crate) mod app;
mod client;
mod dice;
mod direct;
mod leased;
mod life;
mod proxy;
mod told;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::dice::Dice;
use self::direct::End;
use self::told::Told;

/// What is tried.
pub(crate) struct Drill {
    /// Where the dice begin.
    pub(crate) seed: u64,
    /// Lives whose clients follow `/watch` as a proxy does.
    pub(crate) leased: usize,
    /// Lives whose clients connect straight to the app: so many of each [`End`].
    pub(crate) direct: usize,
    /// How many at a time.
    pub(crate) at_once: usize,
}

impl Drill {
    /// Runs it.
    pub(crate) fn run(&self) -> Told {
        let told = Mutex::new(Told::default());
        let all = self.leased + 3 * self.direct;
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.at_once {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= all {
                            return;
                        }
                        self.live(number, &told);
                        let done = number + 1;
                        if done.is_multiple_of(500) {
                            eprintln!("{done} of {all}: {}", told.lock().expect("told").summary());
                        }
                    }
                });
            }
        });
        told.into_inner().expect("told")
    }

    fn live(&self, number: usize, told: &Mutex<Told>) {
        let dice = Dice::new(self.seed, number);
        let end = match number.checked_sub(self.leased) {
            None => {
                let one = leased::life(number, dice);
                return told.lock().expect("told").leased.add(one);
            }
            Some(n) if n < self.direct => End::Deregistered,
            Some(n) if n < 2 * self.direct => End::Drained,
            Some(_) => End::Plain,
        };
        let one = direct::life(number, dice, end);
        let mut told = told.lock().expect("told");
        match end {
            End::Deregistered => told.deregistered.add(one),
            End::Drained => told.drained.add(one),
            End::Plain => told.plain.add(one),
        }
    }
}
