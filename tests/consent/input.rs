//! Flash, registries and surroundings as they must not be: each ends private, and no opt-out is lost.

use std::ffi::OsStr;
use std::io;
use std::sync::{Arc, OnceLock};

use alcove::base::week::Week;
use alcove::consent::{
    Access, Answer, BLOCK_BYTES, Block, BookError, Choice, Consent, CrashReports, Flash, GRANT_MS,
    Grant, MilliEpsilon, Mode, NoGrant, OpenFlash, Place, PlaybackStatistics, Reason, ReleaseNews,
    Reset, Revoked, SetError, Settings, Switches, asks_not_to_track,
};

use super::mock::{ALL, Image, Mock, WEEK, clock_at, filled, open, settings, shared};

fn with_registry(registry_version: u32) -> Settings {
    Settings {
        registry_version,
        ..settings()
    }
}

/// Mode in force, stored mode and reason.
fn short(consent: &Consent) -> (Mode, Mode, Option<Reason>) {
    let state = consent.state();
    (state.effective.mode(), state.stored.mode(), state.reason)
}

fn off_because(reason: Reason) -> (Mode, Option<Reason>) {
    (Mode::Off, Some(reason))
}

fn in_force(consent: &Consent) -> (Mode, Option<Reason>) {
    let (effective, _, reason) = short(consent);
    (effective, reason)
}

fn noise(blocks: usize) -> Image {
    let mut random = 3_u64;
    let mut block = || {
        Block(std::array::from_fn(|_| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            random.to_be_bytes()[0]
        }))
    };
    (0..blocks).map(|_| Arc::new(block())).collect()
}

#[test]
fn a_blank_flash_is_undecided_and_collects_nothing() {
    for filling in [0, 0xff] {
        let consent = Mock::of(&filled(Block([filling; BLOCK_BYTES]), 8)).open(settings());
        assert_eq!(short(&consent), (Mode::Undecided, Mode::Undecided, None));
        assert!(consent.state().asks());
        assert_eq!(
            consent.grant::<CrashReports>().err(),
            Some(NoGrant::NotShared)
        );
    }
}

#[test]
fn flash_that_cannot_be_opened_is_off_and_takes_no_answer() {
    let scratch = tempfile::tempdir().expect("scratch");
    let short_file = scratch.path().join("short");
    std::fs::write(&short_file, [0; BLOCK_BYTES]).expect("written");
    let check = |place: Place, reason| {
        let consent = Consent::open(std::slice::from_ref(&place), settings());
        assert_eq!(in_force(&consent), off_because(reason), "{place:?}");
        assert!(!consent.state().writable);
        let refused = consent.set(Choice::Off, ALL);
        assert!(
            matches!(refused, Err(SetError::Refused(r)) if r == reason),
            "{refused:?}"
        );
    };
    check(
        Place::Device("/dev/alcove-is-not-there".into()),
        Reason::Missing,
    );
    check(Place::Device("/dev/null".into()), Reason::Unopened);
    check(Place::File(short_file), Reason::WrongSize);
    check(Place::File(scratch.path().to_owned()), Reason::Unopened);
    check(
        Place::File(scratch.path().join("no/folder")),
        Reason::Missing,
    );
    assert_eq!(
        in_force(&Consent::open(&[], settings())),
        off_because(Reason::Missing)
    );
}

