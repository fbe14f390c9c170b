//! The made-up files of many households, drawn from the marginals of `tests/catalogue.toml`.
//!
//! Never: a real file, or a figure that is not in that table.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::chance::Seeded;

/// The whole table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marginals {
    pub catalogue: Vec<Catalogue>,
    pub rates: Rates,
    pub board: Vec<Board>,
    pub fact: Vec<Fact>,
    pub storage: Storage,
    pub client: Vec<Client>,
    pub playing: Playing,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    pub name: String,
    pub source: String,
    pub files: usize,
    pub seed: u64,
    pub zipf: f64,
    pub zipf_source: String,
    pub kind: Vec<FileKind>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileKind {
    pub name: String,
    pub media: Media,
    pub share: f64,
    pub source: String,
    #[serde(default)]
    pub length_s: f64,
    #[serde(default)]
    pub length_spread: f64,
    #[serde(default)]
    pub codecs: Vec<Entry>,
    #[serde(default)]
    pub widths: Vec<Entry>,
    #[serde(default)]
    pub features: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    Video,
    Audio,
    Photo,
}

/// One value of a distribution: a raw number, a raw word, or a class that is said as such.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub value: Option<u32>,
    pub word: Option<String>,
    pub class: Option<String>,
    pub share: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    pub source: String,
    pub spread: f64,
    pub most_kbps: u32,
    pub by_width: Vec<Rate>,
    pub factors: Vec<Factor>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub value: u32,
    pub kbps: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    pub word: String,
    pub factor: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    pub word: String,
    pub share: f64,
    pub source: String,
    pub memory_mib: Vec<Entry>,
    /// Interface of its codec chip; empty without one.
    pub backend: String,
    /// How many of these boards have a chip that works.
    pub backend_share: f64,
    pub software_mps: f64,
    pub hardware_mps: f64,
    /// Shares of [`Storage::classes`].
    pub slots: Vec<f64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    pub metric: String,
    pub source: String,
    pub stays: f64,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    pub source: String,
    pub classes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub class: String,
    pub share: f64,
    pub source: String,
    pub direct: BTreeMap<String, f64>,
    pub remux: BTreeMap<String, f64>,
    pub tells_stalls: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playing {
    pub source: String,
    pub fails: f64,
    pub refuses_when_slow: f64,
    pub decoding: BTreeMap<String, f64>,
    pub doubled_at_kbps: f64,
    pub speed_spread: f64,
    pub slowed: f64,
    pub slowed_by: f64,
    pub unsupported: BTreeMap<String, f64>,
    pub failed_self_test: f64,
    pub failed_in_play: f64,
    pub first_remux_ms: f64,
    pub first_encoded_ms: f64,
    pub first_spread: f64,
    pub stalls_direct: [f64; 3],
    pub stalls_encoded: [f64; 3],
    pub stalls_slow: [f64; 3],
    pub stalls_values: [u32; 3],
    pub uses_feature: f64,
}

/// One made-up file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    pub media: Media,
    /// Name in the API; empty without a picture.
    pub codec: String,
    /// Longer side in pixels.
    pub width: u32,
    pub kbps: u32,
    pub length_s: u32,
    pub has_subtitles: bool,
    pub has_audio_tracks: bool,
}

impl Marginals {
    /// Reads the text of `tests/catalogue.toml`.
    ///
    /// # Errors
    /// Where it is not as declared above.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The files of one catalogue, the same for the same seed.
    pub fn files(&self, catalogue: &Catalogue) -> Vec<File> {
        let mut random = Seeded::new(catalogue.seed);
        (0..catalogue.files)
            .map(|_| {
                let shares = catalogue.kind.iter().map(|kind| kind.share);
                let kind = &catalogue.kind[random.pick(shares)];
                self.file(&mut random, kind)
            })
            .collect()
    }

    fn file(&self, random: &mut Seeded, kind: &FileKind) -> File {
        let length_s = random.around(kind.length_s, kind.length_spread);
        let mut file = File {
            media: kind.media,
            codec: String::new(),
            width: 0,
            kbps: 0,
            length_s: whole(length_s),
            has_subtitles: false,
            has_audio_tracks: false,
        };
        if kind.media == Media::Video {
            file.codec.clone_from(words(one_of(random, &kind.codecs)));
            file.width = one_of(random, &kind.widths).value.unwrap_or_default();
            let rates = &self.rates;
            let rate = rates.by_width.iter().find(|rate| rate.value == file.width);
            let rate = rate.map_or(0.0, |rate| rate.kbps);
            let factor = rates.factors.iter().find(|own| own.word == file.codec);
            let factor = factor.map_or(1.0, |own| own.factor);
            file.kbps = whole(random.around(rate * factor, rates.spread)).min(rates.most_kbps);
            let feature = one_of(random, &kind.features).class.as_deref();
            let feature = feature.unwrap_or_default();
            file.has_subtitles = feature.starts_with("subtitles");
            file.has_audio_tracks = feature.ends_with("audio_tracks");
        }
        file
    }
}

fn one_of<'a>(random: &mut Seeded, entries: &'a [Entry]) -> &'a Entry {
    &entries[random.pick(entries.iter().map(|entry| entry.share))]
}

fn words(entry: &Entry) -> &String {
    entry.word.as_ref().expect("a codec is a word")
}

fn whole(number: f64) -> u32 {
    number.round() as u32
}
