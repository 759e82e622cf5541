//! The branding of a deployment's pages.

use std::str::FromStr;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{InvalidVariable, Variables};
use crate::config::{Color, InvalidColor, display_name};

#[derive(Clone, Debug)]
pub struct Brand {
    /// `JETON_BRAND_NAME`, else `Jeton`: the deployment's name, one line of at most 60 characters.
    pub name: String,
    /// `JETON_BRAND_COLOR`, `#rrggbb`: the color of buttons and links. Pages use its nearest legible shade.
    pub color: Color,
    /// `JETON_BRAND_LOGO`: an image that replaces the name, as a `data:` URL, so that pages load nothing from
    /// other servers.
    pub logo: Option<Logo>,
}

/// A small PNG, SVG or WebP image, as a `data:` URL (RFC 2397).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("data:image/png;base64,… (or svg+xml, or webp) of at most 1,536 bytes in all")]
pub struct InvalidLogo;

impl Logo {
    /// The most bytes in a logo. All variables of a Lambda function together may have 4,096.
    pub const MOST_BYTES: usize = 1_536;

    /// Returns the `data:` URL. It has no characters that HTML must escape.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Logo {
    type Err = InvalidLogo;

    fn from_str(text: &str) -> Result<Self, InvalidLogo> {
        let (kind, bytes) = text.split_once(";base64,").ok_or(InvalidLogo)?;
        let known = ["data:image/png", "data:image/svg+xml", "data:image/webp"].contains(&kind);
        let image = STANDARD.decode(bytes).is_ok_and(|bytes| !bytes.is_empty());
        if known && image && text.len() <= Self::MOST_BYTES {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidLogo)
        }
    }
}

impl Brand {
    /// The most characters in a name.
    const MOST_CHARACTERS: usize = 60;
    /// Jeton's own color.
    const COLOR: Color = Color::rgb(0x3b, 0x4f, 0xc4);

    pub(super) fn read(
        variables: &Variables<impl Fn(&str) -> Option<String>>,
    ) -> Result<Self, InvalidVariable> {
        let is_valid = |name: &String| display_name::is_plain_line(name, Self::MOST_CHARACTERS);
        let name = variables.parsed_if("JETON_BRAND_NAME", "one line of 1 to 60 characters", is_valid)?;
        Ok(Self {
            name: name.unwrap_or_else(|| "Jeton".to_owned()),
            color: variables.parsed("JETON_BRAND_COLOR", InvalidColor)?.unwrap_or(Self::COLOR),
            logo: variables.parsed("JETON_BRAND_LOGO", InvalidLogo)?,
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
            assert_eq!(logo(bad), Err(InvalidLogo), "{bad}");
        }
    }
}
