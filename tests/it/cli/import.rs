//! `granary import`.

use encoding_rs::GBK;

use super::Desk;

const ACCOUNTS: &str = "account_number,name,customer_class,address,phone,area,status\n";
const BILLS: &str = "account_number,bill_number,period,principal,issued_on,due_on\n";
const ACCOUNTS_SQL: &str = "SELECT a.account_number || '|' || h.name || '|' || a.customer_class || '|' || a.status AS value \
     FROM accounts a JOIN account_holders h ON h.account_number = a.account_number ORDER BY 1";
const BILLS_SQL: &str = "SELECT account_number || '|' || bill_number || '|' || period || '|' || principal_fen \
     || '|' || status AS value FROM bills ORDER BY 1";

fn account(number: &str, name: &str) -> String {
    format!("{number},{name},RESIDENTIAL,解放路1号,13800001234,一区,ACTIVE\n")
}

#[test]
fn the_same_file_again_changes_nothing_and_another_brings_up_to_date() {
    let desk = Desk::migrated();
    desk.write("a.csv", format!("{ACCOUNTS}{}{}", account("007", "张三"), account("8", "\"李,四\"")));
    let run = |name| desk.run(&["import", "accounts", name]).succeeds();
    assert_eq!(run("a.csv"), "a.csv: 2 saved, 0 unchanged, 0 refused\n");
    assert_eq!(run("a.csv"), "a.csv: 0 saved, 2 unchanged, 0 refused\n");
    desk.write(
        "b.csv",
        format!("{ACCOUNTS}{}{}{}", account("8", "X"), account("8", "\"李,四\""), account("007", "王五")),
    );
    assert_eq!(run("b.csv"), "b.csv: 3 saved, 0 unchanged, 0 refused\n");
    assert_eq!(desk.query(ACCOUNTS_SQL), ["007|王五|RESIDENTIAL|ACTIVE", "8|李,四|RESIDENTIAL|ACTIVE"]);
    desk.write(
        "bills.csv",
        format!("{BILLS}007,B1,2026-11,125.4,2026-11-01,2026-11-30\n8,B1,2026-11,0,2026-11-01,2026-11-01\n"),
    );
    let run = || desk.run(&["import", "bills", "bills.csv"]).succeeds();
    assert_eq!(run(), "bills.csv: 2 saved, 0 unchanged, 0 refused\n");
    assert_eq!(run(), "bills.csv: 0 saved, 2 unchanged, 0 refused\n");
    assert_eq!(desk.query(BILLS_SQL), ["007|B1|2026-11|12540|OPEN", "8|B1|2026-11|0|PAID"]);
    assert!(!desk.path("bills.csv.rejects.csv").exists());
}

#[test]
fn columns_are_found_by_name_and_a_mark_is_tolerated() {
    let desk = Desk::migrated();
    let text = "\u{FEFF}status,area,phone,address,customer_class,name,account_number\r\n\
                CLOSED,,,,OTHER,学校,1\r\n\r\nACTIVE,,,,INDUSTRIAL,\"厂\"\"一\"\"\",2";
    desk.write("a.csv", text);
    desk.run(&["import", "accounts", "a.csv"]).succeeds();
    assert_eq!(desk.query(ACCOUNTS_SQL), ["1|学校|OTHER|CLOSED", "2|厂\"一\"|INDUSTRIAL|ACTIVE"]);
}

#[test]
fn a_wrong_header_in_any_file_stops_all_before_anything_is_written() {
    let desk = Desk::migrated();
    desk.write("good.csv", format!("{ACCOUNTS}{}", account("1", "张三")));
    let missing = ACCOUNTS.replace("phone,", "");
    let cases = [
        (missing.as_str(), "missing: phone"),
        ("account_number,name,customer_class,address,phone,area,status,note\n", "unknown: note"),
        ("account_number,name,name,customer_class,address,phone,area,status\n", "names a column twice"),
        ("", "it is empty; a header row is required"),
        ("\u{0}\u{0}", "it is a binary file and no CSV"),
    ];
    for (header, words) in cases {
        desk.write("bad.csv", header);
        desk.run(&["import", "accounts", "good.csv", "bad.csv"]).fails(1, words);
    }
    desk.write("bad.csv", b"\xFF\xFEa\x00");
    desk.run(&["import", "accounts", "good.csv", "bad.csv"]).fails(1, "it is in UTF-16");
    desk.run(&["import", "accounts", "good.csv", "absent.csv"]).fails(1, "file absent.csv");
    desk.run(&["import", "accounts", "good.csv", "."]).fails(1, "it is a directory");
    assert!(desk.query(ACCOUNTS_SQL).is_empty());
}

