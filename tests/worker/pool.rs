//! Hand-over of files, crashes, hangs, shutdown.
//!
//! Never: waiting by sleeping.

use std::os::fd::OwnedFd;

use alcove::media::job::{Job, JobError, ProbeKind};
use alcove::pool::{Lane, PoolError};

use crate::bench::pool;

fn empty_file() -> Vec<OwnedFd> {
    vec![tempfile::tempfile().expect("scratch file").into()]
}

const PROBE: Job = Job::Probe {
    kind: ProbeKind::Video,
};

#[tokio::test]
async fn an_empty_file_fails_its_job_and_the_worker_lives_on() {
    let pool = pool();
    for _ in 0..3 {
        let got = pool.collect(Lane::Scan, PROBE, empty_file()).await;
        assert!(
            matches!(got, Err(PoolError::Job(JobError::Empty))),
            "{got:?}"
        );
    }
    assert_eq!(pool.parked_pids().len(), 1);
    assert!(pool.sandbox().is_some_and(|layers| layers.no_new_privs));
    pool.close().await;
    let after = pool.collect(Lane::Scan, PROBE, empty_file()).await;
    assert!(matches!(after, Err(PoolError::Closed)), "{after:?}");
}
