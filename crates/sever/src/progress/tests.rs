//! What the meter draws, on a terminal held in memory.

use std::io;
use std::sync::{Arc, Mutex};

use indicatif::TermLike;

use super::*;

/// Keeps what was last written to it.
#[derive(Debug, Clone, Default)]
struct Screen(Arc<Mutex<String>>);

impl TermLike for Screen {
    fn width(&self) -> u16 {
        120
    }
    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().push_str(text);
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        self.0.lock().unwrap().clear();
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

fn drawn(total: Option<u64>, unit: Unit) -> String {
    let screen = Screen::default();
    let mut meter = Meter::on(ProgressDrawTarget::term_like(Box::new(screen.clone())));
    meter.begin("scan", total, unit);
    meter.advance(512);
    meter.bar.force_draw();
    screen.0.lock().unwrap().clone()
}

#[test]
fn a_known_total_shows_share_amount_and_time_left() {
    let line = drawn(Some(2_048), Unit::Bytes);
    assert!(line.starts_with("scan ━"), "{line}");
    assert!(line.contains("25 %") && line.contains("512 B of 2.00 KiB") && line.contains("left"), "{line}");
    let line = drawn(Some(1_024), Unit::Items);
    assert!(line.contains("50 %") && line.contains("512 of 1,024"), "{line}");
}

#[test]
fn an_unknown_total_shows_amount_and_rate() {
    let line = drawn(None, Unit::Items);
    assert!(line.contains("512") && !line.contains('%') && !line.contains("left"), "{line}");
}

#[test]
fn a_silent_meter_counts_and_draws_nothing() {
    let mut meter = Meter::silent();
    meter.begin("sync", Some(3), Unit::Items);
    meter.advance(2);
    assert_eq!(meter.done(), 2);
    assert!(meter.bar.is_hidden());
}
