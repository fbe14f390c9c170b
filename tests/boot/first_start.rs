//! A fresh image from its first power-on to a film that plays.
//!
//! Never: a step that the owner could not do.

use super::disk::CARD_BYTES;
use super::machine::Machine;
use super::{media, owner, prepared};

const FILM: &str = "mpeg2_ac3.mkv";

#[test]
fn a_fresh_image_grows_is_set_up_and_plays_a_film_from_a_drive() {
    let scratch = tempfile::tempdir().unwrap();
    let mut machine = Machine::start("first_start", prepared::fresh());
    prepared::figure(
        "power-on to the page of a fresh image",
        machine.wait_for_page(),
    );
    let mut owner = owner::set_up(&machine);
    assert_eq!(owner::mode(&mut owner), "off");

    let board = owner.get("/api/v1/board").json();
    let storage = board["storage"].as_array().into_iter().flatten();
    let largest = storage.filter_map(|one| one["total_bytes"].as_u64()).max();
    assert!(
        largest > Some(CARD_BYTES / 2),
        "data has not grown: {board}"
    );

    machine.plug(&owner::drive(FILM, scratch.path()));
    let film = owner::add_films(&machine, &mut owner);
    let playlist = owner::play(&machine, &mut owner, &film);
    let source = media::file(FILM);
    let expected = owner::pictures(source.to_str().unwrap());
    assert_eq!(owner::pictures(&playlist), expected);

    machine.unplug();
    machine.wait_for("the film is away with its drive", || {
        owner.get(&format!("/api/v1/items/{film}")).json()["available"] == false
    });
    assert_eq!(machine.visitor().get("/healthz").status, 200);
}
