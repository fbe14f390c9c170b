//! Direct play: 64 clients read whole films, and the server's processor time is what counts.
//! Never: a figure of an answer that was not read to its end and checked for its size.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::house::client::Client;
use crate::house::{House, process};
use crate::media;
use crate::nginx::Nginx;
use crate::report::{Report, Target, median};

const CLIENTS: usize = 64;
const FILMS: usize = 8;
const FILM_BYTES: usize = 64 << 20;
/// Films that each client reads in a run.
const READS: usize = 2;
const RUNS: usize = 5;

pub fn run(report: &mut Report) {
    let root = films();
    crate::tree::warm(&root);
    let house = House::over(&root);
    let mut owner = house.owner();
    house.wait_for_scan(&mut owner, Duration::from_secs(120));
    let plain = Nginx::start(&root, false);
    let sendfile = Nginx::start(&root, true);
    let of_alcove = alcove_paths(&mut owner);
    let of_nginx: Vec<String> = (0..FILMS)
        .map(|n| format!("/Films/{0}/{0}.mp4", name(n)).replace(' ', "%20"))
        .collect();
    check_contents(&mut owner, &of_alcove, &root);

    let mut figures: [Vec<f64>; 3] = Default::default();
    let mut speed: [Vec<f64>; 3] = Default::default();
    for _ in 0..RUNS {
        let (per_cpu, per_s) = load(&of_alcove, &|| owner.twin(), &|| {
            process::cpu_ms(house.pid()).unwrap_or_default()
        });
        figures[0].push(per_cpu);
        speed[0].push(per_s);
        for (place, server) in [(1, &plain), (2, &sendfile)] {
            let (per_cpu, per_s) = load(&of_nginx, &|| client(server.address), &|| server.cpu_ms());
            figures[place].push(per_cpu);
            speed[place].push(per_s);
        }
    }
    let [alcove, plain, sendfile] = &figures;
    report.figure("alcove, bytes a CPU second", "MB", alcove);
    report.figure("nginx, sendfile off", "MB", plain);
    report.figure("nginx, sendfile on", "MB", sendfile);
    report.figure("alcove, bytes a second in all", "MB", &speed[0]);
    report.figure("nginx, sendfile off, bytes a second", "MB", &speed[1]);
    report.figure("nginx, sendfile on, bytes a second", "MB", &speed[2]);
    let ratios: Vec<f64> = alcove.iter().zip(plain).map(|(a, b)| a / b).collect();
    report.target(
        "alcove : nginx with sendfile off",
        "x",
        &ratios,
        Target::AtLeast(1.0),
    );
    report.figure(
        "alcove : nginx with sendfile on",
        "x",
        &[median(alcove) / median(sendfile)],
    );
}

fn client(address: SocketAddr) -> Client {
    Client::new(address)
}

/// One run: megabytes a CPU second of the server, and megabytes a second.
fn load(
    paths: &[String],
    client: &(dyn Fn() -> Client + Sync),
    cpu_ms: &dyn Fn() -> u64,
) -> (f64, f64) {
    let barrier = Barrier::new(CLIENTS + 1);
    let before = cpu_ms();
    let start = std::thread::scope(|scope| {
        for n in 0..CLIENTS {
            let barrier = &barrier;
            scope.spawn(move || {
                let mut client = client();
                barrier.wait();
                for read in 0..READS {
                    let path = &paths[(n + read) % paths.len()];
                    let (status, count) = client
                        .drain(path, &[])
                        .expect("the answer comes to its end");
                    assert_eq!((status, count), (200, FILM_BYTES as u64), "{path}");
                }
            });
        }
        barrier.wait();
        Instant::now()
    });
    let seconds = start.elapsed().as_secs_f64();
    let cpu_s = (cpu_ms() - before) as f64 / 1000.0;
    let megabytes = (CLIENTS * READS * FILM_BYTES) as f64 / 1e6;
    (megabytes / cpu_s, megabytes / seconds)
}

fn alcove_paths(owner: &mut Client) -> Vec<String> {
    let page = owner.get("/api/v1/items?kind=film&limit=100").json();
    let items = page["items"].as_array().expect("items is a list").clone();
    assert_eq!(items.len(), FILMS, "{page}");
    items
        .iter()
        .map(|item| {
            format!(
                "/api/v1/items/{}/file",
                item["id"].as_str().expect("ids are strings")
            )
        })
        .collect()
}

/// Each film comes over the wire as it is on the disk.
fn check_contents(owner: &mut Client, paths: &[String], root: &Path) {
    let mut on_disk: Vec<Vec<u8>> = (0..FILMS)
        .map(|n| std::fs::read(file(root, n)).unwrap())
        .collect();
    for path in paths {
        let body = owner.get(path).body;
        let place = on_disk
            .iter()
            .position(|bytes| *bytes == body)
            .unwrap_or_else(|| panic!("{path} differs from every file"));
        on_disk.swap_remove(place);
    }
}

/// Real films with padding: a player would skip it, a server cannot.
fn films() -> PathBuf {
    let root = crate::folder().join("films");
    if !root.exists() {
        let part = crate::folder().join("films.part");
        for n in 0..FILMS {
            let mut bytes = std::fs::read(media::file("h264_aac.mp4")).unwrap();
            let padding = FILM_BYTES - bytes.len();
            bytes.extend_from_slice(&u32::try_from(padding).unwrap().to_be_bytes());
            bytes.extend_from_slice(b"free");
            bytes.extend(
                (8..padding).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8 ^ n as u8),
            );
            let path = file(&part, n);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            media::lay(&path);
        }
        std::fs::rename(part, &root).unwrap();
    }
    root
}

fn name(n: usize) -> String {
    format!("Padded {n} (2020)")
}

fn file(root: &Path, n: usize) -> PathBuf {
    root.join("Films")
        .join(name(n))
        .join(format!("{}.mp4", name(n)))
}
