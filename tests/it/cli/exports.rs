//! Files as spreadsheets and billing systems export them: what can be read is read, what can't is named, and nobody's
//! name is shown on the terminal.

use std::io::Write as _;
use std::process::Stdio;

use encoding_rs::GBK;

use super::{Desk, Run};
use crate::processes::site::Site;
use crate::support::backends::for_each_backend;

const ACCOUNTS: &str = "account_number,name,customer_class,address,phone,area,status\n";
const BILLS: &str = "account_number,bill_number,period,principal,issued_on,due_on\n";
const NAMES_SQL: &str =
    "SELECT account_number || '|' || name || '|' || area AS value FROM account_holders ORDER BY 1";
/// What must never be seen on a terminal.
const PRIVATE: [&str; 3] = ["金丝雀", "13977778888", "金丝雀巷十七号"];

fn account(number: &str, name: &str) -> String {
    format!("{number},{name},RESIDENTIAL,解放路1号,13800001234,一区,ACTIVE\n")
}

fn import(desk: &Desk, content: impl AsRef<[u8]>) -> Run {
    desk.write("a.csv", content);
    desk.run(&["import", "accounts", "a.csv"])
}

#[test]
fn lines_may_end_as_on_an_old_mac() {
    let desk = Desk::migrated();
    let text = format!("{ACCOUNTS}{}{}{}", account("1", "张三"), account("x", "李四"), account("2", "王五"));
    for text in [text.replace('\n', "\r"), text.replace('\n', "\r\n"), text] {
        let run = import(&desk, &text);
        assert_eq!(run.status, Some(3), "{run:?}");
        assert_eq!(desk.query(NAMES_SQL), ["1|张三|一区", "2|王五|一区"]);
        assert!(desk.read("a.csv.rejects.csv").contains("\n3,account_number,not 1 to 20 digits,x,李四,"));
    }
    let gbk = GBK.encode(&format!("{ACCOUNTS}{}", account("3", "欧阳国庆"))).0.into_owned();
    let gbk: Vec<u8> = gbk.into_iter().map(|byte| if byte == b'\n' { b'\r' } else { byte }).collect();
    import(&desk, gbk).succeeds();
    assert_eq!(desk.query(NAMES_SQL)[2], "3|欧阳国庆|一区");
}

#[test]
fn a_file_that_is_no_csv_is_named_whatever_its_name_says() {
    let desk = Desk::migrated();
    let utf16: Vec<u8> = ACCOUNTS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&[u8], &str); 7] = [
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\x00\x00\x00\x00", "it is an old Excel workbook (.xls)"),
        (b"PK\x03\x04\x14\x00\x06\x00", "it is a workbook (.xlsx, .ods)"),
        (b"<html><head><meta charset=gbk></head><table>", "it is a web page or XML"),
        (b"\x1F\x8B\x08\x00", "it is compressed by gzip"),
        (b"%PDF-1.7\n", "it is a PDF"),
        (&utf16, "it is in UTF-16"),
        (b"\x7FELF\x02\x01\x01\x00\x00", "it is a binary file"),
    ];
    for (content, words) in cases {
        desk.write("a.xls", content);
        for kind in ["accounts", "bills"] {
            desk.run(&["import", kind, "a.xls"]).fails(1, words);
        }
    }
    for (separator, words) in [('\t', "tabs"), (';', "semicolons"), ('，', "full-width commas")] {
        let text = ACCOUNTS.replace(',', &separator.to_string());
        import(&desk, text).fails(1, &format!("its columns are separated by {words}; save it with commas"));
    }
}

#[test]
fn a_header_in_gbk_is_shown_as_it_reads() {
    let desk = Desk::migrated();
    let header = ACCOUNTS.replace("status", "status,备注");
    for text in [GBK.encode(&header).0.into_owned(), header.clone().into_bytes()] {
        import(&desk, text).fails(1, "unknown: 备注");
    }
    let padded =
        ACCOUNTS.replace(",name", ",\u{3000}name\u{3000}").replace("account_number", " account_number\t");
    for text in [GBK.encode(&padded).0.into_owned(), padded.clone().into_bytes()] {
        import(&desk, [&text[..], b"1,a,OTHER,,,,ACTIVE\n"].concat()).succeeds();
    }
    desk.write("forced.csv", GBK.encode(&header).0);
    desk.run(&["import", "accounts", "forced.csv", "--encoding", "utf-8"])
        .fails(1, "its header row is not text in the file's encoding");
}

