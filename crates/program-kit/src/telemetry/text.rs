//! The longest text of a span or a log line that a caller chooses.

/// The number of characters that are kept of a text.
pub(crate) const MAX_TEXT: usize = 256;

/// Returns the first characters of a text.
pub(crate) fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_TEXT).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters() {
        let kept = "ö".repeat(MAX_TEXT);
        assert_eq!(cut(&kept), kept);
        assert_eq!(cut(&format!("{kept}ö")), kept);
        assert_eq!(cut(""), "");
    }
}
