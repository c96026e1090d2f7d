//! Follows the tasks of all services with one DescribeTasks a second at most (rule X4): a question waits for the next
//! call and shares it with the others. Throttled, the calls come further apart.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use daemon::backoff::Backoff;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::wake::ecs::{Ecs, MOST_TASKS, TaskView};

const PACE: Duration = Duration::from_secs(1);
const SLOWER: Backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(15));

/// The task, none where ECS does not know it; an error where ECS could not be asked.
pub type Answer = Result<Option<TaskView>, ()>;

struct Question {
    task: String,
    answer: oneshot::Sender<Answer>,
}

/// Asks; copies ask the same one.
#[derive(Clone, Debug)]
pub struct Follower {
    questions: mpsc::Sender<Question>,
}

impl Follower {
    /// A follower and the work that answers it, which has to be driven.
    pub fn new(ecs: Arc<Ecs>) -> (Follower, impl Future<Output = ()>) {
        let (questions, asked) = mpsc::channel(MOST_TASKS);
        (Follower { questions }, answer_all(ecs, asked))
    }

    /// Describes a task at the next call.
    ///
    /// # Errors
    /// ECS could not be asked; the log says why.
    pub async fn describe(&self, task: &str) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.questions.send(Question { task: task.to_owned(), answer }).await.map_err(|_| ())?;
        answered.await.map_err(|_| ())?
    }
}

async fn answer_all(ecs: Arc<Ecs>, mut asked: mpsc::Receiver<Question>) {
    let mut next = Instant::now();
    let mut failures = 0;
    let mut questions = Vec::new();
    while asked.recv_many(&mut questions, MOST_TASKS).await > 0 {
        sleep_until(next).await;
        while questions.len() < MOST_TASKS
            && let Ok(question) = asked.try_recv()
        {
            questions.push(question);
        }
        let mut tasks: Vec<String> = questions.iter().map(|question| question.task.clone()).collect();
        tasks.sort();
        tasks.dedup();
        let described = ecs.describe(tasks).await;
        if let Err(error) = &described {
            failures += 1;
            tracing::warn!(error = %daemon::exit::chain(error), "cannot describe tasks");
        } else {
            failures = 0;
        }
        next = Instant::now() + if failures == 0 { PACE } else { SLOWER.after(failures) };
        let described: Option<BTreeMap<String, TaskView>> =
            described.ok().map(|tasks| tasks.into_iter().map(|task| (task.arn.clone(), task)).collect());
        for Question { task, answer } in questions.drain(..) {
            // Whoever no longer waits needs no answer.
            let _ = answer.send(described.as_ref().map(|found| found.get(&task).cloned()).ok_or(()));
        }
    }
}
