use crate::response_headers::ServerTime;
use ldtokens_client::UnixMillis;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn millis(millis: i64) -> UnixMillis {
    UnixMillis::new(millis)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn a_time_named_by_the_server_is_never_reached_too_early() {
    // The server is 1,000,000.4 s ahead of our monotonic clock.
    let mut time = ServerTime::default();
    for sent in (0..3_000).step_by(70) {
        let written = 1_000_000_400 + sent as i64 + 5;
        time.update(millis(written - written % 1000), ms(sent), ms(sent + 10), SystemTime::now());
        let named = 1_000_010_000;
        let ours = time.when(millis(named)).unwrap();
        assert!(ours >= ms(9_600), "{ours:?}");
        assert!(ours <= ms(10_610), "{ours:?}");
    }
    assert!(time.when(millis(1_000_010_000)).unwrap() < ms(9_700), "many responses narrow it down");
}

#[test]
fn a_server_clock_that_was_set_back_is_followed() {
    let mut time = ServerTime::default();
    let wall = UNIX_EPOCH + ms(7_000);
    time.update(millis(900_000), ms(0), ms(1), wall);
    time.update(millis(300_000), ms(5_000), ms(5_001), wall + ms(5_000));
    assert_eq!(time.when(millis(300_000)), Some(ms(5_001)));
    assert_eq!(time.now(wall + ms(5_000), ms(5_001)).get(), 300_000);
}

#[test]
fn the_servers_time_advances_during_suspend() {
    let mut time = ServerTime::default();
    let wall = UNIX_EPOCH + ms(7_000);
    time.update(millis(900_000), ms(0), ms(1), wall);
    let now = time.now(wall + ms(3_600_000), ms(1));
    assert_eq!(now.get(), 4_500_000);
    let unknown = ServerTime::default().now(wall, ms(1));
    assert_eq!(unknown.get(), 7_000);
}

#[test]
fn a_wall_clock_that_is_set_back_does_not_set_back_the_servers_time() {
    let mut time = ServerTime::default();
    let wall = UNIX_EPOCH + ms(7_200_000);
    time.update(millis(9_000_000), ms(0), ms(1), wall);
    let now = time.now(wall - ms(3_600_000), ms(60_001));
    assert_eq!(now.get(), 9_060_000);
}

#[test]
fn a_date_that_agrees_with_earlier_ones_changes_nothing() {
    let mut time = ServerTime::default();
    time.update(millis(10_000), ms(4_000), ms(5_000), UNIX_EPOCH);
    assert_eq!(time.when(millis(10_000)), Some(ms(5_000)));
    // The server's clock was between 10 and 11 s when ours was between 6 and 7 s.
    time.update(millis(10_000), ms(6_000), ms(7_000), UNIX_EPOCH);
    assert_eq!(time.when(millis(10_000)), Some(ms(5_000)));
}
