//! What comes back from those who are asked, and the `POST /wake`s whose answer waits for it.

use daemon::moment::Moment;

use super::Supervisor;
use crate::asking::{Answered, Purpose, agent, task};
use crate::decide::action::Event;
use crate::decide::asks::{WAKE_PATIENCE, WakeAnswer};
use crate::decide::watchers::ClientId;
use crate::log;
use crate::status::reply;

/// A `POST /wake` that waits for the task's protection, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct WaitingWake {
    client: ClientId,
    until: Moment,
}

impl Supervisor {
    /// Something has come of a question.
    pub(super) fn answered(&mut self, answered: Answered) -> Option<u8> {
        let event = match answered.purpose {
            Purpose::Task => Event::TaskAnswered(self.task_answered(answered)),
            Purpose::Ready => Event::Probed(answered.probed()),
            Purpose::Protection => Event::ProtectionAnswered(agent::said(answered.answer)),
        };
        self.handle(event)
    }

    fn task_answered(&mut self, answered: Answered) -> Result<(), String> {
        let answer = answered.answer.map_err(|no| daemon::exit::chain(&no))?;
        let task = answer.as_ref().and_then(task::read).ok_or("the endpoint did not answer with a task")?;
        log::debug("the task is known").with("arn", &task.arn).write();
        if let Some(service) = task.service.as_ref().filter(|_| self.core.exits_when_idle()) {
            log::warn(
                "ECS replaces this task whenever it goes to sleep, for it is of a service: set --task-protection",
            )
            .with("ecs_service", service)
            .write();
        }
        self.hands.identity.task = Some(task);
        Ok(())
    }

    /// A `POST /wake` that the core has been told of is answered now, or once protection is confirmed.
    pub(super) fn woken(&mut self, client: ClientId) {
        let now = self.clock.now();
        self.wakes.push(WaitingWake { client, until: now + WAKE_PATIENCE });
        self.answer_wakes(now);
    }

    /// Answers the wakes that need not wait any more.
    pub(super) fn answer_wakes(&mut self, now: Moment) {
        if self.wakes.is_empty() {
            return;
        }
        let (status, waits) = match self.core.wake_answer(now) {
            WakeAnswer::Granted => (reply::Status::Ok, false),
            // After its patience it is asked again, and may be granted then.
            WakeAnswer::Later => (reply::Status::Unavailable, true),
            // An order, and a stop, cannot be called back (rules S1, S6).
            WakeAnswer::Refused => (reply::Status::Conflict, false),
        };
        let reply = self.state_answer(status);
        let (server, epoll) = self.sources.status();
        for wake in self.wakes.extract_if(.., |wake| !waits || wake.until <= now) {
            server.answer(wake.client, reply.clone(), epoll, now);
        }
    }

    /// When the first of them has waited long enough.
    pub(super) fn wakes_deadline(&self) -> Option<Moment> {
        self.wakes.iter().map(|wake| wake.until).min()
    }
}
