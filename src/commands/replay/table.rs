//! Table: rows under a header line that says what they are.

use std::path::Path;

use anyhow::{Context as _, bail};
use csv::{ReaderBuilder, StringRecord, Trim};

use super::files::{cannot_read, open};
use super::local_time::Zone;
use super::recording::Recording;

/// How to read the rows under one header.
pub(super) trait CsvLayout: Sized {
    /// The layout that the header promises; `None` where it is none of this kind. Names are in small letters.
    fn of(header: &CsvHeader) -> Option<Self>;

    /// Takes one row. What cannot be read is refused by itself.
    fn take(&self, row: &StringRecord, zone: &Zone, recording: &mut Recording);
}

/// The names of the columns, in small letters.
#[derive(Debug)]
pub(super) struct CsvHeader(Vec<String>);

impl CsvHeader {
    /// The place of the first column of one of these names.
    pub(super) fn place(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.0.iter().position(|column| column == name))
    }

    /// The columns `name00` to `name59` with their minutes.
    pub(super) fn minutes(&self, name: &str) -> Vec<(usize, i64)> {
        let minute = |column: &String| {
            let digits = column.strip_prefix(name)?;
            let minute = digits.parse::<i64>().ok()?;
            (digits.len() == 2 && minute < 60).then_some(minute)
        };
        self.0.iter().enumerate().filter_map(|(place, column)| Some((place, minute(column)?))).collect()
    }
}

/// Reads a table; false where its header is none of this kind.
pub(super) fn read<L: CsvLayout>(path: &Path, zone: &Zone, recording: &mut Recording) -> anyhow::Result<bool> {
    let mut file = open(path)?;
    let first = file.fill_buf().with_context(|| cannot_read(path))?;
    let first = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = delimiter(first);
    let mut rows = ReaderBuilder::new().flexible(true).trim(Trim::All).delimiter(delimiter).from_reader(file);
    let header = match rows.headers() {
        Ok(names) => CsvHeader(names.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect()),
        Err(error) if error.is_io_error() => return Err(error).with_context(|| cannot_read(path)),
        // No text, so no table.
        Err(_) => return Ok(false),
    };
    let Some(layout) = L::of(&header) else { return Ok(false) };
    let mut row = StringRecord::new();
    loop {
        match rows.read_record(&mut row) {
            Ok(false) => return Ok(true),
            Ok(true) => {
                recording.at_line(row.position().map_or(0, csv::Position::line));
                layout.take(&row, zone, recording);
            }
            Err(error) if error.is_io_error() => bail!("{}: {error}", cannot_read(path)),
            Err(error) => {
                recording.at_line(error.position().map_or(0, csv::Position::line));
                recording.refuse("a row must be UTF-8");
            }
        }
    }
}

/// What stands between the columns: whichever the header has most of.
fn delimiter(header: &[u8]) -> u8 {
    let count = |sign: u8| header.iter().filter(|byte| **byte == sign).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|sign| count(*sign)).unwrap_or(b',')
}
