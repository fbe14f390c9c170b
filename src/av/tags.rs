//! libav's dictionaries as Rust strings.
//!
//! Never: trusting that a tag is text, short, or one of few.

use std::ffi::CStr;

use ffmpeg_next::ffi;

/// More tags than this are noise.
const MAX_TAGS: usize = 128;
/// A longer value (lyrics, scripts) is left out.
const MAX_VALUE_BYTES: usize = 4096;
const MAX_KEY_BYTES: usize = 64;

/// The entries of `dictionary` with lower-case keys, values trimmed and made printable.
///
/// # Safety
/// `dictionary` is null or a live dictionary of libav.
pub unsafe fn read(dictionary: *const ffi::AVDictionary) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    let mut entry = std::ptr::null();
    while tags.len() < MAX_TAGS {
        // SAFETY: the caller vouches for the dictionary; `entry` is null or came from it, and
        // both strings of an entry end in NUL.
        let (key, value) = unsafe {
            entry = ffi::av_dict_get(dictionary, c"".as_ptr(), entry, ffi::AV_DICT_IGNORE_SUFFIX);
            if entry.is_null() {
                break;
            }
            (CStr::from_ptr((*entry).key), CStr::from_ptr((*entry).value))
        };
        let (key, value) = (key.to_bytes(), value.to_bytes());
        if key.len() > MAX_KEY_BYTES || value.len() > MAX_VALUE_BYTES {
            continue;
        }
        let key = clean(key).to_lowercase();
        let value = clean(value);
        if !key.is_empty() && !value.is_empty() {
            tags.push((key, value));
        }
    }
    tags
}

/// Text from bytes of any kind: valid UTF-8, no control characters but line breaks, trimmed.
pub fn clean(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| !c.is_control() || *c == '\n')
        .collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_any_bytes_is_printable_and_trimmed() {
        for (bytes, want) in [
            (&b"  Title \0"[..], "Title"),
            (b"a\x07b\r\nc", "ab\nc"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
            (b"", ""),
        ] {
            assert_eq!(clean(bytes), want);
        }
    }
}
