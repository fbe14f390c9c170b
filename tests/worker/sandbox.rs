//! A closed-in worker opens nothing, connects nowhere, and outlives nobody.
//!
//! Never: trusting what the worker says of itself alone.

use std::collections::BTreeSet;

use alcove::media::job::{Job, Output};
use alcove::pool::Lane;

use crate::bench::{WORKER, pool};

#[tokio::test]
async fn every_way_out_of_the_sandbox_is_refused() {
    let pool = pool();
    for lane in [Lane::Viewer, Lane::Scan, Lane::Idle] {
        let got = pool.collect(lane, Job::SandboxReport, Vec::new()).await;
        let Ok((Output::Sandbox(attempts), _)) = got else {
            panic!("{got:?}");
        };
        let open: Vec<_> = attempts.iter().filter(|a| !a.refused).collect();
        assert!(open.is_empty(), "{open:?}");
        let names: BTreeSet<_> = attempts.iter().map(|a| a.what.as_str()).collect();
        for what in [
            "open a file to read",
            "open a file to write",
            "create a file",
            "open an internet socket",
            "open a local socket",
            "start a process",
            "run a program",
            "signal the daemon",
            "be traced",
        ] {
            assert!(names.contains(what), "{what}");
        }
    }
    let layers = pool.sandbox().expect("a worker was ready");
    assert!(layers.no_new_privs && layers.seccomp);
    assert!(!std::path::Path::new("/tmp/alcove-worker-was-here").exists());
}

#[test]
fn a_worker_whose_complaints_go_to_a_file_ends_by_itself() {
    use std::io::Write as _;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;

    let log = tempfile::tempfile().expect("a log");
    let (mut own, other) = UnixStream::pair().expect("a socket");
    let mut worker = std::process::Command::new(WORKER)
        .args(["viewer", "2147483648"])
        .stdin(OwnedFd::from(other))
        .stderr(log)
        .spawn()
        .expect("a worker");
    // No request: its length is absurd.
    own.write_all(&[0xff; 64]).expect("nonsense is sent");
    let status = worker.wait().expect("an end");
    assert_eq!(status.code(), Some(1), "{status:?}");
}

#[tokio::test]
async fn the_kernel_confirms_limits_and_priorities() {
    let pool = pool();
    let stat_fields = |pid: &str| -> Vec<String> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("stat");
        let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
        fields.split_whitespace().map(str::to_owned).collect()
    };
    let own_nice = stat_fields("self")[16].clone();
    for (lane, nice, policy) in [
        (Lane::Viewer, own_nice.as_str(), "0"),
        (Lane::Scan, "10", "0"),
        (Lane::Idle, "19", "5"),
    ] {
        let before = pool.parked_pids();
        pool.collect(lane, Job::SandboxReport, Vec::new())
            .await
            .expect("report");
        let pid = pool
            .parked_pids()
            .into_iter()
            .find(|pid| !before.contains(pid))
            .expect("a new worker");
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).expect(name);
        let status = read("status");
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1))
                .map(str::to_owned)
        };
        assert_eq!(field("NoNewPrivs:").as_deref(), Some("1"), "{lane:?}");
        assert_eq!(field("Seccomp:").as_deref(), Some("2"), "{lane:?}");
        let limits = read("limits");
        for (name, most) in [
            ("Max core file size", "0"),
            ("Max file size", "0"),
            ("Max open files", "32"),
        ] {
            let line = limits
                .lines()
                .find(|line| line.starts_with(name))
                .expect(name);
            let values: Vec<&str> = line[name.len()..].split_whitespace().collect();
            assert_eq!(values[..2], [most, most], "{lane:?} {name}");
        }
        let fields = stat_fields(&pid.to_string());
        assert_eq!(fields[16], nice, "nice of {lane:?}");
        assert_eq!(fields[38], policy, "policy of {lane:?}");
        // Only root may read what belongs to a process that cannot be traced.
        if let Ok(environment) = std::fs::read_to_string(format!("/proc/{pid}/environ")) {
            assert!(!environment.contains("CARGO"), "{environment:?}");
        }
    }
}
