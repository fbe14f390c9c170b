//! The named places of a film.
//!
//! Never: chapters that run backwards.

use alcove::base::rational::{MILLISECONDS, Rational, rescale};
use alcove::media::info::Chapter;

use super::input::Input;
use super::tags;

/// More chapters than this are noise.
const MAX_CHAPTERS: usize = 1000;

/// The chapters that the container lists, in its order.
pub fn read(input: &Input) -> Vec<Chapter> {
    let context = input.as_ptr();
    // SAFETY: the context is live; libav keeps `nb_chapters` valid pointers in `chapters`, and a
    // chapter's metadata is null or a dictionary that lives as long.
    let raw: Vec<_> = unsafe {
        let count = ((*context).nb_chapters as usize).min(MAX_CHAPTERS);
        (0..count)
            .map(|index| {
                let chapter = *(*context).chapters.add(index);
                let base = Rational::new((*chapter).time_base.num, (*chapter).time_base.den);
                let tags = tags::read((*chapter).metadata);
                ((*chapter).start, (*chapter).end, base, tags)
            })
            .collect()
    };
    raw.into_iter()
        .filter_map(|(start, end, base, tags)| {
            let ms = |ticks| u64::try_from(rescale(ticks, base, MILLISECONDS)).ok();
            if !base.is_valid() || end <= start {
                return None;
            }
            Some(Chapter {
                start_ms: ms(start)?,
                end_ms: ms(end)?,
                title: tags
                    .into_iter()
                    .find(|(key, _)| key == "title")
                    .map(|(_, title)| title),
            })
        })
        .collect()
}
