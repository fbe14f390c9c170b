//! A library of 10,000 files, each with tags or bytes of its own, laid out as people do.
//! Never: two files with the same content, which no real library has.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::media;

/// Files of the tree, by kind: films, episodes, songs, photos.
pub const FILMS: u32 = 2_000;
pub const EPISODES: u32 = 2_500;
pub const SONGS: u32 = 4_500;
pub const PHOTOS: u32 = 1_000;
pub const FILES: u32 = FILMS + EPISODES + SONGS + PHOTOS;

/// A new name makes a new tree when the layout below changes.
const VERSION: &str = "tree-2";

/// The tree's folder, made on first use: about 600 MB.
pub fn ready() -> PathBuf {
    let folder = crate::folder().join(VERSION);
    if folder.exists() {
        return folder;
    }
    println!("   making a library of {FILES} files");
    let part = crate::folder().join(format!("{VERSION}.part"));
    let _ = std::fs::remove_dir_all(&part);
    films(&part);
    episodes(&part);
    songs(&part);
    photos(&part);
    std::fs::rename(&part, &folder).unwrap();
    folder
}

/// Reads every file, so that each run finds the same page cache.
pub fn warm(folder: &Path) {
    let mut buffer = vec![0; 1 << 20];
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            warm(&entry.path());
        } else if let Ok(mut file) = std::fs::File::open(entry.path()) {
            while file.read(&mut buffer).is_ok_and(|count| count > 0) {}
        }
    }
}

fn films(root: &Path) {
    let (mp4, mkv) = (read("hd_short.mp4"), read("hd_short.mkv"));
    for n in 0..FILMS {
        let name = format!("{} ({})", title(n), 1950 + n % 75);
        let folder = root.join("Films").join(&name);
        if n % 3 == 0 {
            put(&folder.join(format!("{name}.mkv")), &[&mkv, &void(n)]);
        } else {
            put(&folder.join(format!("{name}.mp4")), &[&mp4, &free(n)]);
        }
    }
}

fn episodes(root: &Path) {
    let (mp4, mkv) = (read("hd_short.mp4"), read("hd_short.mkv"));
    for n in 0..EPISODES {
        let (show, season, episode) = (n / 50, n / 10 % 5 + 1, n % 10 + 1);
        let name = format!("Serial {show}");
        let folder = root
            .join("Series")
            .join(&name)
            .join(format!("Season {season:02}"));
        let stem = format!("{name} - S{season:02}E{episode:02} - {}", title(n));
        if n % 2 == 0 {
            put(
                &folder.join(format!("{stem}.mkv")),
                &[&mkv, &void(FILMS + n)],
            );
        } else {
            put(
                &folder.join(format!("{stem}.mp4")),
                &[&mp4, &free(FILMS + n)],
            );
        }
    }
}

fn songs(root: &Path) {
    let (mp3, flac) = (read("tone.mp3"), read("tiny.flac"));
    let (mp3, flac) = (without_id3(&mp3), &flac[42..]);
    let streaminfo = read("tiny.flac")[..42].to_vec();
    for n in 0..SONGS {
        let (artist, album, number) = (n / 45, n / 15, n % 15 + 1);
        let words = [
            ("TIT2", "TITLE", title(n)),
            ("TPE1", "ARTIST", format!("Band {artist}")),
            ("TALB", "ALBUM", format!("Record {album}")),
            ("TRCK", "TRACKNUMBER", number.to_string()),
        ];
        let folder = root
            .join("Music")
            .join(format!("Band {artist}"))
            .join(format!("Record {album}"));
        if n % 9 == 0 {
            let path = folder.join(format!("{number:02} {}.flac", title(n)));
            put(
                &path,
                &[&streaminfo, &vorbis_comment(&words), after_metadata(flac)],
            );
        } else {
            put(
                &folder.join(format!("{number:02} {}.mp3", title(n))),
                &[&id3(&words), mp3],
            );
        }
    }
}

