//! Supervisor: runs the daemon's tasks, each under its name, and ends all of them when one of them fails.
//!
//! # Why
//! A daemon that goes on without one of its tasks looks healthy and is not: nothing is rolled any more, or nobody can
//! ask how it is. So whichever fails, the daemon writes and acknowledges what it has received, and ends with an error;
//! its service manager starts it again.
//!
//! Invariant: no task ends unnoticed (`supervision::a_task_that_panics_ends_the_daemon_in_order`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::error::DaemonError;
use crate::faults;
use crate::telemetry::{Task, Telemetry, chain};

/// How long answers under way over HTTP may take when the daemon ends.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// The daemon's tasks.
pub(super) struct Supervisor {
    telemetry: Arc<Telemetry>,
    tasks: JoinSet<Result<(), DaemonError>>,
    names: HashMap<Id, (Task, AbortHandle)>,
}

impl Supervisor {
    pub(super) fn new(telemetry: Arc<Telemetry>) -> Supervisor {
        Supervisor { telemetry, tasks: JoinSet::new(), names: HashMap::new() }
    }

    /// Starts a task.
    pub(super) fn spawn(&mut self, task: Task, work: impl Future<Output = Result<(), DaemonError>> + Send + 'static) {
        let handle = self.tasks.spawn(faults::run_task(task.name(), work));
        self.names.insert(handle.id(), (task, handle));
    }

    /// Starts a task that must not end.
    pub(super) fn spawn_endless(&mut self, task: Task, work: impl Future<Output = ()> + Send + 'static) {
        self.spawn(task, async {
            work.await;
            Ok(())
        });
    }

    /// Returns when ingest has ended, which it does after `stop`; cancels `stop` where another task fails. The error is
    /// that of the task that failed first.
    pub(super) async fn watch(&mut self, stop: &CancellationToken) -> Result<(), DaemonError> {
        let mut verdict = Ok(());
        while let Some(joined) = self.tasks.join_next_with_id().await {
            let id = joined.as_ref().map_or_else(tokio::task::JoinError::id, |(id, _)| *id);
            let Some((task, _)) = self.names.remove(&id) else { continue };
            let failed = match joined {
                Ok((_, Ok(()))) if task == Task::Ingest && stop.is_cancelled() => None,
                Ok((_, Ok(()))) => Some(DaemonError::Ended { task }),
                Ok((_, Err(error))) => Some(error),
                Err(_) => Some(DaemonError::Panicked { task }),
            };
            if let Some(error) = failed {
                self.telemetry.task_failed(task);
                tracing::error!(task.name = task.name(), "a task has failed, so the daemon ends: {}", chain(&error));
                verdict = verdict.and(Err(error));
                stop.cancel();
            }
            if task == Task::Ingest {
                break;
            }
        }
        verdict
    }

    /// Ends what is left: the pages when they have answered, everything else at once.
    pub(super) async fn close(mut self, closing: &CancellationToken) {
        closing.cancel();
        let serves_pages = |task: Task| matches!(task, Task::HttpHealth | Task::HttpMetrics);
        self.names.values().filter(|(task, _)| !serves_pages(*task)).for_each(|(_, handle)| handle.abort());
        let _ = timeout(CLOSE_TIMEOUT, async { while self.tasks.join_next().await.is_some() {} }).await;
        self.tasks.abort_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supervisor() -> (Supervisor, Arc<Telemetry>, CancellationToken) {
        let telemetry = Arc::new(Telemetry::new().unwrap());
        (Supervisor::new(Arc::clone(&telemetry)), telemetry, CancellationToken::new())
    }

    /// Ingest as it should be: it drains once it is asked to stop.
    fn spawn_ingest(supervisor: &mut Supervisor, stop: &CancellationToken) {
        let stop = stop.clone();
        supervisor.spawn(Task::Ingest, async move {
            stop.cancelled().await;
            Ok(())
        });
    }

    fn failures(telemetry: &Telemetry, task: Task) -> String {
        let name = format!("healthtrack_daemon_tasks_failed_total{{task=\"{task}\"}} ");
        let scrape = telemetry.render();
        scrape.lines().find_map(|line| line.strip_prefix(&name)).unwrap().to_owned()
    }

    #[tokio::test]
    async fn ingest_that_is_told_to_stop_ends_well() {
        let (mut supervisor, telemetry, stop) = supervisor();
        spawn_ingest(&mut supervisor, &stop);
        supervisor.spawn_endless(Task::Roller, std::future::pending());
        stop.cancel();
        supervisor.watch(&stop).await.unwrap();
        assert_eq!(failures(&telemetry, Task::Ingest), "0");
        supervisor.close(&CancellationToken::new()).await;
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_counted_and_stops_the_others() {
        let (mut supervisor, telemetry, stop) = supervisor();
        spawn_ingest(&mut supervisor, &stop);
        supervisor.spawn_endless(Task::Chunks, std::future::ready(()));
        let ended = supervisor.watch(&stop).await;
        assert!(matches!(ended, Err(DaemonError::Ended { task: Task::Chunks })), "{ended:?}");
        assert!(stop.is_cancelled());
        assert_eq!([Task::Chunks, Task::Ingest].map(|task| failures(&telemetry, task)), ["1", "0"]);
    }

    #[tokio::test]
    async fn a_task_that_panics_is_named() {
        let (mut supervisor, telemetry, stop) = supervisor();
        spawn_ingest(&mut supervisor, &stop);
        supervisor.spawn_endless(Task::Roller, async { panic!("in a test") });
        let ended = supervisor.watch(&stop).await;
        assert!(matches!(ended, Err(DaemonError::Panicked { task: Task::Roller })), "{ended:?}");
        assert_eq!(failures(&telemetry, Task::Roller), "1");
    }

    #[tokio::test]
    async fn ingest_that_ends_before_it_is_told_to_ends_the_daemon() {
        let (mut supervisor, telemetry, stop) = supervisor();
        supervisor.spawn(Task::Ingest, std::future::ready(Ok(())));
        supervisor.spawn_endless(Task::Roller, std::future::pending());
        let ended = supervisor.watch(&stop).await;
        assert!(matches!(ended, Err(DaemonError::Ended { task: Task::Ingest })), "{ended:?}");
        assert_eq!(failures(&telemetry, Task::Ingest), "1");
    }
}
