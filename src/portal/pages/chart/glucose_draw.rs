//! Drawings of a glucose profile: the hours of a day with their bands, the stacked bar of ranges, a day in small. One
//! axis for everybody, 0 to 400 mg/dL, so that two people and two days are seen alike.

use std::fmt::Write as _;

use crate::model::glucose::{SLOTS, TARGET};

/// The top of the axis, in mg/dL.
const TOP: f64 = 400.0;
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;

fn x(slot: usize) -> f64 {
    (slot as f64 + 0.5) / SLOTS as f64 * WIDTH
}

fn y(value: f64) -> f64 {
    (1.0 - value.clamp(0.0, TOP) / TOP) * HEIGHT
}

fn write_to(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _ = text.write_fmt(what);
}

fn grounds(svg: &mut String) {
    let (low, high) = TARGET;
    let height = y(low) - y(high);
    write_to(
        svg,
        format_args!("<rect class=\"usual\" x=\"0\" y=\"{:.1}\" width=\"{WIDTH}\" height=\"{height:.1}\"/>", y(high)),
    );
}

/// Slots that follow one another, each with what is known of it.
fn runs<T: Copy>(slots: &[Option<T>]) -> Vec<Vec<(usize, T)>> {
    let mut runs: Vec<Vec<(usize, T)>> = Vec::new();
    let mut is_open = false;
    for (slot, told) in slots.iter().enumerate() {
        match (told, runs.last_mut().filter(|_| is_open)) {
            (Some(told), Some(run)) => run.push((slot, *told)),
            (Some(told), None) => runs.push(vec![(slot, *told)]),
            (None, _) => {}
        }
        is_open = told.is_some();
    }
    runs
}

fn line(run: &[(usize, f64)]) -> String {
    let mut path = String::new();
    for (place, (slot, value)) in run.iter().enumerate() {
        let letter = if place == 0 { 'M' } else { 'L' };
        write_to(&mut path, format_args!("{letter}{:.1} {:.1}", x(*slot), y(*value)));
    }
    // One value alone is a dot.
    path.push_str(if run.len() == 1 { "h0.01" } else { "" });
    path
}

fn band(svg: &mut String, class: &str, run: &[(usize, [f64; 5])], lower: usize, upper: usize) {
    let at = |told: &[f64; 5], place: usize| told.get(place).copied().unwrap_or_default();
    let mut path = String::new();
    for (place, (slot, told)) in run.iter().enumerate() {
        let letter = if place == 0 { 'M' } else { 'L' };
        write_to(&mut path, format_args!("{letter}{:.1} {:.1}", x(*slot), y(at(told, upper))));
    }
    for (slot, told) in run.iter().rev() {
        write_to(&mut path, format_args!("L{:.1} {:.1}", x(*slot), y(at(told, lower))));
    }
    write_to(svg, format_args!("<path class=\"{class}\" d=\"{path}Z\"/>"));
}

/// The hours of a day: median, and the bands of half and of nine tenths. Texts have nothing to be escaped.
pub(super) fn curve(quantiles: &[Option<[f64; 5]>], title: &str, describes: &str) -> String {
    let mut svg = format!(
        "<svg class=\"chart curve\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-labelledby=\"curve-title curve-desc\"><title id=\"curve-title\">{title}</title>\
         <desc id=\"curve-desc\">{describes}</desc>"
    );
    grounds(&mut svg);
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        write_to(&mut svg, format_args!("<path class=\"grid\" d=\"M{:.1} 0V{HEIGHT}\"/>", share * WIDTH));
        write_to(&mut svg, format_args!("<path class=\"grid\" d=\"M0 {:.1}H{WIDTH}\"/>", share * HEIGHT));
    }
    for run in runs(quantiles) {
        band(&mut svg, "band", &run, 0, 4);
        band(&mut svg, "half", &run, 1, 3);
        let median: Vec<(usize, f64)> = run.iter().map(|(slot, [_, _, median, ..])| (*slot, *median)).collect();
        write_to(&mut svg, format_args!("<path class=\"line\" d=\"{}\"/>", line(&median)));
    }
    svg.push_str("</svg>");
    svg
}

/// Ranges beside one another, the lowest first.
pub(super) fn bar(ranges: &[f64; 5], title: &str, describes: &str) -> String {
    let mut svg = format!(
        "<svg class=\"ranges\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-labelledby=\"ranges-title ranges-desc\"><title id=\"ranges-title\">{title}</title>\
         <desc id=\"ranges-desc\">{describes}</desc>"
    );
    let mut gone = 0.0;
    for (range, share) in ranges.iter().enumerate() {
        let width = share * 100.0;
        write_to(
            &mut svg,
            format_args!("<rect class=\"r{range}\" x=\"{gone:.2}\" y=\"0\" width=\"{width:.2}\" height=\"10\"/>"),
        );
        gone += width;
    }
    svg.push_str("</svg>");
    svg
}

/// A day in small; what it shows is told beside it.
pub(super) fn small(slots: &[Option<f64>]) -> String {
    let mut svg = format!(
        "<svg class=\"chart small\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
    );
    grounds(&mut svg);
    for run in runs(slots) {
        write_to(&mut svg, format_args!("<path class=\"line\" d=\"{}\"/>", line(&run)));
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_measured_is_not_drawn() {
        let mut slots = vec![Some([60.0, 90.0, 120.0, 150.0, 200.0]); SLOTS];
        slots[3] = None;
        let svg = curve(&slots, "A day", "x");
        assert_eq!([svg.matches("class=\"line\"").count(), svg.matches("class=\"half\"").count()], [2, 2]);
        assert!(svg.contains("M7.5 168.0"), "120 of 400 mg/dL in the middle of the first half hour: {svg}");
        assert!(small(&[None, Some(100.0), None]).contains("h0.01"), "one value alone is a dot");
    }

    #[test]
    fn ranges_stand_beside_one_another() {
        let svg = bar(&[0.01, 0.04, 0.7, 0.2, 0.05], "Ranges", "x");
        assert!(svg.contains("class=\"r2\" x=\"5.00\" y=\"0\" width=\"70.00\""), "{svg}");
    }
}
