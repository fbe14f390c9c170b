//! From a raw value to the class that it falls into, by tables of bounds or of words.
//!
//! Never: a table of its own.

/// The class of the first bound that lies above `value`, else `rest`. Bounds ascend.
pub fn class_below<V: PartialOrd + Copy, C: Copy>(value: V, below: &[(V, C)], rest: C) -> C {
    let found = below.iter().find(|(bound, _)| value < *bound);
    found.map_or(rest, |(_, class)| *class)
}

/// The class that `word` is folded into, else `rest`.
pub fn class_of_word<C: Copy>(word: &str, folds: &[(&str, C)], rest: C) -> C {
    let found = folds.iter().find(|(listed, _)| *listed == word);
    found.map_or(rest, |(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_the_class_above_it() {
        let check = |value, expected| {
            assert_eq!(
                class_below(value, &[(10, 'a'), (20, 'b')], 'c'),
                expected,
                "{value}"
            );
        };
        check(0, 'a');
        check(9, 'a');
        check(10, 'b');
        check(19, 'b');
        check(20, 'c');
        check(u32::MAX, 'c');
    }

    #[test]
    fn a_word_that_is_not_listed_is_of_the_rest() {
        let folds = [("h264", 1), ("avc", 1), ("hevc", 2)];
        assert_eq!(class_of_word("avc", &folds, 3), 1);
        assert_eq!(class_of_word("hevc", &folds, 3), 2);
        assert_eq!(class_of_word("av1", &folds, 3), 3);
    }
}
