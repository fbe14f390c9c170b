//! One session: where its player is, in each rendition it fetches.
//!
//! Never: making segments, knowing of other sessions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::ladder;
use super::part::{Part, PartKey, Rendition, TrackKey, Weight, exists, track_key};
use super::plan::Plan;
use super::session::SessionStatus;
use super::source::Source;
use crate::media::target::VideoTarget;

/// Segments made ahead of the player, beyond the one it asked for.
const AHEAD: u32 = 3;
/// A player that plays asks about once a segment. One that has been quiet for twice the longest segment
/// and this is paused or gone, and takes no part of the box until it comes back.
const QUIET_MARGIN: Duration = Duration::from_secs(2);

/// A playback keeps its place for this long until its player comes for the first part of it.
const RESERVED: Duration = Duration::from_secs(5);
/// A session without a request for this long is over.
const SILENCE: Duration = Duration::from_secs(60);

/// One open session.
pub(crate) struct Viewer {
    /// The login that plays.
    pub(crate) owner: i64,
    pub(crate) source: Source,
    plan: Arc<Plan>,
    pub(crate) last_request: Instant,
    /// False while it is only reserved: nobody has asked for a part yet.
    is_fetched: bool,
    tracks: HashMap<Rendition, Track>,
    /// The picture that is encoded for it, and the work that takes in pixels a second of film.
    encoded: Option<(TrackKey, u64)>,
    quiet_after: Duration,
    position: u32,
    speed: Option<f64>,
}

/// One rendition that the player fetches.
struct Track {
    key: TrackKey,
    /// The segment asked for last.
    position: u32,
    /// The first segment that was not yet made in advance since the last jump; each is made once, so
    /// that a cache too small for the window is not refilled for ever.
    next: u32,
}

impl Viewer {
    pub(crate) fn new(now: Instant, owner: i64, source: Source, plan: Arc<Plan>) -> Self {
        let quiet_after = longest_segment(&source) * 2 + QUIET_MARGIN;
        let encoded = encoded_picture(&source, &plan);
        Self {
            owner,
            source,
            plan,
            last_request: now,
            is_fetched: false,
            tracks: HashMap::new(),
            encoded,
            quiet_after,
            position: 0,
            speed: None,
        }
    }

    /// Work in pixels a second that this session needs now; zero for copies and quiet players.
    pub(crate) fn load(&self, now: Instant) -> u64 {
        match &self.encoded {
            Some((_, rate)) if !self.quiet_in(now).is_zero() => *rate,
            _ => 0,
        }
    }

    /// Work in pixels a second of film of its encoded picture; zero when the picture is copied.
    pub(crate) fn work_rate(&self, track: &TrackKey) -> u64 {
        let own = self.encoded.as_ref().filter(|(key, _)| key == track);
        own.map_or(0, |(_, rate)| *rate)
    }

    /// How long until it counts as quiet, should it not ask again.
    pub(crate) fn quiet_in(&self, now: Instant) -> Duration {
        let quiet_after = match self.is_fetched {
            true => self.quiet_after,
            false => RESERVED,
        };
        (self.last_request + quiet_after).saturating_duration_since(now)
    }

    /// When it is over, should it not ask again.
    pub(crate) fn ends_at(&self) -> Instant {
        self.last_request + if self.is_fetched { SILENCE } else { RESERVED }
    }

    /// True while nobody has fetched anything of it.
    pub(crate) fn is_reserved(&self) -> bool {
        !self.is_fetched
    }

    /// The player asks for a part.
    pub(crate) fn fetched(&mut self) {
        self.is_fetched = true;
    }

    /// The player asks for segment `k`.
    pub(crate) fn move_to(&mut self, rendition: Rendition, k: u32) {
        let Some(key) = track_key(&self.source, &self.plan, rendition) else {
            return;
        };
        self.position = k;
        let track = self.tracks.entry(rendition).or_insert(Track {
            key,
            position: k,
            next: k + 1,
        });
        let is_jump = k < track.position || k > track.next;
        track.position = k;
        track.next = if is_jump {
            k + 1
        } else {
            track.next.max(k + 1)
        };
    }

