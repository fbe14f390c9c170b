//! How a playback went, as the player saw it.
//!
//! Never: a number; a player tells classes.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::telemetry::class;

/// What a player tells at the end of a playback.
#[derive(Debug, Deserialize, ToSchema)]
pub struct ExperienceRequest {
    /// From the wish to play to the first picture; null when none was shown, or the file was played as it is.
    #[serde(default)]
    pub first_picture: Option<FirstPicture>,
    /// How often the picture stood still and waited.
    pub stalls: Stalls,
}

/// The classes of the metric `first_segment`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub enum FirstPicture {
    #[serde(rename = "below_500")]
    Below500,
    #[serde(rename = "below_1000")]
    Below1000,
    #[serde(rename = "below_2000")]
    Below2000,
    #[serde(rename = "below_5000")]
    Below5000,
    #[serde(rename = "above_5000")]
    Above5000,
}

/// The classes of the metric `stalls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
pub enum Stalls {
    #[serde(rename = "none")]
    None,
    #[serde(rename = "below_20")]
    Below20,
    #[serde(rename = "above_20")]
    Above20,
    #[serde(rename = "unknown")]
    Unknown,
}

impl From<FirstPicture> for class::FirstSegment {
    fn from(first: FirstPicture) -> Self {
        match first {
            FirstPicture::Below500 => Self::Below500,
            FirstPicture::Below1000 => Self::Below1000,
            FirstPicture::Below2000 => Self::Below2000,
            FirstPicture::Below5000 => Self::Below5000,
            FirstPicture::Above5000 => Self::Above5000,
        }
    }
}

impl From<Stalls> for class::Stalls {
    fn from(stalls: Stalls) -> Self {
        match stalls {
            Stalls::None => Self::None,
            Stalls::Below20 => Self::Below20,
            Stalls::Above20 => Self::Above20,
            Stalls::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::class::{FirstSegment, Sample};

    fn first(name: &str) -> Option<Sample> {
        let read = serde_json::from_str::<FirstPicture>(&format!("\"{name}\""));
        read.ok().map(|class| FirstSegment::from(class).into())
    }

    fn stalls(name: &str) -> Option<Sample> {
        let read = serde_json::from_str::<Stalls>(&format!("\"{name}\""));
        read.ok().map(|class| class::Stalls::from(class).into())
    }

    #[test]
    fn the_words_are_those_of_the_registry() {
        for own in FirstSegment::ALL {
            let sample = Sample::from(*own);
            let wanted = (*own != FirstSegment::NoSegments).then_some(sample);
            assert_eq!(first(sample.class()), wanted);
        }
        for own in class::Stalls::ALL {
            let sample = Sample::from(*own);
            assert_eq!(stalls(sample.class()), Some(sample));
        }
        assert_eq!((first("312"), stalls("3")), (None, None));
    }
}
