//! A table of figures, as a page shows it with bars and as a file of comma-separated values: the same rows twice.
//!
//! # Why
//! A share without its number misleads, so each has its interval beside it and how many it was counted from in its
//! row; a cell that is not told since it is of few says so in words and is no zero. Bars stand in the rows that they
//! are of, so that no label is far from its bar on a narrow screen, and who does not see them hears the numbers.

use std::fmt::Write as _;

use crate::model::time::Day;
use crate::portal::csv::row;
use crate::portal::shown::{month, number};
use crate::portal::words::figures::FIGURES;

/// So many rows are on a page; the file has all.
const ROWS_SHOWN: usize = 60;
/// Of the 95 % interval.
const Z: f64 = 1.959_964;

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    /// Its word in URLs.
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    /// What is counted, and how.
    pub(super) definition: &'static str,
    /// Of which time and places, which is not always what was chosen.
    pub(super) covers: String,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Words.
    Text(String),
    /// How many.
    Count(i64),
    /// How many, with a bar.
    Bar(i64),
    /// A share of `n`; none where one side of it is of few.
    Share { n: i64, rate: Option<f64> },
    /// A mean of stars, 1 to 5; none where there is none.
    Stars(Option<f64>),
}

/// A cell of a page.
#[derive(Clone, Debug)]
pub(super) struct CellShown {
    pub(super) text: String,
    /// Its interval.
    pub(super) interval: Option<String>,
    /// Its bar.
    pub(super) bar: Option<String>,
    pub(super) is_number: bool,
}

/// One of a list.
pub(super) struct FigureChoice {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) is_chosen: bool,
}

impl Figure {
    /// Its rows as the page shows them.
    pub(super) fn shown(&self) -> Vec<Vec<CellShown>> {
        let greatest = self.rows.iter().flatten().filter_map(|cell| match cell {
            Cell::Bar(count) => Some(*count),
            _ => None,
        });
        let greatest = greatest.max().unwrap_or(1).max(1) as f64;
        let shown = |row: &Vec<Cell>| row.iter().map(|cell| cell.shown(greatest)).collect();
        self.rows.iter().take(ROWS_SHOWN).map(shown).collect()
    }

    /// Whether the file has more rows than the page.
    pub(super) fn is_cut(&self) -> bool {
        self.rows.len() > ROWS_SHOWN
    }

    /// All of it, comma-separated.
    pub(super) fn csv(&self) -> String {
        let mut text = String::new();
        let mut head = Vec::new();
        for (place, column) in self.columns.iter().enumerate() {
            head.push((*column).to_owned());
            if self.rows.iter().any(|row| matches!(row.get(place), Some(Cell::Share { .. }))) {
                head.extend([FIGURES.interval_low, FIGURES.interval_high].map(|end| format!("{column}: {end}")));
            }
        }
        row(&mut text, &head);
        for cells in &self.rows {
            row(&mut text, &cells.iter().flat_map(Cell::raw).collect::<Vec<_>>());
        }
        text
    }
}

impl Cell {
    /// A month by its first day: `Nov 2026`.
    pub(super) fn month(first: Day) -> Cell {
        Cell::Text(month(first))
    }

    fn shown(&self, greatest: f64) -> CellShown {
        let told = |text: String| CellShown { text, interval: None, bar: None, is_number: true };
        match self {
            Cell::Text(text) => CellShown { is_number: false, ..told(text.clone()) },
            Cell::Count(count) => told(number(*count as f64)),
            Cell::Bar(count) => {
                let bar = Some(bar(*count as f64 / greatest, None));
                CellShown { bar, ..told(number(*count as f64)) }
            }
            Cell::Share { n, rate: Some(rate) } => {
                let (low, high) = wilson(*rate, *n);
                let interval = format!("{} {} {} %", percent(low), FIGURES.to, percent(high));
                CellShown {
                    text: format!("{} %", percent(*rate)),
                    interval: Some(interval),
                    bar: Some(bar(*rate, Some((low, high)))),
                    is_number: true,
                }
            }
            Cell::Share { n: ..=0, rate: None } => told(FIGURES.nobody.to_owned()),
            Cell::Share { rate: None, .. } => told(FIGURES.few.to_owned()),
            Cell::Stars(Some(stars)) => CellShown { bar: Some(bar(stars / 5.0, None)), ..told(format!("{stars:.1}")) },
            Cell::Stars(None) => told(FIGURES.not_rated.to_owned()),
        }
    }

