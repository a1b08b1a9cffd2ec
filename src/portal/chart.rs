//! A chart as SVG, made here: a line of means within the band of least and greatest, or bars of what adds up.
//!
//! # Why
//! What the reader must not be misled about decides the form. A gap stays a gap: a line joins what follows closely and
//! nothing else. Least and greatest of each bucket are drawn, so that an hour's peak shows in a year. A band for what
//! is usual and a line for a goal lie behind, and values beyond them get no colour of alarm of their own. Each chart
//! tells its name and a sentence of what it shows to who does not see it, and has a table of the same numbers beside
//! it.
//!
//! The drawing stretches with the page, and labels stand beside it as text of the page, which keeps them readable on a
//! telephone. It holds no style of its own, since the policy for content allows none.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::shown::number;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 120.0;
/// So many buckets without a value are a gap.
const GAP_BUCKETS: f64 = 3.5;
/// So many distances tell how often something is measured.
const RULE_OF: usize = 4;

/// What is drawn.
#[derive(Clone, Debug)]
pub(super) struct Chart<'a> {
    /// Unlike that of any other chart of the page.
    pub(super) key: &'a str,
    pub(super) title: &'a str,
    pub(super) describes: &'a str,
    /// Left and right end, in microseconds since 1970.
    pub(super) from: i64,
    pub(super) to: i64,
    /// By time.
    pub(super) points: &'a [ChartBucket],
    /// Whether they are bars of sums.
    pub(super) adds_up: bool,
    /// What is usual.
    pub(super) usual: Option<(f64, f64)>,
    /// What is to be reached.
    pub(super) goal: Option<f64>,
}

/// A value over a time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ChartBucket {
    pub(super) at: i64,
    pub(super) stop: i64,
    pub(super) value: f64,
    pub(super) lowest: f64,
    pub(super) highest: f64,
    pub(super) count: i64,
    /// Which device, by number.
    pub(super) device: usize,
}

/// The drawing, and what stands beside it.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    pub(super) svg: String,
    /// Greatest, middle and least of the axis.
    pub(super) labels: [String; 3],
}

