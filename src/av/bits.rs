//! Reads the bit fields of codec headers.
//!
//! Never: past the end; a field that is not there is `None`.

/// A cursor over bits, most significant first.
pub struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// The next `count` (at most 32) bits as a number.
    pub fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0u64;
        for _ in 0..count {
            let byte = *self.bytes.get(self.position / 8)?;
            let bit = byte >> (7 - self.position % 8) & 1;
            value = value << 1 | u64::from(bit);
            self.position += 1;
        }
        u32::try_from(value).ok()
    }

    pub fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    pub fn skip(&mut self, count: usize) -> Option<()> {
        self.position += count;
        (self.position <= self.bytes.len() * 8).then_some(())
    }

    /// An unsigned Exp-Golomb number (ITU-T H.264, 9.1).
    pub fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.take(zeros)?;
        u32::try_from((1u64 << zeros) - 1 + u64::from(rest)).ok()
    }

    /// A signed Exp-Golomb number (ITU-T H.264, 9.1.1).
    pub fn se(&mut self) -> Option<i64> {
        let code = i64::from(self.ue()?);
        Some(if code % 2 == 1 {
            (code + 1) / 2
        } else {
            -code / 2
        })
    }
}

/// A NAL unit's payload without emulation prevention bytes (ITU-T H.264, 7.4.1).
pub fn unescape(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// The NAL units of an Annex B byte stream, without start codes; none is empty.
pub fn annex_b(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= stream.len() {
        if stream[at..at + 3] == [0, 0, 1] {
            starts.push(at);
            at += 3;
        } else {
            at += 1;
        }
    }
    let ends: Vec<usize> = starts
        .iter()
        .copied()
        .skip(1)
        .chain([stream.len()])
        .collect();
    starts.into_iter().zip(ends).filter_map(|(start, end)| {
        let nal = &stream[start + 3..end];
        let zeros = nal.iter().rev().take_while(|&&byte| byte == 0).count();
        let nal = &nal[..nal.len() - zeros];
        (!nal.is_empty()).then_some(nal)
    })
}

/// The NAL units of a packet whose units carry a length of `length_bytes` each.
pub fn length_prefixed(mut packet: &[u8], length_bytes: usize) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (header, rest) = packet.split_at_checked(length_bytes)?;
        let length = header
            .iter()
            .fold(0usize, |sum, &byte| sum << 8 | usize::from(byte));
        let (nal, rest) = rest.split_at(length.min(rest.len()));
        packet = rest;
        (!nal.is_empty()).then_some(nal)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exp_golomb_numbers_follow_the_standards_table() {
        // 1, 010, 011, 00100 = 0, 1, 2, 3
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0000]);
        assert_eq!([(); 4].map(|()| bits.ue()), [0, 1, 2, 3].map(Some));
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0000]);
        assert_eq!([(); 4].map(|()| bits.se()), [0, 1, -1, 2].map(Some));
    }

    #[test]
    fn units_are_found_with_short_and_long_start_codes() {
        let stream = [0, 0, 0, 1, 9, 8, 0, 0, 1, 7, 0, 0, 0, 1, 6];
        let units: Vec<&[u8]> = annex_b(&stream).collect();
        assert_eq!(units, [&[9, 8][..], &[7], &[6]]);
        assert_eq!(unescape(&[1, 0, 0, 3, 1, 0, 0, 3]), [1, 0, 0, 1, 0, 0]);
        let units: Vec<&[u8]> = length_prefixed(&[0, 2, 5, 6, 0, 9, 1], 2).collect();
        assert_eq!(units, [&[5, 6][..], &[1]]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), length in 1usize..5) {
            let mut bits = Bits::new(&bytes);
            while bits.ue().is_some() && bits.se().is_some() && bits.take(32).is_some() {}
            let all = annex_b(&bytes).map(<[u8]>::len).sum::<usize>();
            prop_assert!(all <= bytes.len());
            let all = length_prefixed(&bytes, length).map(<[u8]>::len).sum::<usize>();
            prop_assert!(all <= bytes.len());
        }
    }
}
