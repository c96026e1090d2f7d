//! A life whose clients are a proxy's: they follow `/watch` by rules W2 and W3.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use task_state::{Cause, State};

use super::client::{Client, Manner};
use super::dice::Dice;
use super::life::{Life, Order, code};
use super::proxy::{Hearing, Proxy, TURN};
use super::told::Sums;

/// Lives it.
pub(super) fn life(number: usize, mut dice: Dice) -> Sums {
    let finishes = dice.below(2) == 0;
    // Some hear nothing any more when the order comes, send until their lease ends, and report nothing.
    let hearing = match dice.below(10) {
        0 => Hearing::GoneSparse,
        1 => Hearing::GoneLong,
        _ => Hearing::Good,
    };
    let deaf = hearing != Hearing::Good;
    let orders = [Order::File, Order::Asked, Order::Signal, Order::Idle];
    let order = orders[dice.below(if deaf { 3 } else { 4 }) as usize];
    let idle_timeout = if order == Order::Idle { "1s" } else { "0" };
    let options = ["--drain-min", "0", "--stop-grace", "5s", "--idle-timeout", idle_timeout];
    let life = Life::supervised(number, finishes, &options);
    let proxy = Proxy::new(life.status);
    let sums = Mutex::new(Sums { drains: 1, ..Sums::default() });
    std::thread::scope(|scope| {
        scope.spawn(|| proxy.watch(number));
        for manner in Manner::ALL {
            let client = Client::new(life.app, manner, dice.apart());
            let (proxy, sums) = (&proxy, &sums);
            scope.spawn(move || proxy.send(client, manner, sums));
        }
        if !deaf {
            scope.spawn(|| proxy.report(number));
        }
        proxy.wait_for_a_lease();
        std::thread::sleep(Duration::from_millis(dice.below(250)));
        proxy.view().hearing = hearing;
        let ordered = Instant::now();
        life.order(order);
        if order == Order::Idle {
            proxy.fall_silent(&mut dice, &life);
        }
        let code = code(life.end());
        let expected = if order == Order::Signal && !finishes { 143 } else { 0 };
        let mut sums = sums.lock().expect("sums");
        if order != Order::Idle {
            sums.took.push(ordered.elapsed());
        }
        if code != expected {
            sums.wrong.push(format!("life {number} ({order:?}) ended with {code}\n{}", life.log()));
        }
    });
    let mut sums = sums.into_inner().expect("sums");
    if sums.lost.iter().any(|lost| *lost > 0) {
        sums.wrong.push(format!(
            "life {number} ({order:?}, finishes: {finishes}, hearing: {hearing:?}) lost something\n{}",
            life.log()
        ));
    }
    sums
}

impl Proxy {
    /// One client: asks whenever there is a lease.
    fn send(&self, mut client: Client, manner: Manner, sums: &Mutex<Sums>) {
        let mut holds = false;
        loop {
            {
                let mut view = self.view();
                let may = !view.silent && self.may_send(&view);
                if !may {
                    client.let_go();
                }
                view.holding = view.holding + u64::from(may) - u64::from(holds);
                holds = may;
                if view.over {
                    return;
                }
                if !may {
                    drop(self.changed.wait_timeout(view, TURN).expect("view"));
                    continue;
                }
            }
            let connected = client.connect();
            // Looks again, before the first byte.
            let (may, counted, hearing) = {
                let mut view = self.view();
                let may = self.may_send(&view);
                let counted = may && connected.is_ok();
                view.in_flight += u64::from(counted);
                (may, counted, view.hearing)
            };
            let outcome = match (may, connected) {
                (true, Ok(())) => Some(client.ask(hearing == Hearing::GoneLong)),
                // Under a lease the app accepts.
                (true, Err(error)) => Some(Err(error)),
                (false, _) => {
                    client.let_go();
                    None
                }
            };
            {
                let mut view = self.view();
                view.in_flight -= u64::from(counted);
                if hearing == Hearing::GoneSparse {
                    client.let_go();
                }
                view.holding -= u64::from(!client.is_connected());
                holds = client.is_connected();
                self.changed.notify_all();
            }
            match outcome {
                Some(Ok(())) => sums.lock().expect("sums").answered(manner),
                Some(Err(error)) => {
                    let mut sums = sums.lock().expect("sums");
                    sums.lost(manner);
                    sums.wrong.push(format!("{manner:?}: {error}"));
                }
                None => {}
            }
            client.rest(if hearing == Hearing::GoneSparse { 900 } else { 25 });
        }
    }

    fn be_silent(&self, silent: bool) {
        self.view().silent = silent;
        self.changed.notify_all();
    }

    /// Lets the service fall idle. Half of the time a request comes when it is about to drain, or does, and calls it back
    /// where that is still possible; then it is told to sleep, as a call-back holds for long.
    fn fall_silent(&self, dice: &mut Dice, life: &Life) {
        self.be_silent(true);
        if dice.below(2) == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(900 + dice.below(500)));
        let state = self.view().state;
        if let State::Draining { cause: Cause::Idle, .. } = state {
            match life.ask("POST /wake", "") {
                Some((200, _)) => {}
                // Too late: it sleeps.
                Some(_) | None => return,
            }
        }
        self.be_silent(false);
        std::thread::sleep(Duration::from_millis(50 + dice.below(100)));
        life.order(Order::File);
    }
}