#[test]
fn bad_lines_go_one_by_one_to_the_rejects_and_good_ones_go_in() {
    let desk = Desk::migrated();
    let long = "长".repeat(101);
    let lines = [
        account("1", "张三"),
        account("12a", "x"),
        account("2", &long),
        account("3", "\"a\nb\""),
        "4,x,HOUSE,,,,ACTIVE\n".to_owned(),
        "5,x,OTHER,,,,active\n".to_owned(),
        "6,x,OTHER\n".to_owned(),
        "7,\"x,OTHER,,,,ACTIVE\n".to_owned(),
        account("8", "李四"),
    ];
    desk.write("a.csv", format!("{ACCOUNTS}{}", lines.concat()));
    let run = desk.run(&["import", "accounts", "a.csv"]);
    assert_eq!(run.status, Some(3), "{run:?}");
    assert_eq!(run.out, "a.csv: 2 saved, 0 unchanged, 7 refused, see a.csv.rejects.csv\n");
    let rejects = desk.read("a.csv.rejects.csv");
    let expected = [
        "\u{FEFF}line,column,reason,account_number,name,customer_class,address,phone,area,status",
        "3,account_number,not 1 to 20 digits,12a,x,RESIDENTIAL,解放路1号,13800001234,一区,ACTIVE",
        &format!("4,name,longer than 100 characters,2,{long},RESIDENTIAL,解放路1号,13800001234,一区,ACTIVE"),
        "5,name,holds a control character,3,\"a\nb\",RESIDENTIAL,解放路1号,13800001234,一区,ACTIVE",
        "7,customer_class,\"not one of RESIDENTIAL, COMMERCIAL, INDUSTRIAL, AGRICULTURAL, OTHER\",4,x,HOUSE,,,,ACTIVE",
        "8,status,\"not one of ACTIVE, SUSPENDED, CLOSED\",5,x,OTHER,,,,active",
        "9,,\"the line has 3 fields, the header 7\",6,x,OTHER",
        "10,,a quote is opened and not closed,\"7,\"\"x,OTHER,,,,ACTIVE\"",
        "",
    ];
    assert_eq!(rejects, expected.join("\n"));
    assert_eq!(desk.query(ACCOUNTS_SQL), ["1|张三|RESIDENTIAL|ACTIVE", "8|李四|RESIDENTIAL|ACTIVE"]);
    // The file tells of the last run only.
    desk.write("a.csv", format!("{ACCOUNTS}{}", account("1", "张三")));
    desk.run(&["import", "accounts", "a.csv"]).succeeds();
    assert!(!desk.path("a.csv.rejects.csv").exists());
}

#[test]
fn every_fault_of_a_bill_is_named_with_its_column() {
    let desk = Desk::migrated();
    desk.write("a.csv", format!("{ACCOUNTS}{}", account("1", "张三")));
    desk.run(&["import", "accounts", "a.csv"]).succeeds();
    let bills = [
        ("1,B1,2026-11,100,2026-11-01,2026-11-30", ""),
        ("1,B1,2026-11,100.01,2026-11-01,2026-11-30", "principal"),
        ("1,B1,2026-12,100,2026-11-01,2026-11-30", "period"),
        ("2,B1,2026-11,100,2026-11-01,2026-11-30", "account_number"),
        ("1,B 2,2026-11,100,2026-11-01,2026-11-30", "bill_number"),
        ("1,B2,2026-13,100,2026-11-01,2026-11-30", "period"),
        ("1,B2,2026-11,-0.01,2026-11-01,2026-11-30", "principal"),
        ("1,B2,2026-11,1.001,2026-11-01,2026-11-30", "principal"),
        ("1,B2,2026-11,1e3,2026-11-01,2026-11-30", "principal"),
        ("1,B2,2026-11,99999999999999999999,2026-11-01,2026-11-30", "principal"),
        ("1,B2,2026-11,100,2026-11-31,2026-11-30", "issued_on"),
        ("1,B2,2026-11,100,2026-11-01,1.12.2026", "due_on"),
        ("1,B2,2026-11,100,2026-11-02,2026-11-01", "due_on"),
        ("1,B3,2026-11,0.00,2026-11-02,2026-11-02", ""),
    ];
    let lines: Vec<&str> = bills.iter().map(|(line, _)| *line).collect();
    desk.write("b.csv", format!("{BILLS}{}", lines.join("\n")));
    assert_eq!(desk.run(&["import", "bills", "b.csv"]).status, Some(3));
    let rejects = desk.read("b.csv.rejects.csv");
    let named: Vec<(usize, &str)> = rejects
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',');
            let line = cells.next().and_then(|cell| cell.parse().ok()).expect("a line number");
            (line, cells.next().expect("a column"))
        })
        .collect();
    let expected: Vec<(usize, &str)> = bills
        .iter()
        .enumerate()
        .filter(|(_, (_, column))| !column.is_empty())
        .map(|(index, (_, column))| (index + 2, *column))
        .collect();
    assert_eq!(named, expected);
    assert_eq!(desk.query(BILLS_SQL), ["1|B1|2026-11|10000|OPEN", "1|B3|2026-11|0|PAID"]);
}

