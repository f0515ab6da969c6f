//! What bytes of a file mean: UTF-8, or GBK as older billing systems write it.

use std::borrow::Cow;

use clap::ValueEnum;
use encoding_rs::{GB18030, GBK};

/// The byte order mark of UTF-8.
pub(super) const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// An encoding that a file may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Encoding {
    /// UTF-8, with or without a byte order mark
    #[value(name = "utf-8", alias = "utf8")]
    Utf8,
    /// GBK, and GB 18030, which contains it
    #[value(name = "gbk", alias = "gb18030")]
    Gbk,
}

impl Encoding {
    /// Judges by the lines that aren't plain ASCII: the file is GBK where most of them can't be
    /// UTF-8, so that one broken line doesn't turn every name of a UTF-8 file into nonsense; lines that may be either
    /// don't count. `None` where there is no such line. The last line of `block` may be cut short.
    pub(super) fn judge(first_line: &[u8], block: &[u8], line_end: u8) -> Option<Self> {
        let whole = block.iter().rposition(|byte| *byte == line_end).map_or(0, |end| end + 1);
        let lines = block[..whole].split(|byte| *byte == line_end).chain([first_line]);
        let (mut utf8, mut either, mut other) = (0_u32, 0_u32, 0_u32);
        for line in lines.filter(|line| !line.is_ascii()) {
            match std::str::from_utf8(line) {
                Ok(text) if may_be_gbk(text) => either += 1,
                Ok(_) => utf8 += 1,
                Err(_) => other += 1,
            }
        }
        (utf8 + either + other > 0).then_some(if utf8 >= other { Self::Utf8 } else { Self::Gbk })
    }

    /// The text, or `None` where the bytes are none in this encoding.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Gbk => GBK.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }

    /// The bytes of a text.
    pub(super) fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => Cow::Borrowed(text.as_bytes()),
            Self::Gbk => GB18030.encode(text).0,
        }
    }
}

/// Whether a text that isn't plain ASCII, read as UTF-8, may have been GBK: it would be Chinese, and is letters of the
/// Latin, Greek, Cyrillic or another alphabet.
pub(super) fn may_be_gbk(text: &str) -> bool {
    let is_chinese =
        |c: char| matches!(c, '\u{3000}'..='\u{303f}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    let is_cjk = |c: char| c >= '\u{2e80}';
    if text.chars().any(is_cjk) {
        return false;
    }
    let gbk = Encoding::Gbk.decode(text.as_bytes());
    gbk.is_some_and(|gbk| gbk.chars().all(|c| c.is_ascii() || is_chinese(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_what_most_lines_say() {
        let gbk = GBK.encode("1,张三\n2,李四\n").0.into_owned();
        // GBK that is UTF-8 too.
        let lucky = GBK.encode("3,摹\n").0.into_owned();
        assert!(std::str::from_utf8(&lucky).is_ok_and(may_be_gbk));
        let broken = [b"1,\xff\n", "2,张三\n3,李四\n".as_bytes()].concat();
        let one = GBK.encode("1,张三\n").0.into_owned();
        let cases: [(&[u8], Option<Encoding>); 8] = [
            (b"1,a\n2,b\n", None),
            ("1,张三\n2,李".as_bytes(), Some(Encoding::Utf8)),
            (&gbk, Some(Encoding::Gbk)),
            (&[lucky.clone(), gbk.clone()].concat(), Some(Encoding::Gbk)),
            (&[lucky.clone(), lucky.clone(), one].concat(), Some(Encoding::Gbk)),
            (&[lucky.clone(), "1,张三\n".as_bytes().to_vec()].concat(), Some(Encoding::Utf8)),
            (&lucky, Some(Encoding::Utf8)),
            (&broken, Some(Encoding::Utf8)),
        ];
        for (block, expected) in cases {
            assert_eq!(Encoding::judge(b"", block, b'\n'), expected, "{block:?}");
            let block: Vec<u8> =
                block.iter().map(|byte| if *byte == b'\n' { b'\r' } else { *byte }).collect();
            assert_eq!(Encoding::judge(b"", &block, b'\r'), expected, "{block:?}");
        }
    }

    #[test]
    fn what_is_written_reads_the_same_again() {
        for text in ["张三,é😀\u{fffd}\n", "plain"] {
            for encoding in [Encoding::Utf8, Encoding::Gbk] {
                assert_eq!(encoding.decode(&encoding.encode(text)).as_deref(), Some(text));
            }
        }
    }

    #[test]
    fn what_reads_as_chinese_is_in_no_doubt() {
        for text in ["张三", "Ğ张", "路·1", "张三—", "Zoë Ünlü 1号"] {
            assert!(!may_be_gbk(text), "{text}");
        }
        // In GBK these were 眉 and 路.
        for text in ["Müller", "A·B"] {
            assert!(may_be_gbk(text), "{text}");
        }
    }
}
