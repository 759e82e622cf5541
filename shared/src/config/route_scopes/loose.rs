//! A path as the most lenient backend may read it: without regard to percent-encoding, case, empty segments, path
//! parameters, backslashes and a slash at the end.
//!
//! A path with `..` is refused: where it leads depends on what a backend removes and decodes before it, and in which
//! order. Browsers and URL libraries do not send such paths.

use percent_encoding::percent_decode_str;

/// Maximum number of decodings that are tried; a path must be stable before the last.
const MOST_DECODINGS: usize = 3;

/// Returns the segments of `path`, read loosely. `None`: the path has control characters, `..`, an encoded `?` or `#`,
/// or is encoded too many times.
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
