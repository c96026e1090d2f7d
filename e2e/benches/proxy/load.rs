//! The load: one thread and its epoll. It reads answers by their length and counts whatever is wrong with them.

mod connection;
mod lane;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use self::connection::{Connection, Progress};
use self::lane::Running;
use crate::plan::{Plan, Report};

/// Longer than any answer takes.
const PATIENCE: u16 = 20_000;

const TIMER: u64 = u64::MAX;

struct Load {
    plan: Plan,
    epoll: Epoll,
    began: Instant,
    connections: Vec<Connection>,
    lanes: Vec<Running>,
    failures: BTreeMap<String, u64>,
    buffer: Vec<u8>,
}

/// Does what the plan says.
pub(crate) fn run(plan: &Plan) -> Report {
    let epoll = Epoll::new(EpollCreateFlags::empty()).expect("epoll");
    let timer = timer(plan);
    epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, TIMER)).expect("epoll");
    let mut load = Load {
        epoll,
        began: Instant::now(),
        connections: vec![],
        lanes: plan.lanes.iter().map(Running::new).collect(),
        failures: BTreeMap::new(),
        buffer: vec![0; 1024 * 1024],
        plan: plan.clone(),
    };
    load.connect_all();
    load.began = Instant::now();
    load.begin_all();
    let mut events = [EpollEvent::empty(); 256];
    while !load.is_over() {
        let ready = match load.epoll.wait(&mut events, EpollTimeout::from(PATIENCE)) {
            Ok(0) => panic!("no answer in {PATIENCE} ms"),
            Ok(ready) => ready,
            Err(nix::Error::EINTR) => continue,
            Err(error) => panic!("epoll: {error}"),
        };
        for event in events.iter().take(ready) {
            match usize::try_from(event.data()) {
                Ok(index) if event.data() != TIMER => load.read(index),
                _ => timer.wait().expect("a timer"),
            }
        }
        load.begin_what_is_due();
    }
    load.report()
}

/// Ticks as often as the quickest lane with a rate wants it.
fn timer(plan: &Plan) -> TimerFd {
    let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::empty()).expect("a timer");
    if let Some(rate) = plan.lanes.iter().filter_map(|lane| lane.rate).max() {
        let step = TimeSpec::from_duration(Duration::from_secs(1) / rate);
        timer.set(Expiration::Interval(step), TimerSetTimeFlags::empty()).expect("a timer");
    }
    timer
}

impl Load {
    fn connect_all(&mut self) {
        for (number, lane) in self.plan.lanes.iter().enumerate() {
            for _ in 0..lane.connections {
                let index = self.connections.len();
                let connection = Connection::open(self.plan.at, number, &self.epoll, index as u64);
                self.connections.push(connection);
                self.lanes[number].idle.push_back(index);
            }
        }
    }

    fn begin_all(&mut self) {
        for number in 0..self.lanes.len() {
            if self.plan.lanes[number].rate.is_none() {
                for index in std::mem::take(&mut self.lanes[number].idle) {
                    self.go_on(index);
                }
            }
        }
    }

    fn begin_what_is_due(&mut self) {
        for number in 0..self.lanes.len() {
            let Some(rate) = self.plan.lanes[number].rate else { continue };
            self.lanes[number].note_due(self.began, rate, &self.plan.lanes[number]);
            while let Some((index, due)) = self.lanes[number].take_due() {
                self.begin(index, due);
            }
        }
    }

    /// What a connection does that has nothing to do.
    fn go_on(&mut self, index: usize) {
        let number = self.connections[index].lane;
        let now = Instant::now();
        let lane = &mut self.lanes[number];
        if self.plan.lanes[number].rate.is_some() {
            lane.idle.push_back(index);
            self.begin_what_is_due();
        } else if lane.may_begin(now.duration_since(self.began), &self.plan.lanes[number]) {
            lane.begun += 1;
            self.begin(index, now);
        }
    }

    fn begin(&mut self, index: usize, due: Instant) {
        let connection = &mut self.connections[index];
        if let Err(wrong) = connection.send(&self.lanes[connection.lane].request, due) {
            self.fail(index, wrong);
        }
    }

    fn read(&mut self, index: usize) {
        let lane = &self.plan.lanes[self.connections[index].lane];
        match self.connections[index].read(&mut self.buffer, lane) {
            Progress::Waits => (),
            Progress::Answered { due, bytes } => {
                self.lanes[self.connections[index].lane].answered(due, bytes);
                if !lane.fresh {
                    self.go_on(index);
                }
            }
            Progress::Closed => {
                self.reconnect(index);
                self.go_on(index);
            }
            Progress::Wrong(wrong) => self.fail(index, wrong),
        }
    }

    fn fail(&mut self, index: usize, wrong: String) {
        *self.failures.entry(wrong).or_default() += 1;
        self.lanes[self.connections[index].lane].failed += 1;
        self.reconnect(index);
        self.go_on(index);
    }

    fn reconnect(&mut self, index: usize) {
        let lane = self.connections[index].lane;
        self.connections[index] = Connection::open(self.plan.at, lane, &self.epoll, index as u64);
    }

    fn is_over(&self) -> bool {
        let elapsed = self.began.elapsed();
        self.lanes.iter().zip(&self.plan.lanes).all(|(lane, plan)| lane.is_over(elapsed, plan))
    }

    fn report(self) -> Report {
        Report {
            seconds: self.began.elapsed().as_secs_f64(),
            lanes: self.lanes.into_iter().map(Running::report).collect(),
            failures: self.failures,
        }
    }
}