#[test]
fn a_file_is_made_at_full_size_and_kept() {
    let scratch = tempfile::tempdir().expect("scratch");
    let path = scratch.path().join("consent.flash");
    let place = [Place::at(&path)];
    let consent = Consent::open(&place, settings());
    assert_eq!(short(&consent), (Mode::Undecided, Mode::Undecided, None));
    consent.set(Choice::Share, ALL).expect("stored");
    let second = Consent::open(&place, settings());
    assert_eq!(in_force(&second), off_because(Reason::InUse));
    let looking = Settings {
        access: Access::Look,
        ..settings()
    };
    let onlooker = Consent::open(&place, looking.clone());
    assert_eq!(short(&onlooker), (Mode::Share, Mode::Share, None));
    assert!(matches!(
        onlooker.set(Choice::Off, ALL),
        Err(SetError::LookOnly)
    ));
    drop(consent);
    let facts = path.metadata().expect("made");
    assert_eq!(facts.len(), 8 << 20);
    assert!(
        std::os::unix::fs::MetadataExt::blocks(&facts) * 512 >= 8 << 20,
        "no holes"
    );
    assert_eq!(
        short(&Consent::open(&place, settings())),
        (Mode::Share, Mode::Share, None)
    );
    let nobody = [Place::File(scratch.path().join("nobody"))];
    assert!(Consent::open(&nobody, looking).state().asks());
    assert!(
        !scratch.path().join("nobody").exists(),
        "looking makes nothing"
    );
}

#[test]
fn read_only_flash_is_off_and_keeps_a_stored_no() {
    for (choice, stored) in [(Choice::Share, Mode::Share), (Choice::Off, Mode::Off)] {
        let mock = Mock::blank(8);
        mock.open(settings()).set(choice, ALL).expect("stored");
        mock.set_read_only();
        let consent = mock.open(settings());
        assert_eq!(short(&consent), (Mode::Off, stored, Some(Reason::ReadOnly)));
        for choice in [Choice::Off, Choice::Share] {
            assert!(matches!(
                consent.set(choice, ALL),
                Err(SetError::Refused(Reason::ReadOnly))
            ));
        }
    }
}

#[test]
fn noise_is_off_until_an_answer_and_costs_the_years_budget() {
    let mock = Mock::of(&noise(8));
    let consent = mock.open(settings());
    assert_eq!(in_force(&consent), off_because(Reason::Noise));
    consent.set(Choice::Share, ALL).expect("stored");
    drop(consent);
    let consent = mock.open(settings());
    assert_eq!(short(&consent), (Mode::Share, Mode::Share, None));
    assert!(consent.budget().lost);
    let grant = consent.grant::<PlaybackStatistics>().expect("shared");
    assert!(matches!(
        consent.book(&grant, MilliEpsilon(200)),
        Err(BookError::YearSpent)
    ));
    let budget = consent.budget();
    assert_eq!(budget.spent_this_year, MilliEpsilon(26_000));
    assert_eq!(
        budget.blocked_until.and_then(Week::since_1970),
        Some(WEEK + 54)
    );
}

#[test]
fn a_newer_layout_is_off_takes_a_no_and_refuses_a_yes() {
    let mut image = shared().image();
    for block in [1, 5] {
        let bytes = &mut Arc::make_mut(&mut image[block]).0;
        bytes[8] = 2;
        let (body, crc) = bytes.split_at_mut(BLOCK_BYTES - 4);
        crc.copy_from_slice(&crc32c::crc32c(body).to_le_bytes());
    }
    let mock = Mock::of(&image);
    let consent = mock.open(settings());
    assert_eq!(in_force(&consent), off_because(Reason::NewerLayout));
    assert_eq!(mock.image()[1].0, image[1].0, "it is left as it is");
    let refused = consent.set(Choice::Local, ALL);
    assert!(matches!(
        refused,
        Err(SetError::Refused(Reason::NewerLayout))
    ));
    consent.set(Choice::Off, ALL).expect("stored");
    drop(consent);
    let consent = mock.open(settings());
    assert_eq!(short(&consent), (Mode::Off, Mode::Off, None));
    assert!(consent.budget().lost);
}

