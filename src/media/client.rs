//! What a player says it can play.
//!
//! Never: guesses about a player from its name.

use serde::{Deserialize, Serialize};

use super::codec::{AudioCodec, Container, VideoCodec};

/// A player's own statement, sent with each wish to play.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientProfile {
    /// Containers it plays from a plain file address.
    pub containers: Vec<Container>,
    pub video_codecs: Vec<VideoCodec>,
    pub audio_codecs: Vec<AudioCodec>,
    /// Largest picture it shows; `None` means no limit.
    pub max_height: Option<u32>,
    /// Most kbit/s it wants; `None` means no limit.
    pub max_bit_rate_kbps: Option<u32>,
    /// Most bits a colour component it decodes; `None` means 8.
    pub max_bit_depth: Option<u8>,
    /// Most audio channels; `None` means no limit.
    pub max_audio_channels: Option<u16>,
    pub hdr: bool,
    /// True when it plays HTTP Live Streaming, natively or by script.
    pub hls: bool,
}