    fn raw(&self) -> Vec<String> {
        match self {
            Cell::Text(text) => vec![text.clone()],
            Cell::Count(count) | Cell::Bar(count) => vec![count.to_string()],
            Cell::Share { n, rate: Some(rate) } => {
                let (low, high) = wilson(*rate, *n);
                [*rate, low, high].map(|share| format!("{share:.4}")).into()
            }
            Cell::Share { n: ..=0, rate: None } => vec![FIGURES.nobody.to_owned(), String::new(), String::new()],
            Cell::Share { rate: None, .. } => vec![FIGURES.few.to_owned(), String::new(), String::new()],
            Cell::Stars(stars) => vec![stars.map(|stars| format!("{stars:.2}")).unwrap_or_default()],
        }
    }
}

fn percent(share: f64) -> String {
    number((share * 1_000.0).round() / 10.0)
}

/// The interval of 95 % of a share by Wilson.
fn wilson(rate: f64, n: i64) -> (f64, f64) {
    if n <= 0 {
        return (0.0, 1.0);
    }
    let n = n as f64;
    let centre = (rate + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let reach = Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt() / (1.0 + Z * Z / n);
    ((centre - reach).max(0.0), (centre + reach).min(1.0))
}

/// A bar of a share of the whole width, and how far its interval reaches. The numbers beside it say the same.
fn bar(share: f64, reach: Option<(f64, f64)>) -> String {
    let mut svg =
        String::from("<svg class=\"share\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    let whole = "<rect class=\"whole\" x=\"0\" y=\"2\" width=\"100\" height=\"6\"/>";
    let width = (share * 100.0).clamp(0.0, 100.0);
    // Writing to a text does not fail.
    let _ = write!(svg, "{whole}<rect class=\"bar\" x=\"0\" y=\"2\" width=\"{width:.1}\" height=\"6\"/>");
    if let Some((low, high)) = reach {
        let _ = write!(svg, "<path class=\"reach\" d=\"M{:.1} 5H{:.1}\"/>", low * 100.0, high * 100.0);
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> Figure {
        Figure {
            key: "use",
            title: "Use",
            definition: "",
            covers: String::new(),
            columns: vec!["Where", "People", "Missed"],
            rows: vec![
                vec![Cell::Text("=1+1, \"x\"".to_owned()), Cell::Bar(40), Cell::Share { n: 40, rate: Some(0.25) }],
                vec![Cell::Text("B".to_owned()), Cell::Bar(20), Cell::Share { n: 20, rate: None }],
                vec![Cell::Text("C".to_owned()), Cell::Bar(0), Cell::Share { n: 0, rate: None }],
            ],
        }
    }

    #[test]
    fn a_share_has_its_interval_and_a_cell_of_few_is_no_zero() {
        let shown = figure().shown();
        let share = &shown[0][2];
        assert_eq!((share.text.as_str(), share.interval.as_deref()), ("25 %", Some("14.2 to 40.2 %")));
        assert!(share.bar.as_ref().unwrap().contains("d=\"M14.2 5H40.2\""), "{share:?}");
        assert_eq!((shown[1][2].text.as_str(), shown[1][2].bar.is_none()), (FIGURES.few, true));
        assert_eq!(shown[2][2].text, FIGURES.nobody, "nobody is not few");
        assert!(shown[1][1].bar.as_ref().unwrap().contains("width=\"50.0\""), "a count is a share of the greatest");
        assert_eq!(wilson(0.5, 0), (0.0, 1.0));
    }

    #[test]
    fn a_file_has_the_same_rows_and_no_formula() {
        let csv = figure().csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "\"Where\",\"People\",\"Missed\",\"Missed: 95 % from\",\"Missed: 95 % to\"");
        assert_eq!(lines[1], "\"'=1+1, \"\"x\"\"\",\"40\",\"0.2500\",\"0.1419\",\"0.4019\"");
        assert_eq!(lines[2], "\"B\",\"20\",\"fewer than 11\",\"\",\"\"");
        assert_eq!(lines[3], "\"C\",\"0\",\"none\",\"\",\"\"");
    }
}
