//! What a page shows of an open alert.

use jiff::tz::TimeZone;

use crate::model::people::{AlertId, PatientId};
use crate::portal::shown::{exact, list_name, moment, sentence, unit};
use crate::portal::words::chart::CHART;
use crate::store::care::alert::OpenAlert;

/// An open alert.
pub(super) struct AlertLine {
    pub(super) key: AlertId,
    pub(super) patient: PatientId,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) severity: String,
    pub(super) value: String,
    pub(super) status: String,
    pub(super) when: String,
}

/// An alert as a line.
pub(super) fn alert_line(alert: &OpenAlert, zone: &TimeZone) -> AlertLine {
    let of = alert.unit.as_deref().map(unit).unwrap_or_default();
    AlertLine {
        key: alert.alert_id,
        patient: alert.patient_id,
        name: list_name(alert.family.as_deref(), &alert.given),
        title: alert.title.clone().unwrap_or_else(|| CHART.alert.to_owned()),
        severity: sentence(&alert.severity),
        value: format!("{} {of}", exact(alert.latest)),
        status: sentence(&alert.status),
        when: moment(alert.opened_at, zone),
    }
}
