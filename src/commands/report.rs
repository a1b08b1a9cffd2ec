//! Report: how subcommands write for people and for programs. Results go to stdout, everything else to stderr; colours
//! and bars only where somebody watches.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// How often a bar is drawn where nothing moves.
const TICK: Duration = Duration::from_millis(200);

/// One column of a table: its heading, and on which side its cells stand.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Column {
    /// Words.
    Left(&'static str),
    /// Numbers.
    Right(&'static str),
}

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Column::Left(heading) | Column::Right(heading) => heading,
        }
    }
}

/// Writes one line, or several, to stdout. Unlike `println!` it does not panic where the reader has gone.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Writes a value as one line of JSON to stdout.
pub(crate) fn print_json<T: Serialize + ?Sized>(value: &T) -> anyhow::Result<()> {
    print(&serde_json::to_string(value)?)
}

/// Lines of cells under their headings.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    let headings: Vec<String> = columns.iter().map(|column| column.heading().to_owned()).collect();
    let width = |place: usize| {
        let cells = std::iter::once(&headings).chain(rows).filter_map(|row| row.get(place));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for row in std::iter::once(&headings).chain(rows) {
        let mut line = String::new();
        for ((cell, width), column) in row.iter().zip(&widths).zip(columns) {
            let room = " ".repeat(width.saturating_sub(cell.chars().count()));
            match column {
                Column::Left(_) => line.extend([cell.as_str(), &room, "  "]),
                Column::Right(_) => line.extend([room.as_str(), cell, "  "]),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `1 device`, `2 devices`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A number with a comma at each thousand.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A bar on stderr for `length` steps; invisible where stderr is no terminal.
pub(crate) fn bar(length: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let form = format!("{{wide_bar}} {{human_pos}}/{{human_len}} {what}, {{per_sec}}, {{eta}} to go");
    if let Ok(style) = ProgressStyle::with_template(&form) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

/// True where results go to a person's screen.
pub(crate) fn is_watched() -> bool {
    io::stdout().is_terminal()
}

/// True where the reader of our output has gone: `healthtrack samples | head` is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_left_and_numbers_right() {
        let rows = [vec!["watch-7".to_owned(), "5".to_owned()], vec!["x".to_owned(), "1234567".to_owned()]];
        let expected = "device   samples\nwatch-7        5\nx        1234567\n";
        assert_eq!(table(&[Column::Left("device"), Column::Right("samples")], &rows), expected);
    }

    #[test]
    fn a_number_has_a_comma_at_each_thousand() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_told_from_a_failure() {
        let gone = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe)).context("writing");
        assert!(is_broken_pipe(&gone));
        assert!(!is_broken_pipe(&anyhow::anyhow!("no database")));
    }
}
