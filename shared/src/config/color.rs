//! Colors and their contrast (WCAG 2.2 §1.4.3).

use std::{fmt, str::FromStr};

/// An sRGB color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a color is # and six hexadecimal digits")]
pub struct InvalidColor;

impl Color {
    pub const BLACK: Self = Self([0; 3]);
    pub const WHITE: Self = Self([255; 3]);
    /// The least contrast of legible text (WCAG 2.2 §1.4.3).
    pub const LEGIBLE: f64 = 4.5;
    /// The number of shades that [`Color::legible_on`] tries.
    const SHADES: u16 = 64;

    pub const fn rgb(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// Returns the contrast between two colors: 1 (none) to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Returns the nearest shade of this color that is legible on both `backgrounds`, which are both light or both dark.
    #[must_use]
    pub fn legible_on(self, backgrounds: [Self; 2]) -> Self {
        let [first, _] = backgrounds;
        let end = first.ink();
        let shades = (0..=Self::SHADES).map(|part| self.toward(end, part));
        let legible =
            |shade: &Self| backgrounds.iter().all(|ground| shade.contrast(*ground) >= Self::LEGIBLE);
        shades.into_iter().find(legible).unwrap_or(end)
    }

    /// Returns black or white: the one with the greater contrast to this color. It is always legible, because that
    /// contrast is 4.58 at least.
    #[must_use]
    pub fn ink(self) -> Self {
        if self.contrast(Self::BLACK) >= self.contrast(Self::WHITE) { Self::BLACK } else { Self::WHITE }
    }

    /// Returns the relative luminance (WCAG 2.2).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// Returns the color at `part` of 64 of the way to `end`.
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
    type Err = InvalidColor;

    fn from_str(text: &str) -> Result<Self, InvalidColor> {
        let mut parts = [0; 3];
        let digits = text.strip_prefix('#').ok_or(InvalidColor)?;
        hex::decode_to_slice(digits, &mut parts).map_err(|_| InvalidColor)?;
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
    fn contrast_is_as_wcag_defines_it() {
        let close = |one: f64, other: f64| (one - other).abs() < 0.01;
        assert!(close(Color::BLACK.contrast(Color::WHITE), 21.0));
        assert!(close(Color::WHITE.contrast(Color::WHITE), 1.0));
        assert!(close(Color::rgb(0x77, 0x77, 0x77).contrast(Color::WHITE), 4.48));
        assert!(close(Color::rgb(0x76, 0x76, 0x76).contrast(Color::WHITE), 4.54));
    }

    #[test]
    fn every_color_has_a_legible_shade_on_light_and_on_dark() {
        let (light, dark) =
            ([Color::WHITE, Color::rgb(0xf3, 0xf4, 0xf7)], [Color::rgb(0x1a, 0x1d, 0x24), Color::BLACK]);
        let steps = || (0..=255).step_by(15).map(|part| u8::try_from(part).unwrap());
        for (red, green, blue) in
            steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| (r, g, b))))
        {
            let color = Color::rgb(red, green, blue);
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
    fn a_legible_color_is_not_changed() {
        let navy: Color = "#1f3a8a".parse().unwrap();
        assert_eq!(navy.legible_on([Color::WHITE; 2]), navy);
        assert_eq!(navy.to_string(), "#1f3a8a");
    }

    #[test]
    fn a_color_is_six_digits() {
        assert_eq!("#FF0080".parse(), Ok(Color::rgb(255, 0, 128)));
        for bad in ["", "#", "#fff", "ff0080", "#ff00800", "#gg0000", "red", "#ff0080;", "#é0000"] {
            assert_eq!(bad.parse::<Color>(), Err(InvalidColor), "{bad}");
        }
    }
}