    /// The nearest part of that weight worth making now, with its distance from the player.
    pub(crate) fn next_ahead(
        &mut self,
        weight: Weight,
        is_known: impl Fn(&PartKey) -> bool,
    ) -> Option<(u32, PartKey)> {
        let source = &self.source;
        let tracks = self.tracks.values_mut();
        let wishes = tracks.filter_map(|track| {
            while track.next <= track.position.saturating_add(AHEAD) {
                let part = Part::Segment(track.next);
                if !exists(source, part) {
                    return None;
                }
                let key = PartKey {
                    track: track.key.clone(),
                    part,
                };
                if key.weight() != weight {
                    return None;
                }
                if !is_known(&key) {
                    return Some((track.next - track.position, key));
                }
                track.next += 1;
            }
            None
        });
        wishes.min_by_key(|(distance, _)| *distance)
    }

    /// The part is being made, or will not be: it is not this session's next wish any more.
    pub(crate) fn passed(&mut self, key: &PartKey) {
        if let Part::Segment(k) = key.part {
            let tracks = self.tracks.values_mut();
            for track in tracks.filter(|track| track.key == key.track && track.next == k) {
                track.next = k + 1;
            }
        }
    }

    /// A part in advance was given up: it is worth making again later.
    pub(crate) fn forget(&mut self, key: &PartKey) {
        if let Part::Segment(k) = key.part {
            let tracks = self.tracks.values_mut();
            for track in tracks.filter(|track| track.key == key.track && k > track.position) {
                track.next = track.next.min(k);
            }
        }
    }

    /// Segments between the player and this part, while the part is no farther than it is made in
    /// advance. Init segments are always near.
    pub(crate) fn distance(&self, key: &PartKey) -> Option<u32> {
        let Part::Segment(k) = key.part else {
            return (self.source.key() == key.track.source).then_some(0);
        };
        let tracks = self.tracks.values();
        let mine = tracks.filter(|track| track.key == key.track);
        let ahead = mine.filter_map(|track| k.checked_sub(track.position));
        ahead.filter(|&distance| distance <= AHEAD).min()
    }

    /// True when the player fetches this rendition.
    pub(crate) fn plays(&self, track: &TrackKey) -> bool {
        self.tracks.values().any(|own| own.key == *track)
    }

    /// Takes the speed of a finished segment, when it is of this session's picture, or of its sound
    /// where there is no picture.
    pub(crate) fn note_speed(&mut self, track: &TrackKey, speed: f64) {
        if self.plays(track) && (track.is_video() || self.plan.video.is_none()) {
            self.speed = Some(speed);
        }
    }

    pub(crate) fn status(&self, playback: &str, is_parked: bool) -> SessionStatus {
        let place = usize::try_from(self.position).ok();
        let span = place.and_then(|k| self.source.grid().span(k));
        let position_us = span.map_or(0, |(start, _)| self.source.grid().player_us(start));
        SessionStatus {
            playback: playback.to_owned(),
            owner: self.owner,
            file_id: self.source.file_id,
            decision: self.plan.decision,
            position_ms: u64::try_from(position_us / 1000).unwrap_or(0),
            speed: self.speed,
            is_parked,
        }
    }
}

fn longest_segment(source: &Source) -> Duration {
    let grid = source.grid();
    let lengths = (0..grid.len()).filter_map(|k| grid.duration_us(k));
    Duration::from_micros(
        lengths
            .max()
            .and_then(|us| u64::try_from(us).ok())
            .unwrap_or(0),
    )
}

fn encoded_picture(source: &Source, plan: &Plan) -> Option<(TrackKey, u64)> {
    let video = plan.video.as_ref()?;
    let track = source
        .info
        .video
        .iter()
        .find(|t| t.stream == video.stream)?;
    let rungs = (0..=u8::MAX).zip(&video.rungs);
    let encoded = rungs.filter_map(|(rung, target)| match target {
        VideoTarget::H264(target) => {
            let key = track_key(source, plan, Rendition::Video(rung))?;
            Some((key, ladder::work_rate(target, track)))
        }
        VideoTarget::Copy => None,
    });
    encoded.max_by_key(|(_, rate)| *rate)
}
