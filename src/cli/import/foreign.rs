//! Files that aren't CSV, known by their first bytes whatever their names end in. It only names them.

/// First bytes of files that somebody may take for a table.
const MARKS: &[(&[u8], &str)] = &[
    (b"\xFF\xFE", "it is in UTF-16; save it as UTF-8 or GBK"),
    (b"\xFE\xFF", "it is in UTF-16; save it as UTF-8 or GBK"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "it is an old Excel workbook (.xls); open it and save it as CSV"),
    (b"PK", "it is a workbook (.xlsx, .ods) or another archive; open it and save it as CSV"),
    (b"\x1F\x8B", "it is compressed by gzip; unpack it"),
    (b"BZh", "it is compressed by bzip2; unpack it"),
    (b"\xFD7zXZ\x00", "it is compressed by xz; unpack it"),
    (b"\x28\xB5\x2F\xFD", "it is compressed by zstd; unpack it"),
    (b"7z\xBC\xAF\x27\x1C", "it is a 7z archive; unpack it"),
    (b"Rar!", "it is a RAR archive; unpack it"),
    (b"%PDF", "it is a PDF; ask for the table as CSV"),
    (b"{\\rtf", "it is a text document (RTF); save it as CSV"),
    (b"SQLite format 3\x00", "it is a SQLite database; export the table as CSV"),
    (b"\x89PNG", "it is an image"),
    (b"\xFF\xD8\xFF", "it is an image"),
];

/// What such a file is and what to do, if it is one.
pub(super) fn foreign(head: &[u8]) -> Option<&'static str> {
    if let Some((_, words)) = MARKS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Some(words);
    }
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if text.first() == Some(&b'<') {
        // Billing systems like to call such a page .xls, and Excel opens it.
        return Some("it is a web page or XML, whatever its name says; open it and save it as CSV");
    }
    let first_line = head.split(|byte| [b'\n', b'\r'].contains(byte)).next().unwrap_or_default();
    match first_line {
        [0, other, ..] | [other, 0, ..] if *other != 0 => {
            Some("it is in UTF-16, without a mark; save it as UTF-8 or GBK")
        }
        line if line.contains(&0) => Some("it is a binary file and no CSV"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_csv_is_named() {
        for (head, words) in [
            (&b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\x00\x00"[..], ".xls"),
            (b"PK\x03\x04", ".xlsx"),
            (b"a\x00c\x00c\x00", "UTF-16"),
            (b"\x00a\x00c\x00c", "UTF-16"),
            (b"\x00\x00", "binary"),
            (b"\x7FELF\x02\x01\x01\x00", "binary"),
            (b"\xEF\xBB\xBF\n <html><table>", "web page"),
            (b"<?xml version=\"1.0\"?>", "XML"),
        ] {
            assert!(foreign(head).is_some_and(|said| said.contains(words)), "{head:?}");
        }
        for head in
            [&b"account_number,name\n\x00"[..], b"", b"P,K", "账号,户名".as_bytes(), b"\xEF\xBB\xBFa,b"]
        {
            assert_eq!(foreign(head), None, "{head:?}");
        }
    }
}
