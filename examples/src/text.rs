//! Readable sizes, times and identifiers.

use std::time::Duration;

use medshare_sdk::Timestamp;

/// `850 bytes`, `224 kB`, `1.21 MB`: three digits and decimal units.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    match bytes {
        1 => return "1 byte".to_owned(),
        0..1000 => return format!("{bytes} bytes"),
        _ => {}
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        // A value that would round to four digits takes the next unit.
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    let decimals = match value {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

/// `43 ms`, `1.28 s`.
#[must_use]
pub fn time(duration: Duration) -> String {
    if duration < Duration::from_millis(1000) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.2} s", duration.as_secs_f64())
    }
}

/// `2026-01-31 12:00:00 UTC`.
#[must_use]
pub fn moment(moment: Timestamp) -> String {
    let text = moment.to_string();
    match text.split_once('.') {
        Some((seconds, _)) => format!("{} UTC", seconds.replace('T', " ")),
        None => text,
    }
}

/// The first 12 characters of an identifier, enough to tell a few apart.
#[must_use]
pub fn short(id: impl std::fmt::Display) -> String {
    let mut text = id.to_string();
    if let Some((end, _)) = text.char_indices().nth(12) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_digits() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.00 kB"),
            (9_994, "9.99 kB"),
            (9_995, "10.0 kB"),
            (224_445, "224 kB"),
            (999_499, "999 kB"),
            (999_500, "1.00 MB"),
            (268_435_456, "268 MB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn moments_and_identifiers_are_short() {
        assert_eq!(
            moment(Timestamp::from_millis(951_827_696_789)),
            "2000-02-29 12:34:56 UTC"
        );
        assert_eq!(moment(Timestamp::MAX), "open-ended");
        assert_eq!(short("0123456789abcdef"), "0123456789ab…");
        assert_eq!(short("st-mary"), "st-mary");
    }
}
