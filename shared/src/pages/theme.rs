//! The theme of a deployment's pages: brand, style sheet, and the content security policy that allows it.

use base64::{Engine, engine::general_purpose::STANDARD};
use lambda_http::http::HeaderValue;
use sha2::{Digest as _, Sha256};

use crate::config::{Brand, Color, Logo};

/// The style sheet of all pages, without the brand's colors.
const STYLE: &str = include_str!("../../templates/style.css");
/// The only script, on the page of `response_mode=form_post`: it submits the page's form.
pub(super) const SUBMIT: &str = "document.forms[0].submit()";

/// The style sheet's `--paper` and `--ground`, the two backgrounds of text, in the light color scheme.
const LIGHT: [Color; 2] = [Color::WHITE, Color::rgb(0xf4, 0xf5, 0xf8)];
/// The same in the dark color scheme.
const DARK: [Color; 2] = [Color::rgb(0x1b, 0x1e, 0x26), Color::rgb(0x10, 0x12, 0x18)];

/// The theme of a deployment's pages. Made once, at start.
#[derive(Debug)]
pub struct Theme {
    /// The name of the deployment.
    pub(super) name: String,
    /// The first character of the name.
    pub(super) initial: String,
    /// The image in place of the name.
    pub(super) logo: Option<Logo>,
    pub(super) style: String,
    /// The content security policy of a page without a script.
    pub(super) policy: HeaderValue,
    /// The content security policy of the page whose only script is [`SUBMIT`].
    pub(super) policy_with_submit: HeaderValue,
}

impl Theme {
    pub fn new(brand: &Brand) -> Self {
        let style = format!("{STYLE}{}", colors(brand.color));
        let images = if brand.logo.is_some() { "; img-src data:" } else { "" };
        // No `form-action`: browsers apply it to every redirect after a form, even to redirects of the client itself.
        let policy = |script: &str| {
            let style = digest(&style);
            let policy = format!(
                "default-src 'none'; style-src '{style}'{images}{script}; base-uri 'none'; frame-ancestors 'none'"
            );
            // Digests and fixed words are a valid header value; the fallback allows nothing.
            HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
        };
        Self {
            name: brand.name.clone(),
            initial: brand.name.chars().take(1).collect(),
            logo: brand.logo.clone(),
            policy: policy(""),
            policy_with_submit: policy(&format!("; script-src '{}'", digest(SUBMIT))),
            style,
        }
    }
}

/// Returns the rules for the brand's color, in shades that are legible in the light and the dark color scheme.
fn colors(brand: Color) -> String {
    let rule = |grounds| {
        let mark = brand.legible_on(grounds);
        format!(":root {{ --mark: {mark}; --on-mark: {}; }}", mark.ink())
    };
    format!("{}\n@media (prefers-color-scheme: dark) {{ {} }}\n", rule(LIGHT), rule(DARK))
}

fn digest(source: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_has_the_backgrounds_that_colors_are_made_for() {
        let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
        for (scheme, [paper, ground]) in [(light, LIGHT), (dark, DARK)] {
            assert!(scheme.contains(&format!("--paper: {paper}; --ground: {ground};")), "{paper} {ground}");
        }
    }

    #[test]
    fn the_policy_allows_the_style_of_every_brand_and_images_only_for_a_logo() {
        let brand = |color: &str, logo: Option<&str>| Brand {
            name: "É".to_owned(),
            color: color.parse().unwrap(),
            logo: logo.map(|logo| logo.parse().unwrap()),
        };
        for color in ["#000000", "#ffffff", "#ff0080", "#123456"] {
            let theme = Theme::new(&brand(color, None));
            let policy = theme.policy.to_str().unwrap();
            assert!(policy.contains(&digest(&theme.style)) && !policy.contains("img-src"), "{policy}");
            assert!(!policy.contains("script-src"), "{policy}");
        }
        let theme = Theme::new(&brand("#000000", Some("data:image/png;base64,AAAA")));
        let policy = theme.policy_with_submit.to_str().unwrap();
        assert!(policy.contains("; img-src data:; script-src 'sha256-"), "{policy}");
    }
}