#[test]
fn cells_of_spaces_and_commas_are_nothing() {
    let desk = Desk::migrated();
    let header = ACCOUNTS.replace('\n', ",,\n");
    let lines = [
        "\t0552000001 ,\u{3000}张三\u{a0}, RESIDENTIAL,解放路1号,13800001234 ,\u{a0}一区\u{3000},ACTIVE\t,,\n",
        ",,,,,,,,\n",
        "\u{3000},,\"\",,,,,,\n",
        "0552000002,李 四,OTHER,,,,ACTIVE\n",
        "0552000003,王五,OTHER,,,,ACTIVE,,,,\n",
        ",,,,,,\n",
        "0552000004,赵六,OTHER,,,,ACTIVE,x\n",
    ];
    let run = import(&desk, format!("{header}{}", lines.concat()));
    assert_eq!(run.out, "a.csv: 3 saved, 0 unchanged, 1 refused, see a.csv.rejects.csv\n", "{run:?}");
    assert_eq!(desk.query(NAMES_SQL), ["0552000001|张三|一区", "0552000002|李 四|", "0552000003|王五|"]);
    let rejects = desk.read("a.csv.rejects.csv");
    assert!(rejects.contains("\n8,,\"the line has 8 fields, the header 7\",0552000004,赵六,"), "{rejects}");
    desk.write(
        "b.csv",
        format!("{BILLS} 0552000001 , B1 , 2026-11 , 80.00 ,\t2026-11-01,2026-11-30\u{3000}\n,,,,,\n"),
    );
    assert_eq!(
        desk.run(&["import", "bills", "b.csv"]).succeeds(),
        "b.csv: 1 saved, 0 unchanged, 0 refused\n"
    );
}

#[test]
fn a_short_file_that_may_be_in_either_encoding_is_said_to_be() {
    let desk = Desk::migrated();
    // Two bytes of GBK that are one letter of UTF-8.
    let doubtful = GBK.encode("1,摹,OTHER,,,,ACTIVE\n").0.into_owned();
    let file = [ACCOUNTS.as_bytes(), &doubtful].concat();
    let run = import(&desk, &file);
    assert_eq!(
        run.succeeds(),
        "a.csv: 1 saved, 0 unchanged, 0 refused; read as UTF-8, but it may be GBK: if so, import it again with \
         --encoding gbk\n"
    );
    let again = |encoding| desk.run(&["import", "accounts", "a.csv", "--encoding", encoding]).succeeds();
    assert_eq!(again("utf-8"), "a.csv: 0 saved, 1 unchanged, 0 refused\n", "somebody has said it");
    assert_eq!(again("gbk"), "a.csv: 1 saved, 0 unchanged, 0 refused\n");
    assert_eq!(desk.query(NAMES_SQL), ["1|摹|"]);
    for sure in ["张三", "Smith", "Müller"] {
        let run = import(&desk, format!("{ACCOUNTS}{}", account("2", sure)));
        assert!(!run.succeeds().contains("GBK"), "{sure}");
    }
    // One line that can only be GBK settles it.
    let settled = [&file[..], &GBK.encode(&account("3", "张三")).0].concat();
    let said = import(&desk, settled).succeeds();
    assert!(!said.contains("read as UTF-8") && said.contains("1 saved, 1 unchanged"), "{said}");
}

#[test]
fn all_faults_of_a_line_are_said_at_once() {
    let desk = Desk::migrated();
    let long = "长".repeat(101);
    assert_eq!(import(&desk, format!("{ACCOUNTS}12a,{long},HOUSE,,,\"a\nb\",active\n")).status, Some(3));
    let rejects = desk.read("a.csv.rejects.csv");
    let expected = "2,account_number; name; customer_class; area; status,\"not 1 to 20 digits; longer than 100 \
                    characters; not one of RESIDENTIAL, COMMERCIAL, INDUSTRIAL, AGRICULTURAL, OTHER; holds a control \
                    character; not one of ACTIVE, SUSPENDED, CLOSED\",12a,";
    assert!(rejects.contains(expected), "{rejects}");
    desk.write(
        "b.csv",
        format!("{BILLS}x,B 1,2026-13,-1,2026-11-31,2026-11-01\n1,B1,2026-11,1,2026-11-02,2026-11-01\n"),
    );
    assert_eq!(desk.run(&["import", "bills", "b.csv"]).status, Some(3));
    let rejects = desk.read("b.csv.rejects.csv");
    assert!(rejects.contains("\n2,account_number; bill_number; period; principal; issued_on,"), "{rejects}");
    assert!(rejects.contains("\n3,due_on,before the day of issue,1,"), "{rejects}");
}

