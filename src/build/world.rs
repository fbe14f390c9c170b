//! The made-up world: which box plays a file for whom, and how that goes, with its chances.
//!
//! A picture goes out as it is or repacked with the chances of its player; otherwise it is encoded by
//! the codec chip, when the box has one that does it, or by the processor. The speed is that of the
//! board over the work of the file, spread, and sometimes divided by whatever slows a box down. Below
//! 0.9 times the film's speed it is too slow. The first segment comes the later the slower that is.
//!
//! Never: a figure that is not in `tests/catalogue.toml`.

use super::catalogue::{Board, Client, File, Marginals, Media, Playing};
use super::chance::EIGHTHS;
use super::lens::{Lens, Play, Raw};
use super::registry::Fault;

/// A box that plays for somebody: places in the tables of [`Marginals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scene {
    pub board: usize,
    pub has_chip: bool,
    pub client: usize,
}

/// One way in which a playback can go.
#[derive(Clone, Debug)]
pub struct Ending {
    pub chance: f64,
    pub play: Play,
    /// Median wait for the first segment; `None` when there are none.
    pub first_ms: Option<f64>,
    /// Chances of [`Playing::stalls_values`].
    pub stalls: [f64; 3],
}

pub struct World<'a> {
    pub marginals: &'a Marginals,
    pub lens: &'a Lens,
}

/// What one branch of the story says about the encoder.
struct Branch {
    chance: f64,
    backend: &'static str,
    fallback: &'static str,
    /// Median speed over that of the film.
    speed: f64,
    /// What the box reckons with beforehand: pixels alone, not the rate.
    planned: f64,
}

impl World<'_> {
    /// Every kind of box, with and without a chip that works, and its share of the fleet.
    pub fn boxes(&self) -> Vec<(usize, bool, f64)> {
        let boards = self.marginals.board.iter().enumerate();
        let boxes = boards.flat_map(|(at, board)| {
            let chip = board.backend_share;
            [
                (at, true, board.share * chip),
                (at, false, board.share * (1.0 - chip)),
            ]
        });
        boxes.filter(|(_, _, share)| *share > 0.0).collect()
    }

    /// The classes of a file alone, features as if all were used.
    ///
    /// # Errors
    /// A metric without a class for it.
    pub fn file(&self, file: &File) -> Result<Play, Fault> {
        let mut play = Play::default();
        let mut put = |name, raw| self.lens.put(&mut play, name, raw);
        let media = match file.media {
            Media::Video => "video",
            Media::Audio => "audio",
            Media::Photo => "photo",
        };
        put("media_kind", Raw::Class(media))?;
        if file.media == Media::Video {
            put("video_codec", Raw::Word(&file.codec))?;
            put("resolution", Raw::Number(file.width))?;
            put("bit_rate", Raw::Number(file.kbps))?;
        } else {
            for name in ["video_codec", "resolution", "bit_rate"] {
                put(name, Raw::Class("no_video"))?;
            }
        }
        let length = match file.media {
            Media::Photo => Raw::Class("no_length"),
            _ => Raw::Number(file.length_s),
        };
        put("length", length)?;
        put("feature", Raw::Class(feature(file, true, true)))?;
        Ok(play)
    }

    /// How playing `file` in `scene` can go: every ending, with chances that add up to 1. Waits, stalls
    /// and the features that somebody uses are drawn apart.
    ///
    /// # Errors
    /// A metric without a class for it.
    pub fn endings(&self, file: &File, scene: Scene) -> Result<Vec<Ending>, Fault> {
        let client = &self.marginals.client[scene.client];
        let (mut endings, left) = self.not_encoded(file, scene.board, client)?;
        let encoded = self.encoded(file, scene.board, scene.has_chip)?;
        endings.extend(encoded.into_iter().map(|ending| Ending {
            chance: ending.chance * left,
            ..ending
        }));
        Ok(endings)
    }

    /// The endings without an encoder, and the chance that is left for one.
    ///
    /// # Errors
    /// A metric without a class for it.
    pub fn not_encoded(
        &self,
        file: &File,
        board: usize,
        client: &Client,
    ) -> Result<(Vec<Ending>, f64), Fault> {
        let playing = &self.marginals.playing;
        let works = 1.0 - playing.fails;
        let group = match file.media {
            Media::Video => codec_group(&file.codec),
            Media::Audio => "audio",
            Media::Photo => "photo",
        };
        let direct = client.direct[group];
        let remux = client.remux.get(group).copied().unwrap_or_default();
        let wait = Some(playing.first_remux_ms);
        let start = self.start(file, board)?;
        let mut endings = vec![
            self.untouched(start, direct * works, "direct", None)?,
            self.untouched(start, remux * works, "remux", wait)?,
            self.untouched(start, playing.fails, "failed", None)?,
        ];
        let left = (1.0 - direct - remux) * works;
        if file.media == Media::Video {
            return Ok((endings, left));
        }
        // Sound is encoded and a photo made smaller with little work.
        endings.push(self.untouched(start, left, "software_keeps_up", wait)?);
        Ok((endings, 0.0))
    }

    fn start(&self, file: &File, board: usize) -> Result<Play, Fault> {
        let mut play = self.file(file)?;
        let word = &self.marginals.board[board].word;
        self.lens.put(&mut play, "board_family", Raw::Word(word))?;
        Ok(play)
    }

    /// An ending in which the picture is not encoded.
    fn untouched(
        &self,
        start: Play,
        chance: f64,
        outcome: &str,
        first_ms: Option<f64>,
    ) -> Result<Ending, Fault> {
        let mut play = start;
        self.lens.put(&mut play, "outcome", Raw::Class(outcome))?;
        self.lens
            .put(&mut play, "backend", Raw::Class("not_encoded"))?;
        self.lens
            .put(&mut play, "fallback", Raw::Class("no_fallback"))?;
        self.lens
            .put(&mut play, "real_time_factor", Raw::Class("not_encoded"))?;
        let stalls = self.marginals.playing.stalls_direct;
        Ok(Ending {
            chance,
            play,
            first_ms,
            stalls,
        })
    }

    /// The endings of a picture that must be encoded, with chances that add up to 1.
    ///
    /// # Errors
    /// A metric without a class for it.
    pub fn encoded(&self, file: &File, board: usize, has_chip: bool) -> Result<Vec<Ending>, Fault> {
        if file.media != Media::Video {
            return Ok(Vec::new());
        }
        let playing = &self.marginals.playing;
        let start = self.start(file, board)?;
        let mut endings = Vec::new();
        for branch in branches(playing, &self.marginals.board[board], has_chip, file) {
            let is_slow = branch.planned < 0.4;
            let refused = if is_slow {
                playing.refuses_when_slow
            } else {
                0.0
            };
            if refused > 0.0 {
                endings.push(self.untouched(start, branch.chance * refused, "failed", None)?);
            }
            self.at_speeds(
                start,
                &branch,
                branch.chance * (1.0 - refused),
                &mut endings,
            )?;
        }
        Ok(endings)
    }

    fn at_speeds(
        &self,
        start: Play,
        branch: &Branch,
        chance: f64,
        endings: &mut Vec<Ending>,
    ) -> Result<(), Fault> {
        let playing = &self.marginals.playing;
        let in_time = match branch.backend {
            "software" => "software_keeps_up",
            _ => "hardware_keeps_up",
        };
        let starts = [
            self.encoder(start, branch, "too_slow")?,
            self.encoder(start, branch, in_time)?,
        ];
        let speeds = self.lens.slot("real_time_factor");
        for (share, by) in [
            (1.0 - playing.slowed, 1.0),
            (playing.slowed, playing.slowed_by),
        ] {
            for deviation in EIGHTHS {
                let speed = branch.speed / by * (playing.speed_spread * deviation).exp();
                let keeps_up = speed >= 0.9;
                let mut play = starts[usize::from(keeps_up)];
                if let Some(slot) = speeds {
                    let raw = Raw::Number((speed * 1000.0) as u32);
                    self.lens.put_at(&mut play, slot, raw)?;
                }
                endings.push(Ending {
                    chance: chance * share / EIGHTHS.len() as f64,
                    play,
                    first_ms: Some(playing.first_encoded_ms / speed),
                    stalls: if keeps_up {
                        playing.stalls_encoded
                    } else {
                        playing.stalls_slow
                    },
                });
            }
        }
        Ok(())
    }

    fn encoder(&self, start: Play, branch: &Branch, outcome: &str) -> Result<Play, Fault> {
        let mut play = start;
        self.lens.put(&mut play, "outcome", Raw::Class(outcome))?;
        self.lens
            .put(&mut play, "backend", Raw::Class(branch.backend))?;
        self.lens
            .put(&mut play, "fallback", Raw::Class(branch.fallback))?;
        Ok(play)
    }
}