#[test]
fn gbk_is_recognised_also_far_behind_the_head_of_the_file() {
    let desk = Desk::migrated();
    let plain: String = (0..3_000).map(|index| format!("{index},Smith,OTHER,,,,ACTIVE\n")).collect();
    let text = format!("{ACCOUNTS}{plain}{}{}", account("90001", "联通"), account("90002", "欧阳国庆"));
    desk.write("gbk.csv", GBK.encode(&text).0);
    assert_eq!(
        desk.run(&["import", "accounts", "gbk.csv"]).succeeds(),
        "gbk.csv: 3002 saved, 0 unchanged, 0 refused\n"
    );
    let names = desk.query("SELECT name AS value FROM account_holders WHERE account_number > '9000' AND length(account_number) = 5 ORDER BY account_number");
    assert_eq!(names, ["联通", "欧阳国庆"]);
}

#[test]
fn a_line_in_another_encoding_is_refused_alone_and_the_encoding_can_be_forced() {
    let desk = Desk::migrated();
    let gbk = GBK.encode(&account("2", "李四")).0.into_owned();
    let mixed = [ACCOUNTS.as_bytes(), account("1", "张三").as_bytes(), &gbk, account("3", "王五").as_bytes()]
        .concat();
    desk.write("a.csv", &mixed);
    assert_eq!(desk.run(&["import", "accounts", "a.csv"]).status, Some(3));
    assert!(desk.read("a.csv.rejects.csv").contains("3,,the line is not text in the file's encoding,2,"));
    assert_eq!(desk.query(ACCOUNTS_SQL), ["1|张三|RESIDENTIAL|ACTIVE", "3|王五|RESIDENTIAL|ACTIVE"]);
    desk.write("b.csv", [ACCOUNTS.as_bytes(), &gbk].concat());
    assert_eq!(desk.run(&["import", "accounts", "b.csv", "--encoding", "utf-8"]).status, Some(3));
    desk.run(&["import", "accounts", "b.csv", "--encoding", "gbk"]).succeeds();
    assert_eq!(desk.query(ACCOUNTS_SQL)[1], "2|李四|RESIDENTIAL|ACTIVE");
}

#[test]
fn an_enormous_line_costs_itself_only() {
    let desk = Desk::migrated();
    let enormous = format!("\"{}", "9".repeat(20_000_000));
    desk.write("a.csv", format!("{ACCOUNTS}{}{enormous}\n{}", account("1", "张三"), account("2", "李四")));
    assert_eq!(desk.run(&["import", "accounts", "a.csv"]).status, Some(3));
    let rejects = desk.read("a.csv.rejects.csv");
    assert!(rejects.contains("3,,the line is longer than 65536 bytes,"), "{rejects}");
    assert!(rejects.len() < 1_000);
    assert_eq!(desk.query(ACCOUNTS_SQL).len(), 2);
}

#[test]
fn a_file_is_not_overwritten_by_the_rejects_of_another() {
    let desk = Desk::migrated();
    let text = format!("{ACCOUNTS}{}", account("x", "张三"));
    desk.write("a.csv", &text);
    desk.write("a.csv.rejects.csv", &text);
    desk.run(&["import", "accounts", "a.csv", "a.csv.rejects.csv"]).fails(1, "would be overwritten");
    assert_eq!(desk.read("a.csv.rejects.csv"), text);
}
