//! What an audio codec's own headers say: RFC 6381 name, sample rate, channels.
//!
//! Sources: ISO/IEC 14496-3 1.6.2.1 (AudioSpecificConfig), ISO/IEC 11172-3 2.4.2.3 (frame header),
//! RFC 9639 8.2 (STREAMINFO).
//!
//! Never: decoding a sample.

use alcove::media::codec::AudioCodec;

use super::bits::Bits;

/// The RFC 6381 name of a sound track; `profile` is libav's number.
pub fn name(codec: AudioCodec, extradata: &[u8], profile: Option<u32>) -> Option<String> {
    let plain = match codec {
        AudioCodec::Aac => {
            // libav counts object types from zero.
            let kind = aac_object_type(extradata).or(profile.map(|profile| profile + 1))?;
            return Some(format!("mp4a.40.{kind}"));
        }
        AudioCodec::Mp3 => "mp3",
        AudioCodec::Ac3 => "ac-3",
        AudioCodec::Eac3 => "ec-3",
        AudioCodec::Opus => "opus",
        AudioCodec::Flac => "flac",
        AudioCodec::Vorbis => "vorbis",
        AudioCodec::Alac => "alac",
        AudioCodec::Dts => "dtsc",
        AudioCodec::TrueHd => "mlpa",
        AudioCodec::Mp2 | AudioCodec::Pcm | AudioCodec::Wma | AudioCodec::Other => return None,
    };
    Some(plain.to_owned())
}

fn aac_object_type(config: &[u8]) -> Option<u32> {
    const ESCAPE: u32 = 31;
    let mut bits = Bits::new(config);
    let kind = match bits.take(5)? {
        ESCAPE => 32 + bits.take(6)?,
        kind => kind,
    };
    (kind > 0).then_some(kind)
}

/// Sample rate and channels from a FLAC STREAMINFO block.
pub fn flac_stream_info(extradata: &[u8]) -> Option<(u32, u16)> {
    let mut bits = Bits::new(extradata);
    bits.skip(80)?;
    let rate = bits.take(20)?;
    let channels = bits.take(3)? + 1;
    (rate > 0).then_some((rate, u16::try_from(channels).ok()?))
}

/// The header of an MPEG audio frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MpegFrame {
    pub sample_rate_hz: u32,
    pub channels: u16,
    pub bit_rate: u32,
    pub samples: u32,
}

/// Reads the four header bytes of an MPEG-1, 2 or 2.5 frame of layer II or III.
pub fn mpeg_frame(bytes: &[u8]) -> Option<MpegFrame> {
    const KBPS_1_2: [u32; 15] = [
        0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ];
    const KBPS_1_3: [u32; 15] = [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ];
    const KBPS_2: [u32; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let mut bits = Bits::new(bytes.first_chunk::<4>()?);
    if bits.take(11)? != 0x7ff {
        return None;
    }
    let (version, layer) = (bits.take(2)?, bits.take(2)?);
    bits.skip(1)?;
    let (rate, frequency) = (bits.take(4)? as usize, bits.take(2)? as usize);
    bits.skip(2)?;
    let mode = bits.take(2)?;
    let (is_first, halved) = match version {
        3 => (true, 0),
        2 => (false, 1),
        0 => (false, 2),
        _ => return None,
    };
    let is_layer_3 = match layer {
        1 => true,
        2 => false,
        _ => return None,
    };
    let kbps = match (is_first, is_layer_3) {
        (true, true) => KBPS_1_3,
        (true, false) => KBPS_1_2,
        (false, _) => KBPS_2,
    };
    let kbps = *kbps.get(rate).filter(|kbps| **kbps > 0)?;
    Some(MpegFrame {
        sample_rate_hz: [44_100, 48_000, 32_000].get(frequency)? >> halved,
        channels: if mode == 3 { 1 } else { 2 },
        bit_rate: kbps * 1000,
        samples: if is_layer_3 && !is_first { 576 } else { 1152 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_object_type_and_codec() {
        for (codec, extradata, profile, want) in [
            (AudioCodec::Aac, &[0x12, 0x10][..], None, Some("mp4a.40.2")),
            (AudioCodec::Aac, &[0x2b, 0x92], None, Some("mp4a.40.5")),
            (
                AudioCodec::Aac,
                &[0xf9, 0x46, 0x40],
                None,
                Some("mp4a.40.42"),
            ),
            (AudioCodec::Aac, &[], Some(1), Some("mp4a.40.2")),
            (AudioCodec::Aac, &[], None, None),
            (AudioCodec::Eac3, &[], None, Some("ec-3")),
            (AudioCodec::Pcm, &[], None, None),
        ] {
            assert_eq!(name(codec, extradata, profile).as_deref(), want);
        }
    }

    #[test]
    fn mpeg_frame_headers_give_rate_and_channels() {
        for (bytes, want) in [
            ([0xff, 0xfb, 0x90, 0x00], Some((44_100, 2, 128_000, 1152))),
            ([0xff, 0xfb, 0x94, 0xc0], Some((48_000, 1, 128_000, 1152))),
            ([0xff, 0xf3, 0x40, 0xc0], Some((22_050, 1, 32_000, 576))),
            ([0xff, 0xfd, 0xa4, 0x00], Some((48_000, 2, 192_000, 1152))),
            ([0xff, 0xfb, 0xf0, 0x00], None),
            ([0x49, 0x44, 0x33, 0x04], None),
        ] {
            let got =
                mpeg_frame(&bytes).map(|f| (f.sample_rate_hz, f.channels, f.bit_rate, f.samples));
            assert_eq!(got, want, "{bytes:02x?}");
        }
    }

    #[test]
    fn flac_stream_info_gives_rate_and_channels() {
        let mut info = [0; 34];
        info[10..14].copy_from_slice(&[0x0a, 0xc4, 0x42, 0xf0]);
        assert_eq!(flac_stream_info(&info), Some((44_100, 2)));
        assert_eq!(flac_stream_info(&info[..10]), None);
    }
}
