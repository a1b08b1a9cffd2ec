//! A recording: its order, its messages, its names.

use super::*;
use crate::commands::replay::local_time::ClockHabit;

static STEPS: Measure =
    Measure { metric: "step_count", unit: None, span_us: Some(60_000_000), is_coded: false, habit: ClockHabit::Grid };

fn add(recording: &mut Recording, device: usize, at: i64, value: f64) {
    recording.add(SampleSlot::new(device, &STEPS, When::Moment(at)), RowValue::Number(value));
}

#[test]
fn a_track_is_sorted_and_equal_times_keep_the_order_of_the_file() {
    let mut recording = Recording::default();
    let device = recording.device("d").unwrap();
    for (at, value) in [(60, 2.0), (0, 1.0), (60, 3.0), (30, 4.0)] {
        add(&mut recording, device, at * 1_000_000, value);
    }
    recording.sort();
    let pieces = recording.pieces();
    let message = recording.message(&pieces[0], "main").unwrap();
    assert_eq!(message.topic, "ht/1/main/d/batch");
    let text = String::from_utf8(message.payload.to_vec()).unwrap();
    assert!(text.contains(r#""times":[0,30000,60000,60000]"#), "{text}");
    assert!(text.contains(r#""ends":[60000,90000,120000,120000],"values":[1,4,2,3]"#), "{text}");
}

#[test]
fn long_tracks_are_cut_and_each_piece_is_due_with_its_last_sample() {
    let mut recording = Recording::default();
    for (name, offset) in [("a", 0), ("b", 500)] {
        let device = recording.device(name).unwrap();
        (0..1_300).for_each(|second| add(&mut recording, device, offset + second, 1.0));
    }
    let dues: Vec<(i64, usize)> = recording.pieces().iter().map(|piece| (piece.due, piece.device)).collect();
    assert_eq!(dues, [(599, 0), (1_099, 1), (1_199, 0), (1_299, 0), (1_699, 1), (1_799, 1)]);
}

#[test]
fn a_name_from_a_folder_is_made_one_that_can_be_a_device() {
    assert_eq!(device_name("empatica", "session 1 (left)"), "empatica-session-1--left-");
    assert_eq!(device_name("omh", &"é".repeat(100)).len(), 64);
}
