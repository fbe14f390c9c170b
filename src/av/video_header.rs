//! What a video codec's own headers say: RFC 6381 name, bit depth, interlacing, transfer.
//!
//! Sources: ISO/IEC 14496-15 (avcC, hvcC), the AV1 and VP9 ISO-BMFF bindings, ITU-T H.264 7.3.2.1.
//!
//! Never: decoding a picture.

use std::fmt::Write as _;

use alcove::media::codec::VideoCodec;

use super::bits::{Bits, annex_b, unescape};

/// Facts of a video track that the container itself does not spell out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoHeader {
    pub codec_string: Option<String>,
    pub bit_depth: Option<u8>,
    /// True when frames may consist of fields; only their packets tell whether they do.
    pub may_interlace: bool,
    /// Number of the transfer characteristics (ITU-T H.273).
    pub transfer: Option<u8>,
}

/// Reads the headers in `extradata`, of either the MP4 or the Annex B form.
///
/// `tag` is the container's four letters, which tell `hev1` from `hvc1`.
pub fn parse(codec: VideoCodec, tag: [u8; 4], extradata: &[u8]) -> VideoHeader {
    let parsed = match codec {
        VideoCodec::H264 => h264(extradata),
        VideoCodec::Hevc => hevc(extradata, tag),
        VideoCodec::Av1 => av1(extradata),
        VideoCodec::Mpeg4 => mpeg4(extradata),
        VideoCodec::Vp8 => Some(plain("vp8")),
        VideoCodec::Theora => Some(plain("theora")),
        _ => None,
    };
    parsed.unwrap_or_default()
}

fn plain(name: &str) -> VideoHeader {
    VideoHeader {
        codec_string: Some(name.to_owned()),
        bit_depth: Some(8),
        ..VideoHeader::default()
    }
}

fn h264(extradata: &[u8]) -> Option<VideoHeader> {
    const SPS: u8 = 7;
    let sps = if extradata.first() == Some(&1) {
        let count = *extradata.get(5)? & 0x1f;
        let length = u16::from_be_bytes([*extradata.get(6)?, *extradata.get(7)?]);
        (count > 0)
            .then(|| extradata.get(8..8 + usize::from(length)))
            .flatten()?
    } else {
        annex_b(extradata).find(|nal| nal[0] & 0x1f == SPS)?
    };
    let [_, profile, constraints, level] = *sps.first_chunk()?;
    let mut header = VideoHeader {
        codec_string: Some(format!("avc1.{profile:02X}{constraints:02X}{level:02X}")),
        ..VideoHeader::default()
    };
    // A set that breaks off keeps what was read of it.
    let _ = h264_sps(&unescape(&sps[1..]), &mut header);
    Some(header)
}

