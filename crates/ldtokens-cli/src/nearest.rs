//! The right word for one that was mistyped.

/// How alike two words have to be, of 1: `readr` and `reader` are, `red` and `reader` are not.
const ALIKE: f64 = 0.8;

/// The one of `known` that is most like `word`, if one is.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // `id` is near to `_id`.
    let folded = |word: &str| word.to_lowercase().replace(['_', '-'], "");
    let word = folded(word);
    let score = |known: &str| strsim::jaro_winkler(&word, &folded(known));
    let scored = known.into_iter().map(|known| (score(known), known)).filter(|(score, _)| *score >= ALIKE);
    scored.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, known)| known)
}

/// The same as a question, to be put behind an error; empty if there is none.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |known| format!("; did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_is_near_and_another_word_is_not() {
        let known = ["reader", "writer", "admin"];
        for (word, right) in [
            ("readr", Some("reader")),
            ("Reader", Some("reader")),
            ("admn", Some("admin")),
            ("banana", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), right, "{word}");
        }
    }
}
