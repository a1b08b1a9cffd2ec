//! Bare numbers: `NaN` and `Infinity`, which many programs write among JSON and no JSON has.
//!
//! # Why
//! One of them makes the whole message unreadable as JSON, though it says "no value" of a single one. So a message
//! that is no JSON is looked through for them, and each is replaced by a text of its own length that no sender writes:
//! then the message can be read, and only the parts that hold the text are rejected. What is JSON never comes here.

/// What stands for a bare number: a text of DEL characters, which JSON allows and nobody sends.
const STAND_IN: char = '\u{7f}';
/// Such words in small letters, as Python, C and C++ of several makers print them.
const WORDS: [&str; 8] = ["nan", "inf", "infinity", "nan(ind)", "nan(snan)", "1.#qnan", "1.#ind", "1.#inf"];

/// The text with a stand-in for each bare `NaN` or `Infinity`, signed or not, in any letters; `None` where it has none.
pub(super) fn mend(text: &str) -> Option<String> {
    let mut mended = String::new();
    let mut done = 0;
    let (mut in_text, mut escaped, mut value_begins) = (false, false, true);
    let mut bytes = text.bytes().enumerate();
    while let Some((place, byte)) = bytes.next() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => (in_text, value_begins) = (!in_text, false),
            _ if in_text => {}
            b'[' | b',' | b':' => value_begins = true,
            b' ' | b'\n' | b'\r' | b'\t' => {}
            _ if value_begins => {
                value_begins = false;
                let Some(word) = text.get(place..).map(word_at) else { continue };
                if is_bare(word) {
                    mended.push_str(text.get(done..place).unwrap_or_default());
                    mended.push('"');
                    mended.extend(std::iter::repeat_n(STAND_IN, word.len().saturating_sub(2)));
                    mended.push('"');
                    done = place + word.len();
                    // The word holds no sign that means anything here.
                    bytes.by_ref().take(word.len() - 1).for_each(drop);
                }
            }
            _ => {}
        }
    }
    (done > 0).then(|| mended + text.get(done..).unwrap_or_default())
}

/// True where a part of a mended text holds a stand-in.
pub(super) fn is_mended(part: &str) -> bool {
    part.contains("\"\u{7f}")
}

/// Up to where a number would end.
fn word_at(text: &str) -> &str {
    let end = text.find([',', ']', '}', ' ', '\n', '\r', '\t', '"', '[', '{', ':']).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn is_bare(word: &str) -> bool {
    let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word);
    WORDS.iter().any(|known| unsigned.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_bare_word_becomes_a_text_of_its_length_and_nothing_else_changes() {
        for word in
            ["nan", "NaN", "NAN", "-nan", "inf", "-inf", "Infinity", "-Infinity", "+Inf", "-nan(ind)", "1.#QNAN"]
        {
            for (before, after) in [("[1, ", ", 2]"), ("{\"nan\":", "}"), ("[\"\\\"NaN\", \n", "\n]"), ("[", "]")] {
                let text = format!("{before}{word}{after}");
                let mended = mend(&text).unwrap();
                assert_eq!(
                    (mended.len(), mended.starts_with(before), mended.ends_with(after)),
                    (text.len(), true, true)
                );
                assert!(is_mended(&mended) && serde_json::from_str::<serde_json::Value>(&mended).is_ok(), "{mended:?}");
            }
        }
    }

    #[test]
    fn a_word_in_a_text_or_within_another_word_is_left_alone() {
        for text in
            [r#"["NaN", "a\"inf,nan"]"#, "[nano, infinite, 1nan]", r#"{"nan": 1}"#, "[1, 2 nan]", "", "nan\u{e9}"]
        {
            assert_eq!(mend(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_lengths_stay(text in "[\\[\\]{},:\" \\\\naifNIé.#-]{0,40}") {
            if let Some(mended) = mend(&text) {
                prop_assert_eq!(mended.len(), text.len());
                prop_assert!(is_mended(&mended));
            }
        }
    }
}