impl Chart<'_> {
    /// Draws it.
    pub(super) fn draw(&self) -> Drawing {
        let (low, high) = self.bounds();
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
             aria-labelledby=\"{key}-title {key}-desc\"><title id=\"{key}-title\">{}</title>\
             <desc id=\"{key}-desc\">{}</desc>",
            escaped(self.title),
            escaped(self.describes),
            key = escaped(self.key),
        );
        let y = |value: f64| HEIGHT - (value - low) / (high - low) * HEIGHT;
        if let Some((least, greatest)) = self.usual {
            let (top, bottom) = (y(greatest).clamp(0.0, HEIGHT), y(least).clamp(0.0, HEIGHT));
            write_to(
                &mut svg,
                format_args!(
                    "<rect class=\"usual\" x=\"0\" y=\"{top:.1}\" width=\"{WIDTH}\" height=\"{:.1}\"/>",
                    bottom - top
                ),
            );
        }
        for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let x = share * WIDTH;
            write_to(&mut svg, format_args!("<path class=\"grid\" d=\"M{x:.1} 0V{HEIGHT}\"/>"));
        }
        for share in [0.0, 0.5, 1.0] {
            let line = share * HEIGHT;
            write_to(&mut svg, format_args!("<path class=\"grid\" d=\"M0 {line:.1}H{WIDTH}\"/>"));
        }
        if self.adds_up {
            self.bars(&mut svg, y)
        } else {
            self.lines(&mut svg, y)
        }
        if let Some(goal) = self.goal {
            write_to(&mut svg, format_args!("<path class=\"goal\" d=\"M0 {:.1}H{WIDTH}\"/>", y(goal)));
        }
        self.changes(&mut svg);
        svg.push_str("</svg>");
        Drawing { svg, labels: [number(high), number((low + high) / 2.0), number(low)] }
    }

    /// Least and greatest of the axis: everything drawn, with a little room, on round numbers.
    fn bounds(&self) -> (f64, f64) {
        let mut values: Vec<f64> = self.points.iter().flat_map(|point| self.ends(point)).collect();
        values.extend(self.usual.into_iter().flat_map(|(least, greatest)| [least, greatest]));
        values.extend(self.goal);
        if self.adds_up {
            values.push(0.0);
        }
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !(low.is_finite() && high.is_finite()) {
            return (0.0, 1.0);
        }
        let step = round_step((high - low).max(high.abs() * 0.02).max(1e-6) / 8.0);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        if low < high { (low, high) } else { (low - step, high + step) }
    }

    fn ends(&self, point: &ChartBucket) -> [f64; 2] {
        if self.adds_up { [point.value; 2] } else { [point.lowest, point.highest] }
    }

    fn x(&self, at: i64) -> f64 {
        (at - self.from) as f64 / (self.to - self.from).max(1) as f64 * WIDTH
    }

    fn bars(&self, svg: &mut String, y: impl Fn(f64) -> f64) {
        for point in self.points {
            let (left, right) = (self.x(point.at).max(0.0), self.x(point.stop).min(WIDTH));
            let (top, width) = (y(point.value), ((right - left) * 0.86).max(0.8));
            write_to(
                svg,
                format_args!(
                    "<rect class=\"bar\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
                    (y(0.0) - top).max(0.0)
                ),
            );
        }
    }

    fn lines(&self, svg: &mut String, y: impl Fn(f64) -> f64) {
        let middle = |point: &ChartBucket| self.x(point.at + (point.stop - point.at) / 2);
        for run in self.runs() {
            let mut band = String::new();
            for (place, point) in run.iter().enumerate() {
                let letter = if place == 0 { 'M' } else { 'L' };
                write_to(&mut band, format_args!("{letter}{:.1} {:.1}", middle(point), y(point.highest)));
            }
            for point in run.iter().rev() {
                write_to(&mut band, format_args!("L{:.1} {:.1}", middle(point), y(point.lowest)));
            }
            write_to(svg, format_args!("<path class=\"band\" d=\"{band}Z\"/>"));
            let mut line = String::new();
            for (place, point) in run.iter().enumerate() {
                let letter = if place == 0 { 'M' } else { 'L' };
                write_to(&mut line, format_args!("{letter}{:.1} {:.1}", middle(point), y(point.value)));
            }
            // One value alone is a dot.
            line.push_str(if run.len() == 1 { "h0.01" } else { "" });
            write_to(svg, format_args!("<path class=\"line\" d=\"{line}\"/>"));
        }
    }

    /// Points of each device, by time.
    fn devices(&self) -> BTreeMap<usize, Vec<&ChartBucket>> {
        let mut devices: BTreeMap<usize, Vec<&ChartBucket>> = BTreeMap::new();
        for point in self.points {
            devices.entry(point.device).or_default().push(point);
        }
        devices
    }

    /// Points of a device that follow one another closely.
    fn runs(&self) -> Vec<Vec<&ChartBucket>> {
        self.devices().values().flat_map(|points| runs_of(points)).collect()
    }

    /// Where another device begins.
    fn changes(&self, svg: &mut String) {
        let mut begins: Vec<i64> = self.devices().values().filter_map(|points| Some(points.first()?.at)).collect();
        begins.sort_unstable();
        begins.dedup();
        for at in begins.into_iter().skip(1) {
            let x = self.x(at);
            write_to(svg, format_args!("<path class=\"change\" d=\"M{x:.1} 0V{HEIGHT}\"/>"));
        }
    }
}