fn h264_sps(sps: &[u8], header: &mut VideoHeader) -> Option<()> {
    let mut bits = Bits::new(sps);
    let profile = bits.take(8)?;
    bits.skip(16)?;
    bits.ue()?;
    let mut depth = 8;
    if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(&profile) {
        let chroma = bits.ue()?;
        if chroma == 3 {
            bits.skip(1)?;
        }
        depth = bits.ue()?.checked_add(8)?;
        bits.ue()?;
        bits.skip(1)?;
        if bits.flag()? {
            let lists = if chroma == 3 { 12 } else { 8 };
            for list in 0..lists {
                if bits.flag()? {
                    skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    header.bit_depth = u8::try_from(depth).ok().filter(|depth| *depth <= 14);
    bits.ue()?;
    match bits.ue()? {
        0 => drop(bits.ue()?),
        1 => {
            bits.skip(1)?;
            bits.se()?;
            bits.se()?;
            for _ in 0..bits.ue()?.min(255) {
                bits.se()?;
            }
        }
        _ => {}
    }
    bits.ue()?;
    bits.skip(1)?;
    bits.ue()?;
    bits.ue()?;
    header.may_interlace = !bits.flag()?;
    if header.may_interlace {
        bits.skip(1)?;
    }
    bits.skip(1)?;
    if bits.flag()? {
        for _ in 0..4 {
            bits.ue()?;
        }
    }
    if bits.flag()? {
        header.transfer = h264_vui_transfer(&mut bits);
    }
    Some(())
}

fn skip_scaling_list(bits: &mut Bits<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8, 8);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.se()? + 256) % 256;
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn h264_vui_transfer(bits: &mut Bits<'_>) -> Option<u8> {
    const EXTENDED_SAR: u32 = 255;
    if bits.flag()? && bits.take(8)? == EXTENDED_SAR {
        bits.skip(32)?;
    }
    if bits.flag()? {
        bits.skip(1)?;
    }
    if !bits.flag()? {
        return None;
    }
    bits.skip(4)?;
    if !bits.flag()? {
        return None;
    }
    bits.skip(8)?;
    u8::try_from(bits.take(8)?).ok()
}

fn hevc(extradata: &[u8], tag: [u8; 4]) -> Option<VideoHeader> {
    const SPS: u8 = 33;
    /// Profile, tier and level take this many bytes, in hvcC and in the parameter set alike.
    const LEVEL_BYTES: usize = 12;
    let (levels, depth) = if extradata.first() == Some(&1) {
        let depth = (extradata.get(17)? & 7) + 8;
        (extradata.get(1..1 + LEVEL_BYTES)?.to_vec(), Some(depth))
    } else {
        let sps = annex_b(extradata).find(|nal| nal[0] >> 1 & 0x3f == SPS)?;
        let sps = unescape(sps);
        (sps.get(3..3 + LEVEL_BYTES)?.to_vec(), None)
    };
    let space = ["", "A", "B", "C"][usize::from(levels[0] >> 6)];
    let tier = if levels[0] & 0x20 == 0 { 'L' } else { 'H' };
    let profile = levels[0] & 0x1f;
    let compatibility = u32::from_be_bytes([levels[1], levels[2], levels[3], levels[4]]);
    let constraints = &levels[5..11];
    let name = if &tag == b"hev1" { "hev1" } else { "hvc1" };
    let mut text = format!(
        "{name}.{space}{profile}.{:X}.{tier}{}",
        compatibility.reverse_bits(),
        levels[11]
    );
    let used = constraints.iter().rposition(|&byte| byte != 0);
    for byte in constraints.iter().take(used.map_or(0, |last| last + 1)) {
        // Writing to a string cannot fail.
        let _ = write!(text, ".{byte:X}");
    }
    let progressive = constraints[0] & 0x80 != 0;
    let interlaced = constraints[0] & 0x40 != 0;
    Some(VideoHeader {
        codec_string: Some(text),
        bit_depth: depth,
        may_interlace: interlaced && !progressive,
        transfer: None,
    })
}

fn av1(extradata: &[u8]) -> Option<VideoHeader> {
    const MARKER_AND_VERSION: u8 = 0x81;
    let [MARKER_AND_VERSION, levels, flags] = *extradata.first_chunk()? else {
        return None;
    };
    let depth = match (flags & 0x40 != 0, flags & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    let tier = if flags & 0x80 == 0 { 'M' } else { 'H' };
    Some(VideoHeader {
        codec_string: Some(format!(
            "av01.{}.{:02}{tier}.{depth:02}",
            levels >> 5,
            levels & 0x1f
        )),
        bit_depth: Some(depth),
        ..VideoHeader::default()
    })
}

fn mpeg4(extradata: &[u8]) -> Option<VideoHeader> {
    const VISUAL_OBJECT_SEQUENCE: u8 = 0xb0;
    let unit = annex_b(extradata).find(|unit| unit.first() == Some(&VISUAL_OBJECT_SEQUENCE))?;
    let name = format!("mp4v.20.{}", unit.get(1)?);
    Some(plain(&name))
}

/// What a VP9 key frame's header says (VP9 bitstream, 6.2); `None` for other frames.
pub fn vp9_key_frame(packet: &[u8]) -> Option<Vp9Frame> {
    const SYNC_CODE: u32 = 0x49_83_42;
    let mut bits = Bits::new(packet);
    if bits.take(2)? != 2 {
        return None;
    }
    let profile = bits.take(1)? | bits.take(1)? << 1;
    if profile == 3 {
        bits.skip(1)?;
    }
    let (shows_old, is_inter) = (bits.flag()?, bits.flag()?);
    bits.skip(2)?;
    if shows_old || is_inter || bits.take(24)? != SYNC_CODE {
        return None;
    }
    let bit_depth = match profile {
        0 | 1 => 8,
        _ if bits.flag()? => 12,
        _ => 10,
    };
    Some(Vp9Frame {
        profile: u8::try_from(profile).ok()?,
        bit_depth,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vp9Frame {
    pub profile: u8,
    pub bit_depth: u8,
}

/// The RFC 6381 name of a VP9 track; the level is the lowest that allows its size and rate.
pub fn vp9_name(frame: Vp9Frame, width: u32, height: u32, frames_per_second: f64) -> String {
    /// Level, most luma samples a second, most luma samples a picture (VP9 levels, annex A).
    const LEVELS: [(u8, u64, u64); 13] = [
        (10, 829_440, 36_864),
        (11, 2_764_800, 73_728),
        (20, 4_608_000, 122_880),
        (21, 9_216_000, 245_760),
        (30, 20_736_000, 552_960),
        (31, 36_864_000, 983_040),
        (40, 83_558_400, 2_228_224),
        (41, 160_432_128, 2_228_224),
        (50, 311_951_360, 8_912_896),
        (51, 588_251_136, 8_912_896),
        (52, 1_176_502_272, 8_912_896),
        (60, 1_176_502_272, 35_651_584),
        (61, 2_353_004_544, 35_651_584),
    ];
    let samples = u64::from(width) * u64::from(height);
    let rate = (samples as f64 * frames_per_second) as u64;
    let level = LEVELS
        .iter()
        .find(|&&(_, most_rate, most)| rate <= most_rate && samples <= most)
        .map_or(62, |&(level, ..)| level);
    format!(
        "vp09.{:02}.{level:02}.{:02}",
        frame.profile, frame.bit_depth
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// avcC of a 1280x720 High@3.1 file written by x264.
    const AVCC: &[u8] = &[
        1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 0x19, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50,
        0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1,
        0x83, 0x19, 0x60, 1, 0, 6, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0,
    ];

    #[test]
    fn names_come_from_the_codec_headers() {
        let hvcc = [
            1, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0,
            0x0f, 0,
        ];
        let main10 = [
            1, 0x22, 0x20, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 153, 0xf0, 0, 0xfc, 0xfd, 0xfa, 0xfa, 0,
            0, 0x0f, 0,
        ];
        for (codec, tag, extradata, name, depth) in [
            (VideoCodec::H264, *b"avc1", AVCC, "avc1.64001F", 8),
            (VideoCodec::Hevc, *b"hvc1", &hvcc, "hvc1.1.6.L93.90", 8),
            (VideoCodec::Hevc, *b"hev1", &main10, "hev1.2.4.H153.B0", 10),
            (
                VideoCodec::Av1,
                *b"av01",
                &[0x81, 0x08, 0x4c, 0],
                "av01.0.08M.10",
                10,
            ),
        ] {
            let header = parse(codec, tag, extradata);
            assert_eq!(header.codec_string.as_deref(), Some(name));
            assert_eq!(header.bit_depth, Some(depth), "{name}");
            assert!(!header.may_interlace, "{name}");
        }
    }

    #[test]
    fn annex_b_headers_name_the_same_codec_as_the_mp4_form() {
        let mut stream = vec![0, 0, 0, 1];
        stream.extend_from_slice(&AVCC[8..8 + 0x19]);
        stream.extend_from_slice(&[0, 0, 1, 0x68, 0xeb]);
        assert_eq!(
            parse(VideoCodec::H264, [0; 4], &stream),
            parse(VideoCodec::H264, [0; 4], AVCC)
        );
    }

    #[test]
    fn vp9_names_follow_the_picture() {
        let frame = vp9_key_frame(&[0x82, 0x49, 0x83, 0x42, 0x00]).expect("key frame");
        assert_eq!((frame.profile, frame.bit_depth), (0, 8));
        assert_eq!(vp9_name(frame, 1920, 1080, 24.0), "vp09.00.40.08");
        assert_eq!(vp9_name(frame, 320, 180, 25.0), "vp09.00.11.08");
        assert_eq!(vp9_key_frame(&[0x86, 0x49, 0x83, 0x42]), None);
    }

    proptest! {
        #[test]
        fn damaged_headers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), form in 0u8..3) {
            let mut bytes = bytes;
            if form > 0 {
                bytes.splice(0..0, if form == 1 { vec![1] } else { vec![0, 0, 0, 1, 0x67] });
            }
            for codec in [VideoCodec::H264, VideoCodec::Hevc, VideoCodec::Av1, VideoCodec::Mpeg4] {
                parse(codec, [0; 4], &bytes);
            }
            vp9_key_frame(&bytes);
        }
    }
}
