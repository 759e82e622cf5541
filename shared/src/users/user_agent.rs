//! The browser and the operating system that a `User-Agent` header (RFC 9110 §10.1.5) names.
//!
//! They help a user to recognize a session. The browser chooses the header, so no decision depends on them.

use crate::dynamodb::stored;

/// The most bytes of a header that are searched.
const MOST_BYTES: usize = 512;

/// Marks of browsers, and their names. The first one of this list that is in the header counts: many browsers also claim
/// to be another.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Safari/", "Safari"),
];

/// Marks of operating systems, and their names. The first one of this list that is in the header counts.
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

stored! {
    /// The names of a browser and its operating system: attribute `ua` of a session.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct UserAgent {
        /// `None`: unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub browser: Option<String> = "b",
        /// `None`: unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub system: Option<String> = "s",
    }
}

impl UserAgent {
    /// Finds the names in the value of the header.
    pub fn of(header: &[u8]) -> Self {
        let header = String::from_utf8_lossy(header.get(..MOST_BYTES).unwrap_or(header));
        let find = |names: &[(&str, &str)]| {
            let found = names.iter().find(|(mark, _)| header.contains(mark));
            found.map(|(_, name)| (*name).to_owned())
        };
        Self { browser: find(&BROWSERS), system: find(&SYSTEMS) }
    }

    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_its_own_name_and_not_by_those_that_it_also_claims() {
        for (header, browser, system) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox", "Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge",
                "Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                "Chrome",
                "Android",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet",
                "Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari",
                "iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 OPR/120.0.0.0",
                "Opera",
                "macOS",
            ),
        ] {
            let found = UserAgent::of(header.as_bytes());
            assert_eq!((found.browser.as_deref(), found.system.as_deref()), (Some(browser), Some(system)));
        }
    }

    #[test]
    fn any_other_header_names_nothing() {
        let far = format!("{}Firefox/140.0", "x".repeat(MOST_BYTES));
        for header in [b"".as_slice(), b"curl/8.5.0", b"\xFF\xFE<script>", far.as_bytes()] {
            assert!(UserAgent::of(header).is_unknown(), "{header:?}");
        }
    }
}
