//! A box whose owner allowed nothing says nothing to the world.
//!
//! Never: a packet passed over because of who sent it.

use std::time::{Duration, Instant};

use super::machine::Machine;
use super::packets::{Packet, is_local};
use super::{owner, prepared};

const FILM: &str = "mpeg2_ac3.mkv";
/// Where a name service listens: asking one for a name of the world tells the world.
const NAME_SERVICE: u16 = 53;

/// Power-on, set-up, and play for this long.
fn check_silence(name: &str, play: Duration) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let mut machine = Machine::start(name, prepared::fresh());
    machine.wait_for_page();
    let mut owner = owner::set_up(&machine);
    machine.plug(&owner::drive(FILM, scratch.path()));
    let film = owner::add_films(&machine, &mut owner);
    let start = Instant::now();
    while start.elapsed() < play {
        assert!(owner::pictures(&owner::play(&machine, &mut owner, &film)) > 0);
    }
    let packets = machine.packets();
    let served = packets.iter().any(|packet| packet.to_port == Some(80));
    assert!(served, "the capture lacks what this test itself has sent");
    let loud = |packet: &&Packet| !is_local(packet.to) || packet.to_port == Some(NAME_SERVICE);
    let left: Vec<&Packet> = packets.iter().filter(loud).collect();
    assert!(
        left.is_empty(),
        "of {} packets, these left: {left:?}",
        packets.len()
    );
}

#[test]
fn nothing_leaves_the_home_from_power_on_through_a_minute_of_play() {
    check_silence("silence", Duration::from_secs(60));
}

mod long {
    use super::*;

    #[test]
    fn nothing_leaves_the_home_in_ten_minutes_of_play() {
        check_silence("silence_long", Duration::from_secs(600));
    }
}