#[test]
fn nobodys_name_is_shown_on_the_terminal() {
    let desk = Desk::migrated();
    let [name, phone, address] = PRIVATE;
    let line = format!("1,{name},RESIDENTIAL,{address},{phone},一区,ACTIVE\n");
    let gbk = |text: &str| GBK.encode(text).0.into_owned();
    let files = [
        line.clone().into_bytes(),
        gbk(&line),
        line.replace(',', "\t").into_bytes(),
        line.replace(',', ";").into_bytes(),
        format!("{name}\n{ACCOUNTS}").into_bytes(),
        format!("{ACCOUNTS}\"{line}").into_bytes(),
        format!("{ACCOUNTS}{}", line.replace("ACTIVE", name)).into_bytes(),
        format!("{ACCOUNTS}{}", line.replacen('1', name, 1)).into_bytes(),
        format!("{ACCOUNTS}{}", line.repeat(2).replace('\n', ",x\n")).into_bytes(),
        [format!("{ACCOUNTS}{line}").into_bytes(), gbk(&line), b"\xff\n".to_vec()].concat(),
        format!("{ACCOUNTS}{}", line.replace(name, &name.repeat(100))).into_bytes(),
    ];
    for file in files {
        for kind in ["accounts", "bills"] {
            desk.write("a.csv", &file);
            let run = desk.run_with(&["import", kind, "a.csv"], &[("RUST_LOG", "info")]);
            let said = format!("{}{}", run.out, run.err);
            let shown = PRIVATE.iter().find(|private| said.contains(*private));
            assert_eq!(shown, None, "{said}");
        }
    }
    import(&desk, &line)
        .fails(1, "its first line is no header; it must name the columns account_number,name");
}

#[test]
fn refused_lines_keep_the_files_encoding() {
    let desk = Desk::migrated();
    let text = format!("{ACCOUNTS}{}{}", account("1", "张三"), account("x", "李四"));
    import(&desk, &text);
    let rejects = std::fs::read(desk.path("a.csv.rejects.csv")).expect("a file");
    assert!(rejects.starts_with(b"\xEF\xBB\xBFline,column,reason,account_number"), "{rejects:?}");
    import(&desk, GBK.encode(&text).0);
    let rejects = std::fs::read(desk.path("a.csv.rejects.csv")).expect("a file");
    let line = GBK.encode("x,李四,RESIDENTIAL,解放路1号").0.into_owned();
    assert!(
        rejects.starts_with(b"line,") && rejects.windows(line.len()).any(|part| part == line),
        "{rejects:?}"
    );
    // More than a chunk of plain ASCII, a refused line in it, and only then what tells the encoding.
    let plain: String = (1..=2_500).map(|number| format!("{number},Smith,OTHER,,,,ACTIVE\n")).collect();
    let late = format!("{ACCOUNTS}x,Smith,OTHER,,,,ACTIVE\n{plain}{}", account("y", "李四"));
    import(&desk, &late);
    let rejects = desk.read("a.csv.rejects.csv");
    assert!(rejects.starts_with("\u{FEFF}line,column") && rejects.lines().count() == 3, "{rejects}");
    import(&desk, GBK.encode(&late).0);
    let rejects = std::fs::read(desk.path("a.csv.rejects.csv")).expect("a file");
    assert!(
        GBK.decode_without_bom_handling(&rejects)
            .0
            .contains("2503,account_number,not 1 to 20 digits,y,李四,")
    );
    assert!(rejects.starts_with(b"line,"), "{rejects:?}");
}

/// Runs an import with these pieces piped in one after the other.
fn import_piped(desk: &Desk, arguments: &[&str], pieces: &[&[u8]]) -> Run {
    let mut command = desk.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("its standard input");
    for piece in pieces {
        // One that has ended already reads nothing more.
        let _whether_read = stdin.write_all(piece).and_then(|()| stdin.flush());
    }
    drop(stdin);
    Run::of(child.wait_with_output().expect("its output"))
}

