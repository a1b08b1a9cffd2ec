//! Declare: a metric gets its name and its help text when it is registered, and never again.

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder as _, Unit};
use metrics_exporter_prometheus::PrometheusRecorder;

/// A metric's name and its help text.
#[derive(Copy, Clone, Debug)]
pub(super) struct MetricName(pub(super) &'static str, pub(super) &'static str);

/// Registers metrics with their help texts.
pub(super) struct Declarer<'a> {
    pub(super) recorder: &'a PrometheusRecorder,
}

impl Declarer<'_> {
    const META: Metadata<'static> = Metadata::new("healthtrack", Level::INFO, None);

    pub(super) fn counter(&self, MetricName(name, help): MetricName) -> Counter {
        self.recorder.describe_counter(name.into(), None, help.into());
        self.recorder.register_counter(&Key::from_name(name), &Self::META)
    }

    pub(super) fn labelled(
        &self,
        MetricName(name, help): MetricName,
        (label, value): (&'static str, &'static str),
    ) -> Counter {
        self.recorder.describe_counter(name.into(), None, help.into());
        let key = Key::from_parts(name, vec![Label::from_static_parts(label, value)]);
        self.recorder.register_counter(&key, &Self::META)
    }

    pub(super) fn gauge(&self, MetricName(name, help): MetricName) -> Gauge {
        self.recorder.describe_gauge(name.into(), None, help.into());
        self.recorder.register_gauge(&Key::from_name(name), &Self::META)
    }

    pub(super) fn labelled_gauge(
        &self,
        MetricName(name, help): MetricName,
        (label, value): (&'static str, &'static str),
    ) -> Gauge {
        self.recorder.describe_gauge(name.into(), None, help.into());
        let key = Key::from_parts(name, vec![Label::from_static_parts(label, value)]);
        self.recorder.register_gauge(&key, &Self::META)
    }

    pub(super) fn histogram(&self, MetricName(name, help): MetricName, unit: Option<Unit>) -> Histogram {
        self.recorder.describe_histogram(name.into(), unit, help.into());
        self.recorder.register_histogram(&Key::from_name(name), &Self::META)
    }

    pub(super) fn labelled_histogram(
        &self,
        MetricName(name, help): MetricName,
        unit: Option<Unit>,
        (label, value): (&'static str, &'static str),
    ) -> Histogram {
        self.recorder.describe_histogram(name.into(), unit, help.into());
        let key = Key::from_parts(name, vec![Label::from_static_parts(label, value)]);
        self.recorder.register_histogram(&key, &Self::META)
    }
}