/// What the encoder can meet with, with chances that add up to 1.
fn branches(playing: &Playing, board: &Board, has_chip: bool, file: &File) -> Vec<Branch> {
    let codec = codec_group(&file.codec);
    let mega_pixels = |width: u32| f64::from(width).powi(2) * 9.0 / 16.0 * 25.0 / 1e6;
    let decoding = mega_pixels(file.width) * playing.decoding[codec];
    let encoding = mega_pixels(file.width.min(1920));
    // Many bits take long to read, however few the pixels; the encoder does not see them.
    let rate = 1.0 + f64::from(file.kbps) / playing.doubled_at_kbps;
    let branch = |chance, backend, fallback, mps| Branch {
        chance,
        backend,
        fallback,
        speed: mps / (decoding * rate + encoding),
        planned: mps / (decoding + encoding),
    };
    let software = |chance, fallback| branch(chance, "software", fallback, board.software_mps);
    if !has_chip {
        return vec![software(1.0, "no_hardware")];
    }
    let is_too_large = board.backend == "v4l2m2m" && file.width > 1920;
    let unsupported = if is_too_large {
        1.0
    } else {
        playing.unsupported[codec]
    };
    let untested = (1.0 - unsupported) * playing.failed_self_test;
    let stopped = (1.0 - unsupported - untested) * playing.failed_in_play;
    vec![
        software(unsupported, "unsupported"),
        software(untested, "failed_self_test"),
        software(stopped, "failed_in_play"),
        branch(
            1.0 - unsupported - untested - stopped,
            backend(&board.backend),
            "no_fallback",
            board.hardware_mps,
        ),
    ]
}

fn backend(name: &str) -> &'static str {
    let known = ["v4l2m2m", "vaapi", "rkmpp"];
    known
        .into_iter()
        .find(|own| *own == name)
        .unwrap_or("software")
}

fn codec_group(codec: &str) -> &'static str {
    match codec {
        "h264" => "h264",
        "hevc" => "hevc",
        _ => "other",
    }
}

/// The class of the features that somebody uses of those that a file offers.
pub fn feature(file: &File, uses_subtitles: bool, uses_tracks: bool) -> &'static str {
    if file.media != Media::Video {
        return "no_video";
    }
    match (
        file.has_subtitles && uses_subtitles,
        file.has_audio_tracks && uses_tracks,
    ) {
        (false, false) => "plain",
        (true, false) => "subtitles",
        (false, true) => "audio_tracks",
        (true, true) => "subtitles_and_audio_tracks",
    }
}