#[test]
fn when_both_copies_of_an_answer_are_gone_the_older_one_does_not_come_back() {
    let mock = shared();
    mock.open(settings()).set(Choice::Off, ALL).expect("stored");
    let check = |unreadable: &[u32], expected| {
        mock.set_unreadable(unreadable);
        assert_eq!(short(&mock.open(settings())), expected, "{unreadable:?}");
    };
    check(&[2], (Mode::Off, Mode::Off, None));
    check(&[6], (Mode::Off, Mode::Off, None));
    check(&[2, 6], (Mode::Off, Mode::Share, Some(Reason::Damaged)));
    check(&[1, 5], (Mode::Off, Mode::Off, Some(Reason::Damaged)));
    check(
        &[0, 1, 2, 3, 4, 5, 6, 7],
        (Mode::Off, Mode::Undecided, Some(Reason::Noise)),
    );
}

#[test]
fn a_new_answer_ends_the_doubt_about_damaged_blocks() {
    let mut image = shared().image();
    for block in [0, 4] {
        Arc::make_mut(&mut image[block]).0[100] = 1;
    }
    let mock = Mock::of(&image);
    let consent = mock.open(settings());
    assert_eq!(
        short(&consent),
        (Mode::Off, Mode::Share, Some(Reason::Damaged))
    );
    consent.set(Choice::Local, ALL).expect("stored");
    drop(consent);
    assert_eq!(
        short(&mock.open(settings())),
        (Mode::Local, Mode::Local, None)
    );
}

#[test]
fn two_devices_with_different_answers_are_off_until_both_have_the_next() {
    let (first, second) = (shared(), Mock::blank(8));
    second
        .open(settings())
        .set(Choice::Local, ALL)
        .expect("stored");
    let both = || vec![Ok(first.boxed()), Ok(second.boxed())];
    let consent = open(both(), settings());
    assert_eq!(
        short(&consent),
        (Mode::Off, Mode::Local, Some(Reason::TwoAnswers))
    );
    consent.set(Choice::Share, ALL).expect("stored");
    drop(consent);
    assert_eq!(
        short(&open(both(), settings())),
        (Mode::Share, Mode::Share, None)
    );
    let consent = open(both(), settings());
    consent.set(Choice::Off, ALL).expect("stored");
    drop(consent);
    for alone in [&first, &second] {
        assert_eq!(short(&alone.open(settings())), (Mode::Off, Mode::Off, None));
    }
}

#[test]
fn of_two_devices_the_one_with_a_record_counts_unless_the_other_is_in_doubt() {
    let with = |second: Result<Box<dyn Flash>, Reason>| {
        in_force(&open(vec![second, Ok(shared().boxed())], settings()))
    };
    let blank = Mock::blank(8);
    assert_eq!(with(Ok(blank.boxed())), (Mode::Share, None));
    assert_eq!(blank.ops(), 1, "flushed, and not written");
    assert_eq!(with(Err(Reason::Missing)), off_because(Reason::Missing));
    assert_eq!(
        with(Ok(Mock::of(&noise(8)).boxed())),
        off_because(Reason::Noise)
    );
}

#[test]
fn a_yes_is_for_one_registry_and_a_rollback_does_not_bring_it_back() {
    let mock = shared();
    let at = |version| short(&mock.open(with_registry(version)));
    assert_eq!(at(1), (Mode::Share, Mode::Share, None));
    assert_eq!(
        at(2),
        (Mode::Undecided, Mode::Share, Some(Reason::RegistryChanged))
    );
    assert_eq!(
        at(1),
        (Mode::Undecided, Mode::Share, Some(Reason::RegistryWentBack))
    );
    let consent = mock.open(with_registry(1));
    assert_eq!(
        consent.grant::<ReleaseNews>().err(),
        Some(NoGrant::InDoubt(Reason::RegistryWentBack))
    );
    consent.set(Choice::Share, ALL).expect("stored");
    drop(consent);
    assert_eq!(at(1), (Mode::Share, Mode::Share, None));
    assert_eq!(
        at(0),
        (Mode::Undecided, Mode::Share, Some(Reason::RegistryWentBack))
    );
    mock.open(with_registry(7))
        .set(Choice::Off, ALL)
        .expect("stored");
    for version in [1, 7, 8] {
        assert_eq!(at(version), (Mode::Off, Mode::Off, None));
    }
}

