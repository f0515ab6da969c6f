//! What bytes of a file mean: UTF-8, or GBK as older billing systems write it.

use std::borrow::Cow;

use clap::ValueEnum;
use encoding_rs::GBK;

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
    /// UTF-8, so that one broken line doesn't turn every name of a UTF-8 file into nonsense. `None`
    /// where there is no such line. The last line of `block` may be cut short.
    pub(super) fn judge(first_line: &[u8], block: &[u8]) -> Option<Self> {
        let whole = block.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let lines = block[..whole].split(|byte| *byte == b'\n').chain([first_line]);
        let (mut utf8, mut other) = (0_u32, 0_u32);
        for line in lines.filter(|line| !line.is_ascii()) {
            match std::str::from_utf8(line) {
                Ok(_) => utf8 += 1,
                Err(_) => other += 1,
            }
        }
        (utf8 + other > 0).then_some(if utf8 >= other { Self::Utf8 } else { Self::Gbk })
    }

    /// The text, or `None` where the bytes are none in this encoding.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Gbk => GBK.decode_without_bom_handling_and_without_replacement(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_what_most_lines_say() {
        let gbk = GBK.encode("1,张三\n2,李四\n").0.into_owned();
        // GBK that happens to be UTF-8 too.
        let lucky = GBK.encode("联通\n").0.into_owned();
        let broken = [b"1,\xff\n", "2,张三\n3,李四\n".as_bytes()].concat();
        let cases: [(&[u8], Option<Encoding>); 5] = [
            (b"1,a\n2,b\n", None),
            ("1,张三\n2,李".as_bytes(), Some(Encoding::Utf8)),
            (&gbk, Some(Encoding::Gbk)),
            (&[lucky, gbk.clone()].concat(), Some(Encoding::Gbk)),
            (&broken, Some(Encoding::Utf8)),
        ];
        for (block, expected) in cases {
            assert_eq!(Encoding::judge(b"", block), expected, "{block:?}");
        }
    }
}
