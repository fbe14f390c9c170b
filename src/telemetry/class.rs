//! The classes of every metric: closed types that are generated from `metrics.toml`.
//!
//! Never: the raw value behind a class. It becomes a class where it arises, by the tables of its type.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

include!(concat!(env!("OUT_DIR"), "/metric_classes.rs"));

/// One answer to one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sample {
    metric: Metric,
    index: u8,
}

impl Metric {
    /// The name in the registry.
    pub fn name(self) -> &'static str {
        let (name, _) = self.keys()[0].split_once('.').expect("a key has two parts");
        name
    }

    /// How many answers there are, `nothing` included.
    pub const fn count(self) -> usize {
        self.keys().len()
    }

    /// Every answer in the order of the registry, `nothing` first where there is one.
    pub fn samples(self) -> impl Iterator<Item = Sample> {
        (0_u8..).take(self.count()).map(move |index| Sample {
            metric: self,
            index,
        })
    }

    /// The answer that there was nothing to tell; `None` for facts about the box.
    pub fn nothing(self) -> Option<Sample> {
        self.has_nothing().then_some(Sample {
            metric: self,
            index: 0,
        })
    }
}

impl Sample {
    fn measured(metric: Metric, class: u8) -> Self {
        Self {
            metric,
            index: class + u8::from(metric.has_nothing()),
        }
    }

    /// What it is about.
    pub const fn metric(self) -> Metric {
        self.metric
    }

    /// The place of the answer among [`Metric::samples`]: all that a report tells.
    pub const fn index(self) -> u8 {
        self.index
    }

    /// Metric and class as one word, such as `video_codec.hevc`; translations go by it.
    pub fn key(self) -> &'static str {
        self.metric.keys()[usize::from(self.index)]
    }

    /// The name of the class in the registry.
    pub fn class(self) -> &'static str {
        let (_, class) = self.key().split_once('.').expect("a key has two parts");
        class
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;
        impl Visitor<'_> for Key {
            type Value = Sample;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("metric and class, such as `video_codec.hevc`")
            }

            fn visit_str<E: Error>(self, key: &str) -> Result<Sample, E> {
                let mut all = Metric::ALL.iter().flat_map(|metric| metric.samples());
                all.find(|sample| sample.key() == key)
                    .ok_or_else(|| E::custom("no answer of this registry"))
            }
        }
        deserializer.deserialize_str(Key)
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Metric;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a metric")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Metric, E> {
                let mut all = Metric::ALL.iter().copied();
                all.find(|metric| metric.name() == name)
                    .ok_or_else(|| E::custom("no metric of this registry"))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_own_index_and_key() {
        for metric in Metric::ALL {
            let indexes: Vec<u8> = metric.samples().map(Sample::index).collect();
            let expected: Vec<u8> = (0_u8..).take(metric.count()).collect();
            assert_eq!(indexes, expected, "{metric:?}");
            let mut keys: Vec<&str> = metric.samples().map(Sample::key).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), metric.count(), "{metric:?}");
        }
    }

    #[test]
    fn answers_are_kept_by_name_and_read_back() {
        for sample in Metric::ALL.iter().flat_map(|metric| metric.samples()) {
            let text = serde_json::to_string(&sample).unwrap();
            assert_eq!(
                text,
                format!("\"{}.{}\"", sample.metric().name(), sample.class())
            );
            assert_eq!(serde_json::from_str::<Sample>(&text).unwrap(), sample);
        }
        for unknown in [
            "\"video_codec.theora\"",
            "\"device.7\"",
            "\"video_codec\"",
            "3",
        ] {
            assert!(
                serde_json::from_str::<Sample>(unknown).is_err(),
                "{unknown}"
            );
        }
    }

    #[test]
    fn only_facts_of_the_box_are_always_there() {
        assert_eq!(Metric::BoardFamily.nothing(), None);
        let nothing = Metric::VideoCodec.nothing().unwrap();
        assert_eq!((nothing.index(), nothing.class()), (0, "nothing"));
        assert_eq!(Sample::from(VideoCodec::H264).index(), 1);
        assert_eq!(Sample::from(BoardFamily::Rpi3).index(), 0);
    }

    #[test]
    fn a_composite_counts_only_what_it_is_about() {
        let h264 = |codec, outcome| H264OnBoard::of(codec, BoardFamily::Rpi4, outcome);
        assert_eq!(
            h264(VideoCodec::H264, Outcome::Remux),
            Some(H264OnBoard::Rpi4DirectOrRemux)
        );
        assert_eq!(h264(VideoCodec::Hevc, Outcome::Remux), None);
        let folded = H264OnBoard::of(
            VideoCodec::H264,
            BoardFamily::Rpi5,
            Outcome::HardwareKeepsUp,
        );
        assert_eq!(folded, Some(H264OnBoard::Rpi5KeepsUp));
        let slow = EncoderOnBoard::of(BoardFamily::X86, Backend::Vaapi, RealTimeFactor::Below500);
        assert_eq!(slow, Some(EncoderOnBoard::X86HardwareBelow500));
        let copied = EncoderOnBoard::of(
            BoardFamily::X86,
            Backend::NotEncoded,
            RealTimeFactor::NotEncoded,
        );
        assert_eq!(copied, None);
    }
}