/// Points that follow one another closely: within some buckets, or, of what has none or is measured more rarely, within
/// some times what lies between its points as a rule.
fn runs_of<'p>(points: &[&'p ChartBucket]) -> Vec<Vec<&'p ChartBucket>> {
    let width = points.iter().map(|point| point.stop - point.at).max().unwrap_or(0);
    let mut apart: Vec<i64> = points.windows(2).filter_map(|pair| Some(pair.get(1)?.at - pair.first()?.at)).collect();
    apart.sort_unstable();
    let is_rule = width == 0 || apart.len() >= RULE_OF;
    let rule = apart.get(apart.len() / 2).copied().filter(|_| is_rule).unwrap_or(0);
    let usual = width.max(rule) as f64;
    let is_close = |one: &&ChartBucket, next: &&ChartBucket| ((next.at - one.at) as f64) < usual * GAP_BUCKETS;
    points.chunk_by(is_close).map(<[_]>::to_vec).collect()
}

/// 1, 2 or 5 times a power of ten, not below what is asked.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| *step >= least).unwrap_or(power * 10.0)
}

fn write_to(text: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a text does not fail.
    let _ = text.write_fmt(what);
}

/// Text within markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: i64, value: f64, device: usize) -> ChartBucket {
        ChartBucket { at, stop: at + 10, value, lowest: value - 1.0, highest: value + 3.0, count: 2, device }
    }

    fn chart(points: &[ChartBucket], adds_up: bool) -> Drawing {
        let chart = Chart {
            key: "k",
            title: "Pulse <b>",
            describes: "A & B",
            from: 0,
            to: 1_000,
            points,
            adds_up,
            usual: Some((60.0, 100.0)),
            goal: Some(70.0),
        };
        chart.draw()
    }

    #[test]
    fn a_gap_stays_a_gap_and_another_device_is_marked() {
        let points = [0, 10, 20, 500, 510, 900].map(|at| point(at, 65.0, usize::from(at > 505)));
        let svg = chart(&points, false).svg;
        assert_eq!(svg.matches("class=\"line\"").count(), 4, "{svg}");
        assert_eq!(svg.matches("class=\"change\"").count(), 1);
        assert!(svg.contains("h0.01"), "one value alone is a dot: {svg}");
        assert!(svg.contains("<title id=\"k-title\">Pulse &lt;b&gt;</title><desc id=\"k-desc\">A &amp; B</desc>"));
    }

    #[test]
    fn two_devices_at_once_are_two_lines_and_no_change() {
        let both: Vec<ChartBucket> =
            (0..20).flat_map(|place| [0, 1].map(|device| point(place * 10, 65.0, device))).collect();
        let svg = chart(&both, false).svg;
        assert_eq!(svg.matches("class=\"line\"").count(), 2, "{svg}");
        assert!(!svg.contains("h0.01") && !svg.contains("class=\"change\""), "{svg}");
        let rare: Vec<ChartBucket> = (0..8).map(|place| point(place * 100, 65.0, 0)).collect();
        assert_eq!(chart(&rare, false).svg.matches("class=\"line\"").count(), 1, "measured every ten buckets");
    }

    #[test]
    fn least_and_greatest_are_within_the_axis_and_no_value_breaks_it() {
        let drawing = chart(&[point(0, 250.0, 0)], false);
        let [high, _, low] = drawing.labels;
        assert!(high.parse::<f64>().unwrap() >= 253.0 && low.parse::<f64>().unwrap() <= 60.0);
        assert!(!chart(&[], false).svg.contains("NaN"));
        let bars = chart(&[point(0, 10.0, 0), point(10, 0.0, 0)], true).svg;
        assert!(bars.matches("class=\"bar\"").count() == 2 && !bars.contains("NaN"));
        let flat = Chart {
            usual: None,
            goal: None,
            ..Chart {
                key: "k",
                title: "",
                describes: "",
                from: 0,
                to: 0,
                points: &[],
                adds_up: false,
                usual: None,
                goal: None,
            }
        };
        assert!(!flat.draw().svg.contains("NaN"));
    }
}