#[test]
fn do_not_track_is_off_whatever_is_stored() {
    for (value, expected) in [
        (None, false),
        (Some(""), false),
        (Some("0"), false),
        (Some("1"), true),
        (Some("00"), true),
        (Some("no"), true),
    ] {
        assert_eq!(
            asks_not_to_track(value.map(OsStr::new)),
            expected,
            "{value:?}"
        );
    }
    let mock = shared();
    let asked = Settings {
        do_not_track: true,
        ..settings()
    };
    let consent = mock.open(asked.clone());
    assert_eq!(
        short(&consent),
        (Mode::Off, Mode::Share, Some(Reason::DoNotTrack))
    );
    let refused = consent.set(Choice::Local, ALL);
    assert!(matches!(
        refused,
        Err(SetError::Refused(Reason::DoNotTrack))
    ));
    consent.set(Choice::Off, ALL).expect("stored");
    drop(consent);
    assert_eq!(short(&mock.open(settings())), (Mode::Off, Mode::Off, None));
    let undecided = Mock::blank(8).open(asked);
    assert!(!undecided.state().asks());
}

#[test]
fn after_a_failed_write_the_answer_is_off_and_the_next_takes_a_new_block() {
    for failing in 0..4 {
        let mock = shared();
        let consent = mock.open(settings());
        mock.cut_after(failing);
        let failed = consent.set(Choice::Local, ALL);
        assert!(matches!(failed, Err(SetError::NotSaved(_))), "{failing}");
        assert_eq!(in_force(&consent), off_because(Reason::NotSaved));
        mock.power_back();
        consent.set(Choice::Local, ALL).expect("stored");
        assert_eq!(mock.lose_power().last_written, [3, 7], "{failing}");
        assert_eq!(short(&consent), (Mode::Local, Mode::Local, None));
    }
}

#[test]
fn an_answer_that_was_not_stored_takes_back_at_the_next_start_and_allows_nothing() {
    let check = |stored: Choice, tried: &[Choice], expected: Mode| {
        let mock = Mock::blank(8);
        let consent = mock.open(settings());
        consent.set(stored, ALL).expect("stored");
        for choice in tried {
            // The lower half has it, the upper half does not.
            mock.cut_after(2);
            assert!(consent.set(*choice, ALL).is_err(), "{tried:?}");
            assert_eq!(in_force(&consent), off_because(Reason::NotSaved));
            mock.lose_power();
            mock.power_back();
        }
        drop(consent);
        for start in 0..2 {
            let shown = short(&mock.open(settings()));
            let expected = (expected, expected, None);
            assert_eq!(shown, expected, "{stored:?}, {tried:?}, start {start}");
        }
    };
    check(Choice::Off, &[Choice::Share], Mode::Off);
    check(Choice::Off, &[Choice::Local], Mode::Off);
    check(Choice::Local, &[Choice::Share], Mode::Local);
    check(Choice::Share, &[Choice::Off], Mode::Off);
    check(Choice::Share, &[Choice::Local], Mode::Local);
    check(Choice::Off, &[Choice::Share, Choice::Local], Mode::Off);
    check(Choice::Share, &[Choice::Off, Choice::Share], Mode::Off);
    check(Choice::Share, &[Choice::Local, Choice::Share], Mode::Local);
}

#[test]
fn a_first_yes_that_was_not_stored_is_asked_for_again() {
    let mock = Mock::blank(8);
    let consent = mock.open(settings());
    mock.cut_after(2);
    assert!(consent.set(Choice::Share, ALL).is_err());
    mock.lose_power();
    mock.power_back();
    drop(consent);
    assert!(mock.open(settings()).state().asks());
}