#[test]
fn what_is_piped_in_is_imported_with_its_refused_lines_in_the_working_folder() {
    let desk = Desk::migrated();
    let text = format!("{ACCOUNTS}{}{}", account("1", "张三"), account("x", "李四"));
    let gbk = GBK.encode(&text).0.into_owned();
    let pieces = [&gbk[..5], &gbk[5..70], &gbk[70..]];
    for name in ["-", "/dev/stdin"] {
        let run = import_piped(&desk, &["import", "accounts", name], &pieces);
        assert_eq!(run.status, Some(3), "{run:?}");
        assert!(run.out.starts_with("standard input: "), "{run:?}");
        assert!(run.out.ends_with(", 1 refused, see stdin.rejects.csv\n"), "{run:?}");
        let rejects = std::fs::read(desk.path("stdin.rejects.csv")).expect("a file");
        assert!(
            GBK.decode_without_bom_handling(&rejects)
                .0
                .contains("\n3,account_number,not 1 to 20 digits,x,李四,")
        );
        std::fs::remove_file(desk.path("stdin.rejects.csv")).expect("our file");
    }
    assert_eq!(desk.query(NAMES_SQL), ["1|张三|一区"]);
    // Larger than what a pipe holds.
    let many: String = (0..5_000).map(|number| account(&format!("9{number:05}"), "王五")).collect();
    let run = import_piped(&desk, &["import", "accounts", "-"], &[ACCOUNTS.as_bytes(), many.as_bytes()]);
    assert_eq!(run.succeeds(), "standard input: 5000 saved, 0 unchanged, 0 refused\n");
    let twice = import_piped(&desk, &["import", "accounts", "-", "/dev/stdin"], &[]);
    twice.fails(1, "the refused lines of two files would both go to stdin.rejects.csv");
    import_piped(&desk, &["import", "accounts", "-"], &[]).fails(1, "file standard input: it is empty");
}

#[test]
fn numbers_that_a_spreadsheet_has_spoilt_are_named() {
    for_each_backend(|database| {
        let site = Site::without_accounts(&database.url);
        let import = |kind: &str, text: String| {
            std::fs::write(site.folder().join("a.csv"), text).expect("a file");
            let output = site.run(&["import", kind, "a.csv"]);
            let rejects = std::fs::read_to_string(site.folder().join("a.csv.rejects.csv"));
            (String::from_utf8_lossy(&output.stdout).into_owned(), rejects.unwrap_or_default())
        };
        let good = format!("{ACCOUNTS}{}{}", account("0552000001", "张三"), account("7", "李四"));
        assert_eq!(import("accounts", good).0, "a.csv: 2 saved, 0 unchanged, 0 refused\n");
        let numbers = ["552000001", "1.23E+15", "552000001.0", "\"552,000,001\"", "552000002", "7"];
        let lines: String = numbers.iter().map(|number| account(number, "张三")).collect();
        let (said, rejects) = import("accounts", format!("{ACCOUNTS}{lines}"));
        assert_eq!(said, "a.csv: 2 saved, 0 unchanged, 4 refused, see a.csv.rejects.csv\n", "{rejects}");
        for words in [
            "\n2,account_number,there is 0552000001: a spreadsheet has cut its leading zeros,552000001,",
            "\n3,account_number,not 1 to 20 digits: a spreadsheet has cut it (1.23E+15); make the column text",
            "\n4,account_number,not 1 to 20 digits: a spreadsheet has made a decimal of it",
            "\n5,account_number,not 1 to 20 digits: there are separators between them",
        ] {
            assert!(rejects.contains(words), "{words} is not in {rejects}");
        }
        let bill = |number: &str| format!("{number},B1,2026-11,1,2026-11-01,2026-11-30\n");
        let bills = ["552000001", "552000009", "123456789012345000", "0552000001"].map(bill).concat();
        let (said, rejects) = import("bills", format!("{BILLS}{bills}"));
        assert!(said.contains(" 1 saved, 0 unchanged, 3 refused"), "{said}");
        for words in [
            "\n2,account_number,\"there is no account 552000001, but there is 0552000001: a spreadsheet has cut",
            "\n3,account_number,there is no account 552000009,552000009,",
            "\n4,account_number,there is no account 123456789012345000: a spreadsheet has rounded it to 15 digits,",
        ] {
            assert!(rejects.contains(words), "{words} is not in {rejects}");
        }
    });
}
