//! What is cut or left out of what a reporting channel sends (product rule 3): the money is there, so that it is no
//! reason to refuse. Each cut is said in words, for the exception that it leaves.

use super::text::{cut, has_control, quoted, replace_controls};

/// Characters of what was sent that the words show.
const SHOWN_LEN_MAX: usize = 64;

/// The cuts made in one input, in words.
#[derive(Debug, Default)]
pub struct Trims(Vec<String>);

impl Trims {
    /// Says that something was cut.
    pub fn say(&mut self, sentence: String) {
        self.0.push(sentence);
    }

    /// Free text of at most `len_max` characters: control characters become spaces, and what is too long is cut.
    pub fn free_text(&mut self, field: &str, text: String, len_max: usize) -> String {
        let text = if has_control(&text) {
            self.say(format!("Control characters in {field} became spaces."));
            replace_controls(&text, ' ')
        } else {
            text
        };
        let kept = cut(&text, len_max);
        if kept.len() < text.len() {
            self.say(format!("What {field} had beyond {len_max} characters was cut."));
        }
        kept.to_owned()
    }

    /// All cuts in words; `None` where there was none.
    pub fn into_words(self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.join(" "))
    }
}

/// What was sent, as words show it.
pub fn shown(text: &str) -> String {
    quoted(&replace_controls(cut(text, SHOWN_LEN_MAX), char::REPLACEMENT_CHARACTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_is_cut_by_characters_and_keeps_what_fits() {
        let cases = [
            ("abc", "abc", None),
            ("", "", None),
            ("户号一二", "户号一", Some("What note had beyond 3 characters was cut.")),
            ("a\nb", "a b", Some("Control characters in note became spaces.")),
            (
                "\0bcd",
                " bc",
                Some("Control characters in note became spaces. What note had beyond 3 characters was cut."),
            ),
        ];
        for (sent, kept, words) in cases {
            let mut trims = Trims::default();
            assert_eq!(trims.free_text("note", sent.to_owned(), 3), kept, "{sent:?}");
            assert_eq!(trims.into_words().as_deref(), words, "{sent:?}");
        }
    }
}
