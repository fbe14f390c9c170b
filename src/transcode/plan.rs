//! What was decided about one playback, small enough to travel inside its ticket.
//!
//! Never: titles, languages, or anything that the file itself can be asked again.

use serde::{Deserialize, Serialize};

use crate::media::target::{AudioTarget, VideoTarget};

/// How the file reaches the player.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The file as it is, in byte ranges.
    DirectPlay,
    /// The tracks that play first are copied into HLS segments.
    Remux,
    /// At least one of the tracks that play first is encoded again.
    Transcode,
}

impl Decision {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DirectPlay => "direct_play",
            Self::Remux => "remux",
            Self::Transcode => "transcode",
        }
    }
}

/// Which grid the segments of a playback lie on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GridChoice {
    /// The one that the library keeps beside the file.
    Stored,
    /// Equal segments, made from the headers by [`super::source::regular_grid`].
    Regular,
}

/// All that is needed to make any segment of a playback, given the file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Plan {
    pub decision: Decision,
    pub grid: GridChoice,
    /// `None` for sound alone and for direct play.
    pub video: Option<VideoPlan>,
    /// Every sound track that the player may choose, in the file's order; empty for direct play.
    pub audio: Vec<AudioPlan>,
    /// Stream index of the sound track that plays first.
    pub first_audio: Option<u32>,
}

/// The picture of a playback.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VideoPlan {
    /// Stream index in the file.
    pub stream: u32,
    /// One rendition each; the number in the address is the place in this list.
    pub rungs: Vec<VideoTarget>,
}

/// One sound track of a playback.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AudioPlan {
    /// Stream index in the file.
    pub stream: u32,
    pub target: AudioTarget,
}

impl Plan {
    /// The plan of a file that is sent as it is.
    pub fn direct_play() -> Self {
        Self {
            decision: Decision::DirectPlay,
            grid: GridChoice::Regular,
            video: None,
            audio: Vec::new(),
            first_audio: None,
        }
    }

    /// What becomes of the sound track `stream`.
    pub fn audio_target(&self, stream: u32) -> Option<&AudioTarget> {
        let found = self.audio.iter().find(|audio| audio.stream == stream);
        found.map(|audio| &audio.target)
    }

    /// What becomes of the picture in rendition `rung`.
    pub fn video_target(&self, rung: u8) -> Option<&VideoTarget> {
        self.video.as_ref()?.rungs.get(usize::from(rung))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::target::{H264Target, Preset};

    #[test]
    fn a_plan_fits_into_an_address() {
        let plan = Plan {
            decision: Decision::Transcode,
            grid: GridChoice::Stored,
            video: Some(VideoPlan {
                stream: 0,
                rungs: vec![VideoTarget::H264(H264Target {
                    width: 1920,
                    height: 1080,
                    crf: 22,
                    max_rate_kbps: 8000,
                    preset: Preset::Veryfast,
                    frame_rate: None,
                    deinterlace: false,
                    level: 40,
                })],
            }),
            audio: (1..9)
                .map(|stream| AudioPlan {
                    stream,
                    target: AudioTarget::Aac {
                        bit_rate_kbps: 192,
                        channels: 2,
                        sample_rate_hz: 48_000,
                    },
                })
                .collect(),
            first_audio: Some(1),
        };
        let bytes = postcard::to_stdvec(&plan).expect("encode");
        assert!(bytes.len() < 120, "{} bytes", bytes.len());
        assert_eq!(postcard::from_bytes::<Plan>(&bytes).expect("decode"), plan);
    }
}
