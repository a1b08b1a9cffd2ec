//! Table: rows under a header line that says what they are.
//!
//! Exports put lines above the header: the name of the report, who made it, for whom. They are passed over until a line
//! names columns that a layout knows, and nothing of them is kept. `Glucose Value (mg/dL)`, `glucose_value_mg_dl` and
//! `GlucoseValue mg/dL` are one name: only letters and digits count.
//!
//! Where dates end with their year, the file is read twice: first until a row proves whether day or month stands
//! first, then for its rows. The order holds for the whole file, and a row that contradicts it stops the replay before
//! anything is published: the rows before it may be read wrongly too.

use std::io::{BufRead, Read as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use csv::{Reader, ReaderBuilder, StringRecord, Trim};

use super::files::{cannot_read, open};
use super::local_time::{DayOrder, When, WrittenTime};
use super::recording::Recording;

/// Lines above the header.
const LINES_ABOVE_MAX: usize = 30;
/// Bytes of a line that may be the header.
const HEADER_BYTES_MAX: u64 = 64 * 1024;

/// How to read the rows under one header.
pub(super) trait CsvLayout: Sized {
    /// The order of dates that the vendor writes in every country.
    const DAY_ORDER: Option<DayOrder> = None;

    /// The column of the times.
    fn time(&self) -> usize;

    /// Takes one row, and its time if it has one. What cannot be read is refused by itself.
    fn take(&mut self, row: &StringRecord, when: Option<When>, recording: &mut Recording);

    /// After the last row: what speaks against the whole file.
    fn objection(&self) -> Option<String> {
        None
    }
}

/// The names of the columns, in small letters and digits.
#[derive(Debug)]
pub(super) struct CsvHeader(Vec<String>);

impl CsvHeader {
    fn of(row: &StringRecord) -> CsvHeader {
        let letters = |name: &str| name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>();
        CsvHeader(row.iter().map(|name| letters(name).to_lowercase()).collect())
    }

    /// The place of the first column of one of these names.
    pub(super) fn place(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.0.iter().position(|column| column == name))
    }

    /// The names, as they stand.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
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

/// The rows of a file, after its header.
struct Table<L> {
    layout: L,
    rows: Reader<Box<dyn BufRead>>,
    /// Lines up to the header, with it.
    lines_above: u64,
}

/// Reads a table; false where no header of this kind is in it. `new` is the layout that a header promises.
pub(super) fn read<L: CsvLayout>(
    path: &Path,
    new: impl Fn(&CsvHeader) -> Option<L>,
    asked: Option<DayOrder>,
    recording: &mut Recording,
) -> anyhow::Result<bool> {
    let Some(mut table) = begin(path, &new)? else { return Ok(false) };
    let mut order = asked;
    let mut row = StringRecord::new();
    while let Some(line) = table.next_row(&mut row, path, |line| {
        recording.at_line(line);
        recording.refuse("a row must be UTF-8");
    })? {
        recording.at_line(line);
        let written = row.get(table.layout.time()).and_then(WrittenTime::parse);
        let when = match written {
            Some(written) if written.has_order() => {
                let known = match order {
                    Some(known) => known,
                    None => *order.insert(day_order(path, &new)?),
                };
                Some(written.when(known).with_context(|| contradiction(path, line, known, asked.is_some()))?)
            }
            written => written.and_then(|written| written.when(DayOrder::DayFirst)),
        };
        table.layout.take(&row, when, recording);
    }
    if let Some(objection) = table.layout.objection() {
        bail!("{}: {objection}", path.display());
    }
    Ok(true)
}

/// Finds the header; the layout and its rows.
fn begin<L: CsvLayout>(path: &Path, new: impl Fn(&CsvHeader) -> Option<L>) -> anyhow::Result<Option<Table<L>>> {
    let mut file = open(path)?;
    for lines_above in 1..=LINES_ABOVE_MAX as u64 {
        let mut line = Vec::new();
        let mut within = file.by_ref().take(HEADER_BYTES_MAX);
        if within.read_until(b'\n', &mut line).with_context(|| cannot_read(path))? == 0 {
            return Ok(None);
        }
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let reader = |delimiter| {
            let mut builder = ReaderBuilder::new();
            builder.has_headers(false).flexible(true).trim(Trim::All).delimiter(delimiter);
            builder
        };
        let delimiter = delimiter(line);
        let mut names = StringRecord::new();
        // What is no text is no header.
        let is_read = reader(delimiter).from_reader(line).read_record(&mut names).unwrap_or(false);
        if let Some(layout) = is_read.then(|| new(&CsvHeader::of(&names))).flatten() {
            return Ok(Some(Table { layout, rows: reader(delimiter).from_reader(file), lines_above }));
        }
    }
    Ok(None)
}

impl<L: CsvLayout> Table<L> {
    /// The next row that can be read, and its line; `None` at the end. Lines that are no text go to `refuse`.
    fn next_row(
        &mut self,
        row: &mut StringRecord,
        path: &Path,
        mut refuse: impl FnMut(u64),
    ) -> anyhow::Result<Option<u64>> {
        loop {
            let line = |position: Option<&csv::Position>| self.lines_above + position.map_or(0, csv::Position::line);
            match self.rows.read_record(row) {
                Ok(false) => return Ok(None),
                Ok(true) => return Ok(Some(line(row.position()))),
                Err(error) if error.is_io_error() => bail!("{}: {error}", cannot_read(path)),
                Err(error) => refuse(line(error.position())),
            }
        }
    }
}

/// The order of the dates of a file: what a row proves, else what the vendor always writes.
fn day_order<L: CsvLayout>(path: &Path, new: impl Fn(&CsvHeader) -> Option<L>) -> anyhow::Result<DayOrder> {
    let mut row = StringRecord::new();
    if let Some(mut table) = begin(path, new)? {
        while table.next_row(&mut row, path, |_| {})?.is_some() {
            let written = row.get(table.layout.time()).and_then(WrittenTime::parse);
            if let Some(proof) = written.and_then(WrittenTime::proof) {
                return Ok(proof);
            }
        }
    }
    L::DAY_ORDER.with_context(|| {
        let path = path.display();
        format!("{path}: no date says whether its day or its month stands first; say --day-first or --month-first")
    })
}

/// Why a row that has the other order than its file stops the replay.
fn contradiction(path: &Path, line: u64, order: DayOrder, is_asked: bool) -> String {
    let path = path.display();
    if is_asked {
        return format!(
            "{path}:{line}: this date is not {order}, as the option says; leave the option out, or correct it"
        );
    }
    format!("{path}:{line}: this date is not {order}, as another one of the file is; correct the file, or split it")
}

/// What stands between the columns: whichever the header has most of.
fn delimiter(header: &[u8]) -> u8 {
    let count = |sign: u8| header.iter().filter(|byte| **byte == sign).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|sign| count(*sign)).unwrap_or(b',')
}
