//! How often a login may be tried, by name and by address.
//!
//! Each attempt takes a token from three buckets; a login that succeeds puts them back. The bucket of
//! a name at an address is small, so that guesses from one place soon end, and end for that place
//! alone: nobody locks another person out by trying their name. The bucket of the name at all
//! addresses is larger and slows down whoever has many of them. When the table is full, the buckets
//! that are fullest are forgotten: an attacker who has that many addresses gains nothing by it,
//! because the bucket of the name stays in use.
//!
//! Never: remembering a name or an address longer than its bucket needs to fill.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// Most buckets that are remembered.
const MAX_BUCKETS: usize = 4096;
/// Buckets of one attempt.
const BUCKETS: usize = 3;

/// Attempts in a row, then one every so often.
#[derive(Clone, Copy)]
struct Rate {
    burst: i64,
    refill_ms: i64,
}

const BY_NAME_HERE: Rate = Rate {
    burst: 10,
    refill_ms: 20_000,
};
const BY_NAME: Rate = Rate {
    burst: 200,
    refill_ms: 2_000,
};
const BY_ADDRESS: Rate = Rate {
    burst: 20,
    refill_ms: 10_000,
};

/// When the next attempt is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub retry_after_s: u64,
}

/// What a bucket is for; names are kept as a keyed hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    NameHere(u64, IpAddr),
    Name(u64),
    Address(IpAddr),
}

impl Key {
    fn rate(self) -> Rate {
        match self {
            Self::NameHere(..) => BY_NAME_HERE,
            Self::Name(_) => BY_NAME,
            Self::Address(_) => BY_ADDRESS,
        }
    }
}

/// The buckets. A bucket is the time at which it will be full again.
#[derive(Default)]
pub(super) struct Gate {
    full_at_ms: Mutex<HashMap<Key, i64>>,
    names: RandomState,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Gate {
    /// Takes one attempt for `name_key` from `address` at `now_ms` of a clock that never goes back.
    pub(super) fn enter(
        &self,
        name_key: &str,
        address: IpAddr,
        now_ms: i64,
    ) -> Result<(), Refused> {
        let keys = self.keys(name_key, address);
        let mut buckets = self
            .full_at_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            let rate = key.rate();
            let full_at = buckets.get(&key).copied().unwrap_or(now_ms).max(now_ms);
            let wait_ms = full_at + rate.refill_ms - rate.burst * rate.refill_ms - now_ms;
            if wait_ms > 0 {
                return Err(Refused {
                    retry_after_s: wait_ms.unsigned_abs().div_ceil(1000),
                });
            }
        }
        make_room(&mut buckets, now_ms);
        for key in keys {
            let full_at = buckets.entry(key).or_insert(now_ms);
            *full_at = (*full_at).max(now_ms) + key.rate().refill_ms;
        }
        Ok(())
    }

    /// Gives the attempt back: it was right.
    pub(super) fn succeeded(&self, name_key: &str, address: IpAddr) {
        let mut buckets = self
            .full_at_ms
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for key in self.keys(name_key, address) {
            if let Some(full_at) = buckets.get_mut(&key) {
                *full_at -= key.rate().refill_ms;
            }
        }
    }

    fn keys(&self, name_key: &str, address: IpAddr) -> [Key; BUCKETS] {
        let (name, place) = (self.names.hash_one(name_key), network(address));
        [
            Key::NameHere(name, place),
            Key::Name(name),
            Key::Address(place),
        ]
    }
}

fn make_room(buckets: &mut HashMap<Key, i64>, now_ms: i64) {
    if buckets.len() + BUCKETS <= MAX_BUCKETS {
        return;
    }
    buckets.retain(|_, full_at| *full_at > now_ms);
    if buckets.len() + BUCKETS > MAX_BUCKETS {
        // A quarter at once, so that a flood does not pay this for every attempt.
        let mut times: Vec<i64> = buckets.values().copied().collect();
        let (_, limit, _) = times.select_nth_unstable(MAX_BUCKETS / 4);
        let limit = *limit;
        let mut room = MAX_BUCKETS / 4;
        buckets.retain(|_, full_at| {
            let goes = room > 0 && *full_at <= limit;
            room -= usize::from(goes);
            !goes
        });
    }
}

/// A household or a machine: IPv6 addresses count as their /64, because one machine has all of it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 9));

    fn tries(gate: &Gate, name: &str, address: IpAddr, now_ms: i64) -> usize {
        (0..100)
            .take_while(|_| gate.enter(name, address, now_ms).is_ok())
            .count()
    }

    #[test]
    fn attempts_on_a_name_run_out_and_come_back_one_by_one() {
        let gate = Gate::default();
        assert_eq!(tries(&gate, "ann", HOME, 0), 10);
        assert_eq!(
            gate.enter("ann", HOME, 0),
            Err(Refused { retry_after_s: 20 })
        );
        assert_eq!(
            gate.enter("ann", HOME, 19_999),
            Err(Refused { retry_after_s: 1 })
        );
        assert_eq!(tries(&gate, "ann", HOME, 20_000), 1);
        assert_eq!(tries(&gate, "ann", HOME, 10_000_000), 10);
    }

    #[test]
    fn whoever_guesses_a_name_locks_out_themselves_alone() {
        let gate = Gate::default();
        assert_eq!(tries(&gate, "ann", "192.168.1.66".parse().unwrap(), 0), 10);
        assert_eq!(tries(&gate, "ann", HOME, 0), 10);
    }

    #[test]
    fn a_name_runs_out_over_all_addresses_in_the_end() {
        let gate = Gate::default();
        let places = (0..1000_u32).map(|n| IpAddr::V4((0x0a00_0000 + n).into()));
        let count = places
            .take_while(|place| gate.enter("ann", *place, 0).is_ok())
            .count();
        assert_eq!(count, 200);
        assert!(gate.enter("ann", HOME, 2_000).is_ok());
    }

    #[test]
    fn an_address_runs_out_over_all_names() {
        let gate = Gate::default();
        let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let count = names
            .iter()
            .take_while(|name| gate.enter(name, HOME, 0).is_ok())
            .count();
        assert_eq!(count, 20);
        let near = ["2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"];
        let [one, same, other] = near.map(|text| text.parse().unwrap());
        assert_eq!(network(one), network(same));
        assert_ne!(network(one), network(other));
        assert_eq!(network("::ffff:192.168.1.9".parse().unwrap()), HOME);
    }

    #[test]
    fn right_passwords_cost_nothing() {
        let gate = Gate::default();
        for _ in 0..1000 {
            gate.enter("ann", HOME, 0).unwrap();
            gate.succeeded("ann", HOME);
        }
    }

    #[test]
    fn the_table_stays_bounded() {
        let gate = Gate::default();
        for n in 0..10_000_u32 {
            let _ = gate.enter(&n.to_string(), IpAddr::V4((0x0a00_0000 + n).into()), 0);
        }
        assert!(gate.full_at_ms.lock().unwrap().len() <= MAX_BUCKETS);
    }
}
