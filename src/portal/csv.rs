//! Files of rows, as RFC 4180 writes them: every cell quoted, and none that a spreadsheet takes for a formula.

use std::fmt::Write as _;

/// Adds a row to a file. What would be a formula is marked as text; a number, which may begin with a sign, is none.
pub(super) fn row(text: &mut String, cells: &[impl AsRef<str>]) {
    for (place, cell) in cells.iter().enumerate() {
        let cell = cell.as_ref();
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
        let mark = if is_formula { "'" } else { "" };
        text.push_str(if place > 0 { "," } else { "" });
        // Writing to a text does not fail.
        let _ = write!(text, "\"{mark}{}\"", cell.replace('"', "\"\""));
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_neither_two_cells_nor_a_formula() {
        let mut text = String::new();
        row(&mut text, &["bpm", "a,b", "say \"x\"", "=1+1", "@x", "-1+1", "-0.5"]);
        row(&mut text, &["a\nb", ""]);
        let first = "\"bpm\",\"a,b\",\"say \"\"x\"\"\",\"'=1+1\",\"'@x\",\"'-1+1\",\"-0.5\"\r\n";
        assert_eq!(text, format!("{first}\"a\nb\",\"\"\r\n"));
    }
}
