//! How far an update is.
//!
//! ```text
//!        take                  install                     installed
//!  idle ──────► uploaded ────────────────► installing ─────────────────► waiting for restart
//!   ▲  ◄──────           ◄────────────────                                     │ the other slot starts
//!   │  discard                failed                                           ▼
//!   │                                                                        trying
//!   │  the old slot starts: what was tried was left, and the boot state says why │ proved
//!   └────────────────────────────────────────────────────────────────────────────┤
//!                                                                                ▼
//!  uploaded ◄──take── good ◄───────────────────────────────────────────────────────
//! ```
//!
//! Never: asking anybody; what came before is in the record, and what runs in the boot state.

use super::record::{Last, Outcome, Record};

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Idle,
    Uploaded,
    Installing {
        percent: u8,
    },
    WaitingForRestart,
    /// The running version has not proved itself yet.
    Trying,
    /// The running version came by an update and has proved itself since.
    Good,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Take,
    Discard,
    Install,
    Progress(u8),
    Installed,
    Failed,
    /// The running version has proved itself; it came by an update, or not.
    Proved {
        by_update: bool,
    },
}

impl Phase {
    /// The phase after `step`; `None` where that cannot happen.
    pub fn after(self, step: Step) -> Option<Self> {
        match (self, step) {
            (Self::Idle | Self::Good | Self::Uploaded, Step::Take) => Some(Self::Uploaded),
            (Self::Uploaded, Step::Discard) => Some(Self::Idle),
            (Self::Uploaded, Step::Install) => Some(Self::Installing { percent: 0 }),
            (Self::Installing { percent }, Step::Progress(now)) => Some(Self::Installing {
                percent: now.max(percent),
            }),
            (Self::Installing { .. }, Step::Installed) => Some(Self::WaitingForRestart),
            (Self::Installing { .. }, Step::Failed) => Some(Self::Uploaded),
            (Self::Trying, Step::Proved { by_update: true }) => Some(Self::Good),
            (Self::Trying, Step::Proved { by_update: false }) => Some(Self::Idle),
            _ => None,
        }
    }
}

/// What is known when the program starts.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The slot that runs, `a` or `b`.
    pub slot: &'a str,
    /// It has proved itself before.
    pub is_good: bool,
    /// Names this start of the machine.
    pub boot_id: &'a str,
    /// Why the other slot was left, in the boot state's word.
    pub other_reason: Option<&'a str>,
    /// "2026-W47"; `None` where the clock is not set.
    pub week: Option<&'a str>,
}

/// The phase at a start, and what is remembered from then on.
pub fn at_start(record: &Record, start: Start<'_>) -> (Phase, Record) {
    let Some(attempt) = &record.attempt else {
        let phase = if start.is_good {
            Phase::Idle
        } else {
            Phase::Trying
        };
        return (phase, record.clone());
    };
    let ended = |outcome, reason: Option<String>| {
        let failed = match outcome {
            Outcome::Good => None,
            Outcome::RolledBack => record.failed.clone(),
        };
        Record {
            attempt: None,
            failed: None,
            last: Some(Last {
                from: attempt.from.clone(),
                to: attempt.to.clone(),
                outcome,
                reason,
                failed,
                at_week: start.week.map(str::to_owned),
            }),
        }
    };
    match (attempt.slot == start.slot, attempt.boot_id == start.boot_id) {
        (true, _) if start.is_good => (Phase::Good, ended(Outcome::Good, None)),
        (true, _) => (Phase::Trying, record.clone()),
        (false, true) => (Phase::WaitingForRestart, record.clone()),
        (false, false) => {
            let reason = start.other_reason.filter(|reason| *reason != "none");
            (
                Phase::Idle,
                ended(Outcome::RolledBack, reason.map(str::to_owned)),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Attempt;
    use super::*;

    const PHASES: [Phase; 6] = [
        Phase::Idle,
        Phase::Uploaded,
        Phase::Installing { percent: 40 },
        Phase::WaitingForRestart,
        Phase::Trying,
        Phase::Good,
    ];

    #[test]
    fn every_step_leads_from_every_phase_where_the_drawing_says() {
        use Phase::{Good, Idle, Installing, Trying, Uploaded, WaitingForRestart};
        let installing = |percent| Some(Installing { percent });
        let up = Some(Uploaded);
        for (step, want) in [
            (Step::Take, [up, up, None, None, None, up]),
            (Step::Discard, [None, Some(Idle), None, None, None, None]),
            (Step::Install, [None, installing(0), None, None, None, None]),
            (
                Step::Progress(60),
                [None, None, installing(60), None, None, None],
            ),
            (
                Step::Progress(10),
                [None, None, installing(40), None, None, None],
            ),
            (
                Step::Installed,
                [None, None, Some(WaitingForRestart), None, None, None],
            ),
            (Step::Failed, [None, None, up, None, None, None]),
            (
                Step::Proved { by_update: true },
                [None, None, None, None, Some(Good), None],
            ),
            (
                Step::Proved { by_update: false },
                [None, None, None, None, Some(Idle), None],
            ),
        ] {
            assert_eq!(PHASES.map(|phase| phase.after(step)), want, "{step:?}");
        }
        assert_ne!(Trying, WaitingForRestart);
    }

    #[test]
    fn a_start_tells_what_became_of_the_attempt() {
        let attempt = Attempt {
            from: "1.0.0".into(),
            to: "1.1.0".into(),
            slot: "b".into(),
            from_slot: "a".into(),
            boot_id: "first".into(),
        };
        let tried = Record {
            attempt: Some(attempt),
            failed: Some("encode".into()),
            last: None,
        };
        let none = Record::default();
        for (record, slot, is_good, boot_id, reason, phase, outcome) in [
            (&none, "a", true, "first", None, Phase::Idle, None),
            (&none, "a", false, "first", None, Phase::Trying, None),
            (
                &tried,
                "a",
                true,
                "first",
                None,
                Phase::WaitingForRestart,
                None,
            ),
            (&tried, "b", false, "second", None, Phase::Trying, None),
            (&tried, "b", false, "third", None, Phase::Trying, None),
            (
                &tried,
                "b",
                true,
                "third",
                None,
                Phase::Good,
                Some((Outcome::Good, None, None)),
            ),
            (
                &tried,
                "a",
                true,
                "second",
                Some("health"),
                Phase::Idle,
                Some((Outcome::RolledBack, Some("health"), Some("encode"))),
            ),
            (
                &tried,
                "a",
                true,
                "second",
                Some("none"),
                Phase::Idle,
                Some((Outcome::RolledBack, None, Some("encode"))),
            ),
        ] {
            let start = Start {
                slot,
                is_good,
                boot_id,
                other_reason: reason,
                week: Some("2026-W47"),
            };
            let (seen, after) = at_start(record, start);
            assert_eq!(seen, phase, "{start:?}");
            let last = after.last.as_ref();
            let last =
                last.map(|last| (last.outcome, last.reason.as_deref(), last.failed.as_deref()));
            assert_eq!(last, outcome, "{start:?}");
            assert_eq!(
                after.attempt.is_none(),
                outcome.is_some() || record.attempt.is_none()
            );
        }
    }
}
