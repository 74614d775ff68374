use super::{age, duration, is_date, moment, note};

#[test]
fn a_moment_is_a_date_a_time_or_milliseconds() {
    for (text, millis) in [
        ("2026-01-31", 1_769_817_600_000),
        ("2026-01-31T12:00:00Z", 1_769_860_800_000),
        ("2026-01-31T13:00:00+01:00", 1_769_860_800_000),
        ("2026-01-31 13:00+01:00", 1_769_860_800_000),
        ("2026-01-31 12:00:00.5Z", 1_769_860_800_500),
        ("1769860800000", 1_769_860_800_000),
    ] {
        assert_eq!(moment(text).unwrap().get(), millis, "{text}");
        assert_eq!(note(text), None, "{text}");
    }
    for text in [
        "",
        "soon",
        "90d",
        "-90d",
        "90",
        "1769860800",
        "-1769860800000",
        "2026-02-30",
        "2026",
        "2026-01-31 25:00",
        "2026-01-31T12:00 CET",
        "2026-01-31 12:00 PM",
        "2026-01-31T12:00:00+01:00[Europe/Berlin]",
        "12:00",
    ] {
        assert!(moment(text).is_err(), "{text}");
    }
    assert!(is_date("2026-01-31") && !is_date("2026-01-31 12:00") && !is_date("1769860800000"));
}

#[test]
fn a_time_of_day_without_an_offset_is_utc_and_said() {
    for text in ["2026-01-31 12:00", "2026-01-31T12:00", "2026-01-31T12:00:00", "2026-01-31t12", " 2026-01-31 12:00 "] {
        assert_eq!(moment(text).unwrap().get(), 1_769_860_800_000, "{text}");
        assert!(note(text).unwrap().ends_with("was read as 2026-01-31 12:00:00 UTC"), "{text}");
    }
    assert_eq!(moment("2026-01-31 12:00 UTC").unwrap().get(), 1_769_860_800_000);
    assert_eq!(note("2026-01-31 12:00 UTC"), None);
    for text in ["2026-01-31T12:00[Europe/Berlin]", "2026-01-31 12:00:00[UTC]"] {
        assert!(moment(text).unwrap_err().contains("give the offset"), "{text}");
    }
}

#[test]
fn a_duration_has_a_unit_and_a_fixed_length() {
    assert_eq!(duration("1h 30m").unwrap().as_secs(), 5400);
    assert_eq!(duration("7d").unwrap().as_secs(), 7 * 86_400);
    assert!(duration("90").unwrap_err().contains("90d"));
    assert!(duration("1 month").unwrap_err().contains("days"));
    assert!(duration("-1h").unwrap_err().contains("negative"));
    assert!(duration("soon").is_err() && duration("").is_err());
}

#[test]
fn an_age_in_m_is_refused() {
    for text in ["3m", "3 m", "3M", "1d 3m"] {
        assert!(age(text).unwrap_err().contains("min"), "{text}");
    }
    assert_eq!(age("3m").unwrap_err(), "`m` could be minutes or months: write 3min, or for months days, such as 90d");
    assert_eq!(age("1h 30m").unwrap().as_secs(), 5400);
    assert_eq!(age("3min").unwrap().as_secs(), 180);
    assert_eq!(age("90d").unwrap().as_secs(), 90 * 86_400);
    assert!(age("90").unwrap_err().contains("90d"));
}
