//! Times as the command line and the configuration write them: `30s`, `15m`, `2h`, `1d`.

/// The seconds of a time, a whole number with its unit; `None` for any other text.
pub(super) fn parse_time_s(text: &str) -> Option<i64> {
    let (digits, unit_s) = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)]
        .into_iter()
        .find_map(|(unit, unit_s)| text.strip_suffix(unit).map(|digits| (digits, unit_s)))?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse::<i64>().ok())?.and_then(|count| count.checked_mul(unit_s))
}
