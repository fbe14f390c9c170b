//! A library whose disk hangs: it is said so, and everything else goes on.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::house::client::Client;
use super::media;
use super::privacy::{CONSENT, answer, consent};
use super::server::{Launch, Server, assert_problem, login, owner};

/// What a hung mount answers: nothing, not even the first question of the kernel. Dropping it ends it.
struct HungMount {
    _kernel_side: File,
}

/// Mounts it over `folder`, as `server` sees it.
fn hang(server: &Server, folder: &Path) -> HungMount {
    let fuse = File::options().read(true).write(true).open("/dev/fuse");
    let fuse = fuse.expect("the kernel's FUSE device");
    let mounted = Command::new("nsenter")
        .arg(format!("--mount=/proc/{}/ns/mnt", server.pid()))
        .arg(format!("--root=/proc/{}/root", server.pid()))
        .args(["mount", "-i", "-t", "fuse"])
        .args(["-o", "fd=0,rootmode=40000,user_id=0,group_id=0", "hung"])
        .arg(folder)
        .stdin(Stdio::from(fuse.try_clone().expect("a second handle")))
        .status();
    assert!(mounted.expect("nsenter runs").success());
    HungMount { _kernel_side: fuse }
}

/// The films by title, once there are `count`.
fn films(client: &mut Client, count: usize) -> Vec<(String, String)> {
    let start = Instant::now();
    loop {
        let page = client.get("/api/v1/items?kind=film").json();
        let items: &Vec<Value> = page["items"].as_array().expect("a page");
        if items.len() == count {
            let word = |item: &Value, key: &str| item[key].as_str().expect(key).to_owned();
            let named = items
                .iter()
                .map(|item| (word(item, "title"), word(item, "id")));
            return named.collect();
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{page}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_disk_that_hangs_takes_nothing_from_the_others() {
    if !nix::unistd::geteuid().is_root() {
        println!("not run: a FUSE mount by another program needs root");
        return;
    }
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (library, title) in [("Movies", "Away"), ("Films", "Here")] {
        let film = folder
            .path()
            .join(format!("{library}/{title} (2001)/{title} (2001).mp4"));
        media::copy("tiny_h264.mp4", &film);
    }
    let (server, address) = Launch {
        config: format!(
            "media = {:?}\n[library]\ndisk_timeout_s = 1\n",
            folder.path().to_str().unwrap()
        ),
        before: Some("true".into()),
        ..Launch::new(state.path())
    }
    .run();
    let mut client = owner(address);
    let films = films(&mut client, 2);
    let id = |title: &str| &films.iter().find(|film| film.0 == title).unwrap().1;
    let (away, here) = (
        format!("/api/v1/items/{}/file", id("Away")),
        format!("/api/v1/items/{}/file", id("Here")),
    );
    assert_eq!(client.get(&away).status, 200);

    let _mount = hang(&server, &folder.path().join("Movies"));
    let token = login(address, "owner", super::server::PASSWORD).json()["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let (away, token) = (away.clone(), token.clone());
            std::thread::spawn(move || Client::new(address).with_token(token).get(&away))
        })
        .collect();
    let mut hung = 0;
    for asked in asking {
        let answer = asked.join().expect("an answer");
        match answer.status {
            // The watch has noticed it meanwhile.
            409 => assert_problem(&answer, 409, "not_available"),
            _ => {
                assert_problem(&answer, 503, "disk_not_answering");
                hung += 1;
            }
        }
    }
    assert!(hung > 0, "nobody was told that it hangs");
    let begin = Instant::now();
    assert_eq!(client.get(&here).status, 200);
    for path in ["board", "home", "libraries", "items", "scan", "folders"] {
        assert_eq!(client.get(&format!("/api/v1/{path}")).status, 200, "{path}");
    }
    let again = login(address, "owner", super::server::PASSWORD);
    assert_eq!(again.status, 200, "{}", again.text());
    assert_eq!(client.post("/api/v1/scan", &json!({})).status, 202);
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    let start = Instant::now();
    loop {
        let scan = client.get("/api/v1/scan").json();
        let gone = client.get(&away).status == 409;
        if gone && scan["state"] == "idle" {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{scan}");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(client.get(&here).status, 200);
}

#[test]
fn a_disk_that_hangs_inside_a_library_leaves_the_others_watched() {
    if !nix::unistd::geteuid().is_root() {
        println!("not run: a FUSE mount by another program needs root");
        return;
    }
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let film = |place: &str, title: &str| {
        let file = format!("{place}/{title} (2001)/{title} (2001).mp4");
        media::copy("tiny_h264.mp4", &folder.path().join(file));
    };
    film("outer", "Outer");
    film("outer/nas", "Away");
    film("other", "Here");
    let (server, address) = Launch {
        config: "[library]\ndisk_timeout_s = 1\n".into(),
        before: Some("true".into()),
        ..Launch::new(state.path())
    }
    .run();
    let mut client = owner(address);
    for place in ["outer", "outer/nas", "other"] {
        let path = folder.path().join(place);
        let library = json!({"name": place.replace('/', " "), "kind": "films", "path": path});
        let added = client.post("/api/v1/libraries", &library);
        assert_eq!(added.status, 201, "{}", added.text());
    }
    films(&mut client, 3);
    let _mount = hang(&server, &folder.path().join("outer/nas"));
    let is_away = |client: &mut Client| {
        let libraries = client.get("/api/v1/libraries").json();
        let mut all = libraries.as_array().expect("a list").iter();
        all.any(|library| library["name"] == "outer nas" && library["available"] == false)
    };
    let start = Instant::now();
    while !is_away(&mut client) {
        assert!(start.elapsed() < Duration::from_secs(30), "it is noticed");
        std::thread::sleep(Duration::from_millis(50));
    }
    // The watch of one more library is made after the mount hangs.
    let path = folder.path().join("late");
    std::fs::create_dir(&path).unwrap();
    let library = json!({"name": "late", "kind": "films", "path": path});
    assert_eq!(client.post("/api/v1/libraries", &library).status, 201);
    std::thread::sleep(Duration::from_secs(7));
    film("late", "Late");
    film("other", "New");
    films(&mut client, 5);
}

#[test]
fn a_no_is_kept_and_holds_though_the_media_disk_hangs() {
    if !nix::unistd::geteuid().is_root() {
        println!("not run: a FUSE mount by another program needs root");
        return;
    }
    let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let film = folder.path().join("Movies/Away (2001)/Away (2001).mp4");
    media::copy("tiny_h264.mp4", &film);
    let launch = || Launch {
        config: format!(
            "media = {:?}\n[library]\ndisk_timeout_s = 1\n",
            folder.path().to_str().unwrap()
        ),
        before: Some("true".into()),
        ..Launch::new(state.path())
    };
    let (mut server, address) = launch().run();
    let mut client = owner(address);
    films(&mut client, 1);
    let mount = hang(&server, &folder.path().join("Movies"));
    // After each yes the box is looked at, and what its media lie on.
    for _ in 0..5 {
        for mode in ["share", "off"] {
            let answered = client.send("PUT", CONSENT, &answer(mode, true));
            assert_eq!(answered.status, 200, "{mode}: {}", answered.text());
            let performance = client.get("/api/v1/privacy/performance");
            assert_eq!(performance.status, 200, "{mode}");
        }
    }
    server.signal(Signal::SIGKILL);
    drop(mount);
    server.wait();
    let (_server, address) = launch().run();
    assert_eq!(consent(&mut client.at(address))["mode"], "off");
}