fn photos(root: &Path) {
    let jpeg = read("photo_exif.jpg");
    for n in 0..PHOTOS {
        let folder = root
            .join("Photos")
            .join(format!("{} {:02}", 2010 + n / 100, n / 25 % 4 + 1));
        let comment = format!("photo {n:05}").into_bytes();
        let length = u16::try_from(comment.len() + 2).unwrap().to_be_bytes();
        // A comment segment behind the EXIF segment.
        let exif_end = 4 + usize::from(u16::from_be_bytes([jpeg[4], jpeg[5]]));
        put(
            &folder.join(format!("IMG_{n:04}.jpg")),
            &[
                &jpeg[..exif_end],
                &[0xff, 0xfe],
                &length,
                &comment,
                &jpeg[exif_end..],
            ],
        );
    }
}

/// Two words and a number, so that titles sort, differ and can be searched for.
fn title(n: u32) -> String {
    const FIRST: &[&str] = &[
        "Amber", "Brisk", "Copper", "Dusty", "Eager", "Faint", "Gentle", "Hidden", "Iron", "Jolly",
        "Keen", "Late",
    ];
    const SECOND: &[&str] = &[
        "Harbour", "Lantern", "Meadow", "Orchard", "Parade", "Quarry", "River", "Station",
        "Tunnel", "Valley", "Window",
    ];
    format!(
        "{} {} {n}",
        FIRST[n as usize % FIRST.len()],
        SECOND[n as usize / FIRST.len() % SECOND.len()]
    )
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(media::file(name)).unwrap()
}

fn put(path: &Path, parts: &[&[u8]]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    file.write_all(&parts.concat()).unwrap();
    media::lay(path);
}

/// An MP4 box that players skip, with the number in it.
fn free(n: u32) -> Vec<u8> {
    [
        &16_u32.to_be_bytes()[..],
        b"free",
        &u64::from(n).to_be_bytes(),
    ]
    .concat()
}

/// A Matroska element that players skip, with the number in it.
fn void(n: u32) -> Vec<u8> {
    [&[0xec, 0x84][..], &n.to_be_bytes()].concat()
}

/// An ID3v2.3 tag of Latin-1 text frames.
fn id3(words: &[(&str, &str, String)]) -> Vec<u8> {
    let mut frames = Vec::new();
    for (id, _, value) in words {
        frames.extend_from_slice(id.as_bytes());
        frames.extend_from_slice(&u32::try_from(value.len() + 1).unwrap().to_be_bytes());
        frames.extend_from_slice(&[0, 0, 0]);
        frames.extend_from_slice(value.as_bytes());
    }
    let size = frames.len();
    let sizes = [21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8);
    [&b"ID3\x03\0\0"[..], &sizes, &frames].concat()
}

fn without_id3(mp3: &[u8]) -> &[u8] {
    let size = mp3[6..10]
        .iter()
        .fold(0, |sum, &byte| sum << 7 | usize::from(byte));
    &mp3[10 + size..]
}

/// The last metadata block of a FLAC file, with tags.
fn vorbis_comment(words: &[(&str, &str, String)]) -> Vec<u8> {
    let count = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let mut body = [&count(6)[..], b"alcove", &count(words.len())].concat();
    for (_, key, value) in words {
        let line = format!("{key}={value}");
        body.extend_from_slice(&count(line.len()));
        body.extend_from_slice(line.as_bytes());
    }
    let size = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0x84, size[1], size[2], size[3]][..], &body].concat()
}

/// Skips FLAC's metadata blocks: what is left are the frames.
fn after_metadata(mut rest: &[u8]) -> &[u8] {
    loop {
        let last = rest[0] & 0x80 != 0;
        let size = usize::from(rest[1]) << 16 | usize::from(rest[2]) << 8 | usize::from(rest[3]);
        rest = &rest[4 + size..];
        if last {
            return rest;
        }
    }
}
