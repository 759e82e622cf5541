//! A path as the most forgiving backend may read it: percent-encoding, case, empty segments, path parameters,
//! backslashes and a slash at the end told apart from nothing.
//!
//! A path with `..` is not read at all: where it leads depends on what a backend drops, cuts and decodes before it, and
//! in which order. Browsers and URL libraries send none.

use percent_encoding::percent_decode_str;

/// How often a path may have been percent-encoded.
const MOST_DECODINGS: usize = 3;

/// The segments of `path`, read loosely. `None`: it has characters that no path should have, or hides what it is.
pub(super) fn segments(path: &str) -> Option<Vec<String>> {
    let decoded = decoded(path)?;
    // Decoded once more on the way, `?` and `#` end the path.
    if decoded.chars().any(|c| c.is_control() || c == '?' || c == '#') {
        return None;
    }
    let mut segments: Vec<String> = Vec::new();
    for segment in decoded.split(['/', '\\']) {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => return None,
            segment => segments.push(segment.to_lowercase()),
        }
    }
    Some(segments)
}

fn decoded(path: &str) -> Option<String> {
    let mut text = path.to_owned();
    for _ in 0..MOST_DECODINGS {
        let next = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if next == text {
            return Some(text);
        }
        text = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_is_read_alike() {
        for path in [
            "/a/b",
            "/a/b/",
            "//a///b",
            "/A/B",
            "/%61/b",
            "/%2561/b",
            "/a%2fb",
            "/a\\b",
            "/./a/./b",
            "/a;x=y/b;",
            "a/b",
        ] {
            assert_eq!(segments(path).unwrap(), ["a", "b"], "{path}");
        }
        assert_eq!(segments("/"), Some(Vec::new()));
        assert_eq!(segments("/caf%C3%89/100%25/%zz").unwrap(), ["café", "100%", "%zz"]);
        for path in [
            "/a%00",
            "/a\n",
            "/%252525252561",
            "/x/../a/b",
            "/../a/b",
            "/a//..",
            "/a/%2e%2e",
            "/a/;x/..",
            "/a%3Fb",
            "/a%253Fb",
            "/a%23b",
        ] {
            assert_eq!(segments(path), None, "{path}");
        }
    }
}
