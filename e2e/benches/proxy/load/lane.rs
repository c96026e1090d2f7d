//! A lane under way: what is due, what is begun, what is answered.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::plan::{Lane, LaneReport, Until};

pub(super) struct Running {
    pub(super) request: Vec<u8>,
    /// The connections that have nothing to do; they take turns.
    pub(super) idle: VecDeque<usize>,
    /// Of a lane with a rate: when what is not yet begun was to be sent.
    due: VecDeque<Instant>,
    noted: u64,
    pub(super) begun: u64,
    pub(super) failed: u64,
    bytes: u64,
    /// In milliseconds, one for each answer.
    took: Vec<f64>,
}

impl Running {
    pub(super) fn new(lane: &Lane) -> Running {
        let close = if lane.fresh { "Connection: close\r\n" } else { "" };
        Running {
            request: format!(
                "GET {} HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n{close}\r\n",
                lane.path
            )
            .into_bytes(),
            idle: VecDeque::new(),
            due: VecDeque::new(),
            noted: 0,
            begun: 0,
            failed: 0,
            bytes: 0,
            took: vec![],
        }
    }

    pub(super) fn may_begin(&self, elapsed: Duration, lane: &Lane) -> bool {
        match lane.until {
            Until::Millis(millis) => elapsed < Duration::from_millis(millis),
            Until::Requests(requests) => self.begun < requests,
        }
    }

    /// Notes what has become due at this rate.
    pub(super) fn note_due(&mut self, began: Instant, rate: u32, lane: &Lane) {
        let elapsed = began.elapsed();
        let step = Duration::from_secs(1) / rate;
        let all = match lane.until {
            Until::Millis(millis) => millis * u64::from(rate) / 1000,
            Until::Requests(requests) => requests,
        };
        while self.noted < all {
            let due = step * u32::try_from(self.noted).unwrap_or(u32::MAX);
            if due > elapsed {
                break;
            }
            self.due.push_back(began + due);
            self.noted += 1;
        }
    }

    /// A connection, and when its request was to be sent.
    pub(super) fn take_due(&mut self) -> Option<(usize, Instant)> {
        let due = *self.due.front()?;
        let index = self.idle.pop_front()?;
        self.due.pop_front();
        self.begun += 1;
        Some((index, due))
    }

    pub(super) fn answered(&mut self, due: Instant, bytes: u64) {
        self.bytes += bytes;
        self.took.push(due.elapsed().as_secs_f64() * 1e3);
    }

    pub(super) fn is_over(&self, elapsed: Duration, lane: &Lane) -> bool {
        let all_begun = match (lane.rate, lane.until) {
            (Some(rate), Until::Millis(millis)) => self.begun >= millis * u64::from(rate) / 1000,
            (_, Until::Requests(requests)) => self.begun >= requests,
            (None, Until::Millis(_)) => !self.may_begin(elapsed, lane),
        };
        all_begun && self.took.len() as u64 + self.failed >= self.begun
    }

    pub(super) fn report(mut self) -> LaneReport {
        self.took.sort_unstable_by(f64::total_cmp);
        LaneReport {
            requests: self.took.len() as u64,
            bytes: self.bytes,
            p50: crate::table::part(&self.took, 0.5),
            p99: crate::table::part(&self.took, 0.99),
        }
    }
}