#[test]
fn a_yes_to_a_newer_registry_that_was_not_stored_is_asked_for_again() {
    let mock = shared();
    let consent = mock.open(with_registry(2));
    mock.cut_after(2);
    assert!(consent.set(Choice::Share, ALL).is_err());
    mock.lose_power();
    mock.power_back();
    drop(consent);
    assert_eq!(
        short(&mock.open(with_registry(2))),
        (Mode::Undecided, Mode::Share, Some(Reason::RegistryChanged))
    );
}

#[test]
fn a_file_in_place_of_a_lost_one_is_off_and_the_next_answer_counts() {
    let scratch = tempfile::tempdir().expect("scratch");
    let place = [Place::at(&scratch.path().join("consent.flash"))];
    let consent = Consent::open_after_loss(&place, settings());
    assert_eq!(in_force(&consent), off_because(Reason::Missing));
    drop(consent);
    let consent = Consent::open(&place, settings());
    assert_eq!(short(&consent), (Mode::Off, Mode::Off, None));
    consent.set(Choice::Share, ALL).expect("stored");
    drop(consent);
    // A record that is there is none that was lost.
    let consent = Consent::open_after_loss(&place, settings());
    assert_eq!(short(&consent), (Mode::Share, Mode::Share, None));
    let grant = consent.grant::<PlaybackStatistics>().expect("shared");
    assert!(matches!(
        consent.book(&grant, MilliEpsilon(200)),
        Err(BookError::YearSpent)
    ));
}

#[test]
fn a_grant_needs_share_and_its_switch() {
    let kinds = |choice, switches| {
        let consent = Mock::blank(8).open(settings());
        consent.set(choice, switches).expect("stored");
        [
            consent.grant::<PlaybackStatistics>().is_ok(),
            consent.grant::<CrashReports>().is_ok(),
            consent.grant::<ReleaseNews>().is_ok(),
        ]
    };
    let news = Switches {
        release_news: true,
        ..Switches::default()
    };
    assert_eq!(kinds(Choice::Share, ALL), [true; 3]);
    assert_eq!(kinds(Choice::Share, news), [false, false, true]);
    assert_eq!(kinds(Choice::Local, ALL), [false; 3]);
    assert_eq!(kinds(Choice::Off, ALL), [false; 3]);
}

#[test]
fn a_grant_ends_with_its_minute_and_with_any_change() {
    let clock = clock_at(WEEK);
    let mock = shared();
    let consent = mock.open(Settings {
        clock: clock.clone(),
        ..settings()
    });
    let grant = consent.grant::<CrashReports>().expect("shared");
    assert_eq!(grant.registry_version(), 1);
    clock.advance_ms(GRANT_MS - 1);
    assert_eq!(grant.check(), Ok(()));
    clock.advance_ms(1);
    assert_eq!(grant.check(), Err(Revoked::Expired));
    let grant = consent.grant::<CrashReports>().expect("shared");
    let news = Switches {
        release_news: false,
        ..ALL
    };
    consent.set(Choice::Share, news).expect("stored");
    assert_eq!(grant.check(), Err(Revoked::Changed));
    let other = shared().open(settings());
    let stranger = other.grant::<PlaybackStatistics>().expect("shared");
    assert!(matches!(
        consent.book(&stranger, MilliEpsilon(1)),
        Err(BookError::Revoked(_))
    ));
}

/// Looks at the answer while the flash is being written.
struct Spy {
    mock: Mock,
    watched: Arc<OnceLock<(Consent, Grant<CrashReports>)>>,
}

impl Flash for Spy {
    fn blocks(&self) -> u32 {
        self.mock.blocks()
    }

    fn is_writable(&self) -> bool {
        true
    }

    fn read(&mut self, first: u32, blocks: &mut [Block]) -> io::Result<()> {
        self.mock.read(first, blocks)
    }

