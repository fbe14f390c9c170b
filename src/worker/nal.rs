//! H.264 and HEVC packets as MP4 wants them: a length before each unit instead of a start code.
//!
//! Never: reading what is inside a unit.

/// True when `extradata` is parameter sets behind start codes, so that packets come with start
/// codes as well; MP4's own form starts with its version, 1.
pub fn has_start_codes(extradata: &[u8]) -> bool {
    extradata.starts_with(&[0, 0, 1]) || extradata.starts_with(&[0, 0, 0, 1])
}

/// The units of `data` (ITU-T H.264, annex B), each behind its length as a big-endian 32-bit number.
pub fn length_prefixed(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 16);
    let mut rest = after_start_code(data);
    while let Some(unit) = rest {
        let (end, next) = match find_start_code(unit) {
            Some(at) => (at, Some(&unit[at + 3..])),
            None => (unit.len(), None),
        };
        // Zeros before the next start code belong to nobody.
        let trimmed = unit[..end].iter().rposition(|&byte| byte != 0);
        if let Some(last) = trimmed {
            let length = u32::try_from(last + 1).unwrap_or(u32::MAX);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(&unit[..=last]);
        }
        rest = next;
    }
    out
}

fn after_start_code(data: &[u8]) -> Option<&[u8]> {
    find_start_code(data).map(|at| &data[at + 3..])
}

fn find_start_code(data: &[u8]) -> Option<usize> {
    data.windows(3).position(|window| window == [0, 0, 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_codes_become_lengths() {
        for (data, want) in [
            (&[0, 0, 1, 9, 8][..], &[0, 0, 0, 2, 9, 8][..]),
            (
                &[0, 0, 0, 1, 7, 0, 0, 0, 1, 8, 5],
                &[0, 0, 0, 1, 7, 0, 0, 0, 2, 8, 5],
            ),
            (
                &[0, 0, 1, 7, 0, 0, 1, 0, 0, 1, 6, 0, 0],
                &[0, 0, 0, 1, 7, 0, 0, 0, 1, 6],
            ),
            (&[1, 2, 3], &[]),
            (&[], &[]),
        ] {
            assert_eq!(length_prefixed(data), want, "{data:?}");
        }
    }

    #[test]
    fn only_start_codes_at_the_front_count() {
        assert!(has_start_codes(&[0, 0, 0, 1, 0x67]));
        assert!(has_start_codes(&[0, 0, 1, 0x67]));
        assert!(!has_start_codes(&[1, 0x64, 0, 0x28]));
        assert!(!has_start_codes(&[]));
    }
}
