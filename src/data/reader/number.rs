//! Numbers and dates from text: exactly what the standard library makes of them, and faster for the
//! short plain numbers that ratings files are full of.

/// The powers of ten that single precision holds exactly.
const POWERS: [f32; 11] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/// A decimal number; the same bits as `str::parse::<f32>`.
#[inline]
pub(super) fn parse_f32(text: &[u8]) -> Option<f32> {
    match short_decimal(text) {
        Some(value) => Some(value),
        None => std::str::from_utf8(text).ok()?.parse().ok(),
    }
}

/// Digits below 2^24, with at most ten behind the point: digits and power of ten are exact in single
/// precision, so that one division rounds once, as it must.
#[inline]
fn short_decimal(text: &[u8]) -> Option<f32> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    if text.len() > 8 {
        return None;
    }
    let (mut digits, mut seen, mut decimals, mut point) = (0u32, 0usize, 0usize, false);
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                digits = digits * 10 + u32::from(byte - b'0');
                seen += 1;
                decimals += usize::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    if seen == 0 || digits > 1 << 24 {
        return None;
    }
    let value = if decimals == 0 { digits as f32 } else { digits as f32 / POWERS[decimals] };
    Some(if negative { -value } else { value })
}

/// A whole number, a number whose fraction is left out (rounded down), or a date as Unix seconds.
#[inline]
pub(super) fn parse_time(text: &[u8]) -> Option<i64> {
    short_integer(text).or_else(|| long_time(text))
}

#[inline]
fn short_integer(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    let mut number = 0i64;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

#[cold]
fn long_time(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    // 2^63 itself is beyond; below it every double fits.
    let whole = |number: f64| (number.abs() < 9_223_372_036_854_775_807.0).then(|| number.floor() as i64);
    text.parse().ok().and_then(whole).or_else(|| parse_date(text))
}

/// `2005-09-06`, `2005-09-06 12:30`, `2005-09-06T12:30:00.5Z`; universal time.
fn parse_date(text: &str) -> Option<i64> {
    let (date, clock) = text.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let month_len = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=month_len).contains(&day) {
        return None;
    }
    Some(days_from_civil(year, month, day) * 86_400 + parse_clock(clock)?)
}

fn parse_clock(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let text = text.strip_prefix(['T', ' '])?;
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix(" UTC")).unwrap_or(text);
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let [hours, minutes, seconds] = match text.len() {
        5 => {
            let [hours, minutes] = numbers(text, ':', [2, 2])?;
            [hours, minutes, 0]
        }
        _ => numbers(text, ':', [2, 2, 2])?,
    };
    // A leap second counts as the first second of the next minute.
    (hours < 24 && minutes < 60 && seconds <= 60).then_some(hours * 3600 + minutes * 60 + seconds)
}

/// Numbers of known width with a mark between them.
fn numbers<const N: usize>(text: &str, mark: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(mark);
    let mut found = [0; N];
    for (number, width) in found.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width)?;
        *number = short_integer(part.as_bytes())?;
    }
    parts.next().is_none().then_some(found)
}

/// Days since 1 January 1970, by counting years from March, in which February comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_unix_seconds() {
        let time = |text: &str| parse_time(text.as_bytes());
        assert_eq!(time("1970-01-01"), Some(0));
        assert_eq!(time("2005-09-06"), Some(1_125_964_800));
        assert_eq!(time("2000-02-29 23:59:59"), Some(951_868_799));
        assert_eq!(time("2005-09-06T12:30:00.250Z"), Some(1_126_009_800));
        assert_eq!(time("1969-12-31 23:59"), Some(-60));
        for wrong in ["2005-02-29", "2005-13-01", "2005-9-6", "2005-09-06T25:00:00", "2005-09-06x", "soon"] {
            assert_eq!(time(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_may_have_a_fraction_and_a_sign() {
        assert_eq!(parse_time(b"964982703.75"), Some(964_982_703));
        assert_eq!(parse_time(b"-1.5"), Some(-2));
        assert_eq!(parse_time(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(parse_time(b"1e30"), None);
        assert_eq!(parse_time(b"NaN"), None);
        assert_eq!(parse_time(b""), None);
    }

    proptest! {
        #[test]
        fn numbers_are_those_of_the_standard_library(text in r"[-+]?[0-9]{0,12}\.?[0-9]{0,12}(e-?[0-9]{1,2})?") {
            let ours = parse_f32(text.as_bytes()).map(f32::to_bits);
            prop_assert_eq!(ours, text.parse::<f32>().ok().map(f32::to_bits));
        }

        #[test]
        fn short_numbers_too(digits in 0u32..100_000_000, decimals in 0usize..8, negative: bool) {
            let mut text = format!("{digits:08}");
            text.insert(8 - decimals, '.');
            let text = if negative { format!("-{text}") } else { text };
            let ours = parse_f32(text.as_bytes()).map(f32::to_bits);
            prop_assert_eq!(ours, text.parse::<f32>().ok().map(f32::to_bits));
        }

        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>) {
            parse_f32(&bytes);
            parse_time(&bytes);
        }
    }
}
