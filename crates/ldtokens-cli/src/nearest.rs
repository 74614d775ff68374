//! Suggestions for misspelled words.

/// The minimum similarity, between 0 and 1. `readr` is similar to `reader`, `red` is not.
const MIN_SIMILARITY: f64 = 0.8;

/// The one of `known` that is most similar to `word`, if any is similar.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // So that `id` is similar to `_id`.
    let folded = |word: &str| word.to_lowercase().replace(['_', '-'], "");
    let word = folded(word);
    let score = |known: &str| strsim::jaro_winkler(&word, &folded(known));
    let scored = known.into_iter().map(|known| (score(known), known)).filter(|(score, _)| *score >= MIN_SIMILARITY);
    scored.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, known)| known)
}

/// The suggestion as the end of an error message, or an empty text.
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
