//! Text that people are shown: one line, which reads as it is.

/// Whether `text` is one line of 1 to `most` characters that reads as it is: nothing in it turns text around or hides
/// it, and no space begins or ends it.
pub fn reads_as_it_is(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(is_unfit) && text.trim() == text
}

/// Controls, line breaks, format characters, and letters that show nothing.
fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_turns_around_or_breaks_the_line_is_refused() {
        for good in ["a", "Éloïse & fils", "日本", "a b"] {
            assert!(reads_as_it_is(good, 20), "{good:?}");
        }
        for bad in [
            "",
            " a",
            "a ",
            "a\nb",
            "a\u{202E}b",
            "a\u{200B}b",
            "\u{FEFF}",
            "a\0",
            "a\u{2028}b",
            "\u{3164}",
            "a\u{E0041}",
        ] {
            assert!(!reads_as_it_is(bad, 20), "{bad:?}");
        }
        assert!(reads_as_it_is(&"é".repeat(20), 20) && !reads_as_it_is(&"é".repeat(21), 20));
    }
}
