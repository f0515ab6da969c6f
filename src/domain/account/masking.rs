//! Personal data as a channel sees it that doesn't need it: one form, the same on every channel.

const ADDRESS_SHOWN: usize = 6;
const PHONE_SHOWN_HEAD: usize = 3;
const PHONE_SHOWN_TAIL: usize = 4;
/// Length of a mobile number; a shorter one shows only its last two.
const PHONE_LEN_FULL: usize = 11;
const SHORT_PHONE_SHOWN_TAIL: usize = 2;

/// The first character and two stars: `张**`; nothing where there is no name.
pub fn mask_name(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    name.chars().take(1).chain("**".chars()).collect()
}

/// The first three and last four characters: `138****1234`; of a number shorter than a mobile's the
/// last two, of one of four characters or fewer none.
pub fn mask_phone(phone: &str) -> String {
    let chars: Vec<char> = phone.chars().collect();
    let (head, tail) = match chars.len() {
        0 => return String::new(),
        1..=4 => (0, 0),
        5..PHONE_LEN_FULL => (0, SHORT_PHONE_SHOWN_TAIL),
        _ => (PHONE_SHOWN_HEAD, PHONE_SHOWN_TAIL),
    };
    let shown = |range: &[char]| range.iter().collect::<String>();
    format!("{}****{}", shown(&chars[..head]), shown(&chars[chars.len() - tail..]))
}

/// At most the first six characters, never more than half: `蚌埠市龙子湖***`.
pub fn mask_address(address: &str) -> String {
    if address.is_empty() {
        return String::new();
    }
    let shown = (address.chars().count() / 2).min(ADDRESS_SHOWN);
    address.chars().take(shown).chain("***".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_masked_by_characters() {
        type Mask = fn(&str) -> String;
        let cases: [(Mask, &str, &str); 13] = [
            (mask_name, "张三丰", "张**"),
            (mask_name, "张", "张**"),
            (mask_name, "Li Lei", "L**"),
            (mask_name, "", ""),
            (mask_phone, "13812341234", "138****1234"),
            (mask_phone, "0552-3012345", "055****2345"),
            (mask_phone, "3012345", "****45"),
            (mask_phone, "1", "****"),
            (mask_phone, "", ""),
            (mask_address, "蚌埠市龙子湖区东海大道100号", "蚌埠市龙子湖***"),
            (mask_address, "东海大道", "东海***"),
            (mask_address, "东", "***"),
            (mask_address, "", ""),
        ];
        for (mask, open, expected) in cases {
            assert_eq!(mask(open), expected, "{open:?}");
        }
    }
}
