//! The tasks of the daemon by name.
//!
//! Never: a task that nobody waits for.

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// Tasks that end together.
#[derive(Debug, Default)]
pub struct Tasks(Vec<(&'static str, JoinHandle<()>)>);

impl Tasks {
    /// Starts `task`.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        self.0.push((name, tokio::spawn(task)));
    }

    /// Waits for all of them; those that have not ended at `deadline` are stopped where they wait.
    pub async fn join(self, deadline: Instant) {
        for (name, mut task) in self.0 {
            match timeout_at(deadline, &mut task).await {
                Ok(Ok(())) => log::debug!("{name} has ended"),
                Ok(Err(error)) => log::error!("{name} ended badly: {error}"),
                Err(_) => {
                    log::warn!("{name} did not end in time and was stopped");
                    task.abort();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_hangs_costs_no_more_than_the_limit() {
        let mut tasks = Tasks::default();
        tasks.spawn("hangs", std::future::pending());
        tasks.spawn("hangs too", std::future::pending());
        let start = Instant::now();
        tasks.join(start + Duration::from_secs(1)).await;
        assert!(start.elapsed() < Duration::from_millis(1100));
    }
}
