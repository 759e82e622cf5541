//! What a deployment's pages look like.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Invalid, Variables};
use crate::{color::Color, line};

/// Whose pages people are on.
#[derive(Clone, Debug)]
pub struct Brand {
    /// `JETON_BRAND_NAME`, else `Jeton`: what the deployment is called. One line of at most 60 characters.
    pub name: String,
    /// `JETON_BRAND_COLOR`, `#rrggbb`: the colour of buttons and links. Each page uses the nearest shade of it that can
    /// be read.
    pub color: Color,
    /// `JETON_BRAND_LOGO`: an image to be shown instead of the name, as a `data:` URL, so that nothing is loaded from
    /// anywhere.
    pub logo: Option<Logo>,
}

/// A small image: PNG, SVG or WebP, within the page itself (RFC 2397).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo(String);

/// Text that is no logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("data:image/png;base64,… (or svg+xml, or webp) of at most 1,536 bytes in all")]
pub struct NotALogo;

impl Logo {
    /// The most bytes in a logo: all of a function's variables together may have 4,096.
    pub const MOST_BYTES: usize = 1_536;

    /// The `data:` URL: letters, digits and a few signs that mean nothing in HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Logo {
    type Err = NotALogo;

    fn from_str(text: &str) -> Result<Self, NotALogo> {
        let (kind, bytes) = text.split_once(";base64,").ok_or(NotALogo)?;
        let known = ["data:image/png", "data:image/svg+xml", "data:image/webp"].contains(&kind);
        let image = STANDARD.decode(bytes).is_ok_and(|bytes| !bytes.is_empty());
        if known && image && text.len() <= Self::MOST_BYTES {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotALogo)
        }
    }
}

impl Brand {
    /// The most characters in a name.
    const MOST_CHARACTERS: usize = 60;
    /// Jeton's own colour.
    const COLOR: Color = Color::of(0x3b, 0x4f, 0xc4);

    pub(super) fn read(variables: &Variables<impl Fn(&str) -> Option<String>>) -> Result<Self, Invalid> {
        let fits = |name: &String| line::reads_as_it_is(name, Self::MOST_CHARACTERS);
        let name = variables.such_that("JETON_BRAND_NAME", "one line of 1 to 60 characters", fits)?;
        Ok(Self {
            name: name.unwrap_or_else(|| "Jeton".to_owned()),
            color: variables.parsed("JETON_BRAND_COLOR", crate::color::NotAColor)?.unwrap_or(Self::COLOR),
            logo: variables.parsed("JETON_BRAND_LOGO", NotALogo)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_a_small_image_within_the_page() {
        let logo = |text: &str| text.parse::<Logo>();
        assert!(logo("data:image/svg+xml;base64,PHN2Zy8+").is_ok());
        for bad in [
            "",
            "https://example.com/logo.png",
            "data:image/gif;base64,PHN2Zy8+",
            "data:text/html;base64,PHN2Zy8+",
            "data:image/png,abc",
            "data:image/png;base64,",
            "data:image/png;base64,\"onerror=",
            "data:image/png;base64,PHN2Zy8",
            &format!("data:image/png;base64,{}", "A".repeat(1_536)),
        ] {
            assert_eq!(logo(bad), Err(NotALogo), "{bad}");
        }
    }
}
