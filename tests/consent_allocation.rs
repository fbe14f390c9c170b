//! Storing an answer or a booking needs no memory that was not there before.
//!
//! Never: anything else in this program; it counts every allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use alcove::base::clock::ManualClock;
use alcove::base::week::Week;
use alcove::consent::{
    Access, Choice, Consent, MilliEpsilon, Place, PlaybackStatistics, Settings, Switches,
};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract, which is the same.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    work();
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

#[test]
fn storing_an_answer_or_a_booking_allocates_nothing() {
    let scratch = tempfile::tempdir().expect("scratch");
    let settings = Settings {
        registry_version: 1,
        do_not_track: false,
        access: Access::Change,
        clock: Arc::new(ManualClock::at_unix_ms(
            Week::from_1970(2950).start_unix_ms(),
        )),
    };
    let place = [Place::File(scratch.path().join("flash"))];
    let consent = Consent::open(&place, settings);
    let all = Switches {
        playback_statistics: true,
        crash_reports: true,
        release_news: true,
    };
    let answers = allocations_of(|| {
        for choice in [Choice::Off, Choice::Local, Choice::Share] {
            consent.set(choice, all).expect("stored");
        }
    });
    let bookings = allocations_of(|| {
        let grant = consent.grant::<PlaybackStatistics>().expect("shared");
        for _ in 0..5 {
            consent.book(&grant, MilliEpsilon(200)).expect("booked");
        }
        assert!(consent.book(&grant, MilliEpsilon(200)).is_err());
    });
    assert_eq!((answers, bookings), (0, 0));
    assert!(allocations_of(|| drop(Box::new(7))) > 0, "it counts");
}
