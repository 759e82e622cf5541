//! Colours, and whether they can be told apart (WCAG 2.2 §1.4.3).

use std::{fmt, str::FromStr};

/// A colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

/// Text that is no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a colour is # and six hexadecimal digits")]
pub struct NotAColor;

impl Color {
    /// Black.
    pub const BLACK: Self = Self([0; 3]);
    /// White.
    pub const WHITE: Self = Self([255; 3]);
    /// The contrast that text needs (WCAG 2.2 §1.4.3).
    pub const LEGIBLE: f64 = 4.5;
    /// How many shades [`Color::legible_on`] tries.
    const SHADES: u16 = 64;

    /// The colour of these parts of red, green and blue.
    pub const fn of(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// The contrast between two colours: 1 (none) to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// The nearest shade of this colour that can be read on all of `backgrounds`, which are all light or all dark.
    #[must_use]
    pub fn legible_on(self, backgrounds: [Self; 2]) -> Self {
        let [first, _] = backgrounds;
        let end = first.ink();
        let shades = (0..=Self::SHADES).map(|part| self.toward(end, part));
        let legible =
            |shade: &Self| backgrounds.iter().all(|ground| shade.contrast(*ground) >= Self::LEGIBLE);
        shades.into_iter().find(legible).unwrap_or(end)
    }

    /// Black or white, whichever reads better on this colour. It is always legible: for the colour that is worst for
    /// both, the contrast is 4.58.
    #[must_use]
    pub fn ink(self) -> Self {
        if self.contrast(Self::BLACK) >= self.contrast(Self::WHITE) { Self::BLACK } else { Self::WHITE }
    }

    /// The relative luminance of WCAG 2.2.
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// `part` of 64 of the way to `end`.
    fn toward(self, end: Self, part: u16) -> Self {
        let mut mixed = self.0;
        for (from, to) in mixed.iter_mut().zip(end.0) {
            let sum = u16::from(*from) * (Self::SHADES - part) + u16::from(to) * part;
            *from = u8::try_from(sum / Self::SHADES).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }
}

impl FromStr for Color {
    type Err = NotAColor;

    fn from_str(text: &str) -> Result<Self, NotAColor> {
        let mut parts = [0; 3];
        let digits = text.strip_prefix('#').ok_or(NotAColor)?;
        hex::decode_to_slice(digits, &mut parts).map_err(|_| NotAColor)?;
        Ok(Self(parts))
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_what_wcag_says() {
        let close = |one: f64, other: f64| (one - other).abs() < 0.01;
        assert!(close(Color::BLACK.contrast(Color::WHITE), 21.0));
        assert!(close(Color::WHITE.contrast(Color::WHITE), 1.0));
        assert!(close(Color::of(0x77, 0x77, 0x77).contrast(Color::WHITE), 4.48));
        assert!(close(Color::of(0x76, 0x76, 0x76).contrast(Color::WHITE), 4.54));
    }

    #[test]
    fn every_colour_has_a_shade_that_reads_on_light_and_one_that_reads_on_dark() {
        let (light, dark) =
            ([Color::WHITE, Color::of(0xf3, 0xf4, 0xf7)], [Color::of(0x1a, 0x1d, 0x24), Color::BLACK]);
        let steps = || (0..=255).step_by(15).map(|part| u8::try_from(part).unwrap());
        for (red, green, blue) in
            steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| (r, g, b))))
        {
            let color = Color::of(red, green, blue);
            assert!(color.contrast(color.ink()) >= Color::LEGIBLE, "{color}");
            for grounds in [light, dark] {
                let shade = color.legible_on(grounds);
                assert!(
                    grounds.iter().all(|ground| shade.contrast(*ground) >= Color::LEGIBLE),
                    "{color} {shade}"
                );
                assert!(shade.contrast(shade.ink()) >= Color::LEGIBLE, "{color} {shade}");
            }
        }
    }

    #[test]
    fn a_colour_that_reads_already_stays_as_it_is() {
        let navy: Color = "#1f3a8a".parse().unwrap();
        assert_eq!(navy.legible_on([Color::WHITE; 2]), navy);
        assert_eq!(navy.to_string(), "#1f3a8a");
    }

    #[test]
    fn a_colour_is_six_digits() {
        assert_eq!("#FF0080".parse(), Ok(Color::of(255, 0, 128)));
        for bad in ["", "#", "#fff", "ff0080", "#ff00800", "#gg0000", "red", "#ff0080;", "#é0000"] {
            assert_eq!(bad.parse::<Color>(), Err(NotAColor), "{bad}");
        }
    }
}