    fn write(&mut self, at: u32, block: &Block) -> io::Result<()> {
        if let Some((consent, grant)) = self.watched.get() {
            assert_eq!(consent.state().effective, Answer::OFF);
            assert_eq!(grant.check(), Err(Revoked::Changed));
        }
        self.mock.write(at, block)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.mock.flush()
    }
}

#[test]
fn what_is_taken_back_is_gone_before_the_flash_is_written_and_what_is_allowed_comes_after() {
    let (mock, watched) = (shared(), Arc::new(OnceLock::new()));
    let spy = Spy {
        mock: mock.clone(),
        watched: watched.clone(),
    };
    let consent = open(vec![Ok(Box::new(spy))], settings());
    let grant = consent.grant().expect("shared");
    assert!(watched.set((consent.clone(), grant)).is_ok());
    consent.set(Choice::Off, ALL).expect("stored");
    consent.set(Choice::Share, ALL).expect("stored");
    assert!(mock.ops() > 8);
}

#[test]
fn a_factory_reset_keeps_a_no_and_asks_again_after_a_yes() {
    for (choice, reset, expected) in [
        (Choice::Off, Reset::KeepOptOuts, Mode::Off),
        (Choice::Share, Reset::KeepOptOuts, Mode::Undecided),
        (Choice::Local, Reset::KeepOptOuts, Mode::Undecided),
        (Choice::Off, Reset::Erase, Mode::Undecided),
        (Choice::Share, Reset::Erase, Mode::Undecided),
    ] {
        let mock = shared();
        let consent = mock.open(settings());
        consent.set(choice, ALL).expect("stored");
        let state = consent.factory_reset(reset).expect("stored");
        assert_eq!((state.effective.mode(), state.reason), (expected, None));
        drop(consent);
        assert_eq!(short(&mock.open(settings())), (expected, expected, None));
        let written = mock
            .image()
            .iter()
            .filter(|block| ***block != Block::ZERO)
            .count();
        assert_eq!(written, if reset == Reset::Erase { 2 } else { 6 });
    }
    let consent = Mock::of(&noise(8)).open(settings());
    let state = consent.factory_reset(Reset::KeepOptOuts).expect("stored");
    assert_eq!(
        state.effective,
        Answer::OFF,
        "a no may have been lost in the noise"
    );
}

#[test]
fn a_power_cut_in_an_erasing_reset_leaves_the_answer_before_or_undecided() {
    for cut in 0..12 {
        let mock = shared();
        let consent = mock.open(settings());
        mock.cut_after(cut);
        let erased = consent.factory_reset(Reset::Erase).is_ok();
        drop(consent);
        for image in mock.lose_power().images() {
            let seen = in_force(&Mock::of(&image).open(settings()));
            let before = !erased && cut < 4 && seen == (Mode::Share, None);
            assert!(
                before || seen == (Mode::Undecided, None),
                "cut at {cut}: {seen:?}"
            );
        }
    }
}

#[test]
fn every_reason_has_a_code_of_its_own() {
    let all = [
        Reason::Missing,
        Reason::Unopened,
        Reason::InUse,
        Reason::WrongSize,
        Reason::ReadOnly,
        Reason::Noise,
        Reason::Damaged,
        Reason::NewerLayout,
        Reason::TwoAnswers,
        Reason::NotSaved,
        Reason::DoNotTrack,
        Reason::RegistryChanged,
        Reason::RegistryWentBack,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes.len(), all.len());
}

#[test]
fn below_dev_nothing_is_ever_made() {
    assert_eq!(Place::at("/dev/x".as_ref()), Place::Device("/dev/x".into()));
    assert_eq!(
        Place::at("/state/x".as_ref()),
        Place::File("/state/x".into())
    );
    let opened = OpenFlash::open(&Place::at("/dev/alcove-x".as_ref()), Access::Change);
    assert_eq!(opened.err(), Some(Reason::Missing));
}
