//! Groups of pictures, judged from their packets.
//!
//! A group is open when pictures that are shown before its keyframe come after it in the file
//! (ITU-T H.265: RASL after a CRA; H.264: B pictures after a recovery point). It cannot be decoded alone.
//!
//! Never: decoding.

use alcove::media::codec::VideoCodec;
use ffmpeg_next::Packet;

use super::bits::{annex_b, length_prefixed};

/// True when decoding can start at this keyframe as far as its own bytes tell.
///
/// H.264 marks recovery points as keyframes too, after which pictures may still refer to older ones.
pub fn starts_clean(codec: VideoCodec, extradata: &[u8], packet: &Packet) -> bool {
    const IDR: u8 = 5;
    if codec != VideoCodec::H264 {
        return true;
    }
    let data = packet.data().unwrap_or_default();
    let is_idr = |nal: &[u8]| nal[0] & 0x1f == IDR;
    match nal_length_bytes(extradata) {
        Some(bytes) => length_prefixed(data, bytes).any(is_idr),
        None => annex_b(data).any(is_idr),
    }
}

/// Bytes of each unit's length, from avcC; `None` for Annex B streams.
fn nal_length_bytes(extradata: &[u8]) -> Option<usize> {
    (extradata.first() == Some(&1)).then(|| usize::from(extradata.get(4).map_or(3, |b| b & 3)) + 1)
}

/// Follows the packets of one stream in the order of the file.
pub struct GroupWatch {
    codec: VideoCodec,
    extradata: Vec<u8>,
    clean: Vec<i64>,
    /// The keyframe of the group that is being read, while it may still turn out to be open.
    pending: Option<i64>,
    seen_first: bool,
    /// Latest presentation time, its frame's length, and the time before it.
    latest: Option<(i64, i64)>,
    before_latest: Option<i64>,
}

impl GroupWatch {
    pub fn new(codec: VideoCodec, extradata: Option<&[u8]>) -> Self {
        Self {
            codec,
            extradata: extradata.unwrap_or_default().to_vec(),
            clean: Vec::new(),
            pending: None,
            seen_first: false,
            latest: None,
            before_latest: None,
        }
    }

    /// Takes note of the next packet.
    pub fn see(&mut self, packet: &Packet) {
        let Some(pts) = packet.pts().or(packet.dts()) else {
            return;
        };
        match self.latest {
            Some((latest, _)) if pts <= latest => {
                self.before_latest = self.before_latest.max(Some(pts).filter(|&p| p < latest));
            }
            _ => {
                self.before_latest = self.latest.map(|(latest, _)| latest);
                self.latest = Some((pts, packet.duration()));
            }
        }
        if packet.is_key() {
            self.clean.extend(self.pending.take());
            if !self.seen_first || starts_clean(self.codec, &self.extradata, packet) {
                self.pending = Some(pts);
            }
            if !self.seen_first {
                // The film begins here whatever follows: nothing comes before it.
                self.clean.extend(self.pending.take());
                self.seen_first = true;
            }
        } else if self.pending.is_some_and(|key| pts < key) {
            self.pending = None;
        }
    }

    /// Where the last frame seen ends.
    pub fn end_pts(&self) -> Option<i64> {
        let (latest, length) = self.latest?;
        let length = if length > 0 {
            length
        } else {
            self.before_latest
                .map_or(1, |before| latest.saturating_sub(before).max(1))
        };
        latest.checked_add(length)
    }

    /// The keyframes that start clean groups, and the end of the film.
    pub fn finish(mut self) -> (Vec<i64>, i64) {
        self.clean.extend(self.pending.take());
        let end = self.end_pts().unwrap_or(0);
        (self.clean, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ffmpeg_next::packet::Flags;

    fn packet(pts: i64, key: bool) -> Packet {
        let mut packet = Packet::copy(&[0, 0, 0, 1, if key { 0x65 } else { 0x41 }]);
        packet.set_pts(Some(pts));
        packet.set_duration(10);
        if key {
            packet.set_flags(Flags::KEY);
        }
        packet
    }

    #[test]
    fn groups_with_leading_pictures_are_no_place_to_start() {
        for (codec, packets, clean, end) in [
            (
                VideoCodec::Hevc,
                &[(0, true), (20, false), (10, false), (30, true), (40, false)][..],
                &[0, 30][..],
                50,
            ),
            (
                VideoCodec::Hevc,
                &[(0, true), (30, true), (20, false), (10, false), (60, true)],
                &[0, 60],
                70,
            ),
            (
                VideoCodec::Mpeg2,
                &[(20, true), (0, false), (10, false)],
                &[20],
                30,
            ),
        ] {
            let mut watch = GroupWatch::new(codec, None);
            for &(pts, key) in packets {
                watch.see(&packet(pts, key));
            }
            assert_eq!(watch.finish(), (clean.to_vec(), end), "{packets:?}");
        }
    }

    #[test]
    fn a_recovery_point_of_h264_is_no_clean_start() {
        let mut point = Packet::copy(&[0, 0, 0, 1, 0x06, 6, 1, 0, 0, 1, 0x41, 9]);
        assert!(!starts_clean(VideoCodec::H264, &[], &point));
        assert!(starts_clean(VideoCodec::H264, &[], &packet(0, true)));
        point = Packet::copy(&[0, 2, 0x09, 0x10, 0, 2, 0x65, 1]);
        assert!(starts_clean(
            VideoCodec::H264,
            &[1, 100, 0, 31, 0xfd],
            &point
        ));
        assert!(!starts_clean(
            VideoCodec::H264,
            &[1, 100, 0, 31, 0xff],
            &point
        ));
    }
}
