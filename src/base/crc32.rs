//! The checksum of Ethernet, ZIP, GPT and U-Boot's environment (CRC-32/ISO-HDLC).
//!
//! Never: speed; what it is used for are blocks of a few KiB.

const POLYNOMIAL: u32 = 0xedb8_8320;

/// The checksum of `bytes`.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (POLYNOMIAL & 0u32.wrapping_sub(crc & 1))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_check_values_of_the_catalogue() {
        for (bytes, expected) in [
            (&b"123456789"[..], 0xcbf4_3926),
            (b"", 0),
            (&[0; 32], 0x190a_55ad),
            (&[0xff; 32], 0xff6c_ab0b),
        ] {
            assert_eq!(crc32(bytes), expected, "{bytes:?}");
        }
    }
}
