//! Whether the broker can be reached, accepts our login, speaks MQTT 5, and whether its limits fit ours.

use super::finding::Findings;
use super::trial;
use crate::config::MqttConfig;
use crate::mqtt::connect::broker_url;
use crate::mqtt::probe::{BrokerLimits, probe};

/// What a filter begins with where the broker deals its messages out among several daemons.
const SHARED: &str = "$share/";

pub(super) async fn check(config: &MqttConfig, is_deep: bool, findings: &mut Findings) {
    let advice = "start the broker, or correct mqtt.url (HEALTHTRACK__MQTT__URL) and the login in it";
    let url = match broker_url(config) {
        Ok(url) => url,
        Err(error) => return findings.fail(format!("broker: {error}"), advice),
    };
    match probe(&url, config.session_expiry_s).await {
        Ok(limits) => {
            findings.ok(format!("broker at {}: accepts our login, speaks MQTT 5", limits.shown));
            check_limits(&limits, config, findings);
            trial::check(&url, config, is_deep, findings).await;
        }
        Err(error) => findings.fail(format!("broker: {:#}", anyhow::Error::from(error)), advice),
    }
    check_filters(&config.filters, findings);
}

fn check_limits(limits: &BrokerLimits, config: &MqttConfig, findings: &mut Findings) {
    if limits.qos_max < 1 {
        findings.fail("broker: offers QoS 0 only, which loses messages", "let it offer QoS 1");
    }
    let (theirs, wanted) = (limits.session_expiry_s, config.session_expiry_s);
    if theirs < wanted {
        findings.fail(
            format!("broker: keeps a session for {theirs} s without a connection; we ask for {wanted} s"),
            "raise the broker's limit of the session expiry, or lower mqtt.session_expiry_s and know that what waits \
             for longer is lost",
        );
    } else {
        findings.ok(format!("broker: keeps a session for {theirs} s without a connection"));
    }
    let ours = config.packet_bytes_max;
    match limits.packet_bytes_max {
        Some(theirs) if theirs <= ours => {
            findings.ok(format!("broker: accepts packets of {theirs} bytes; we accept {ours}"))
        }
        theirs => {
            let theirs = theirs.map_or("any size".to_owned(), |theirs| format!("{theirs} bytes"));
            findings.warn(
                format!("broker: accepts packets of {theirs} and silently drops those above our {ours}"),
                format!("limit it to {ours} (mosquitto: max_packet_size {ours}), or raise mqtt.packet_bytes_max"),
            );
        }
    }
}

fn check_filters(filters: &[String], findings: &mut Findings) {
    let shared = filters.iter().filter(|filter| filter.starts_with(SHARED)).count();
    if shared > 0 {
        findings.warn(
            format!("filters: {shared} begin with {SHARED}, so the broker may deal one device out to two daemons"),
            "keep each topic with one consumer, or give each daemon the topics of its own shard instead",
        );
    } else {
        findings.ok(format!("filters: {}", filters.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn levels(check: impl Fn(&mut Findings)) -> Vec<Level> {
        let mut findings = Findings::default();
        check(&mut findings);
        findings.0.iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn a_shared_filter_is_warned_of() {
        assert_eq!(levels(|findings| check_filters(&["ht/1/main/+/+".to_owned()], findings)), [Level::Ok]);
        assert_eq!(levels(|findings| check_filters(&["$share/g/ht/1/#".to_owned()], findings)), [Level::Warn]);
    }

    fn limits(session_expiry_s: u32) -> BrokerLimits {
        BrokerLimits { shown: String::new(), session_expiry_s, receive_max: 20, packet_bytes_max: None, qos_max: 2 }
    }

    #[test]
    fn a_broker_that_keeps_sessions_for_a_shorter_time_than_it_is_asked_to_fails() {
        let config = crate::config::Config::read(None, std::iter::empty()).unwrap().mqtt;
        for (expiry_s, level) in [(86_400, Level::Fail), (604_800, Level::Ok)] {
            assert_eq!(levels(|findings| check_limits(&limits(expiry_s), &config, findings))[0], level);
        }
    }

    #[test]
    fn a_broker_that_takes_longer_packets_than_we_do_is_warned_of() {
        let config = crate::config::Config::read(None, std::iter::empty()).unwrap().mqtt;
        for (packet_bytes_max, level) in [(Some(1_000), Level::Ok), (Some(u32::MAX), Level::Warn), (None, Level::Warn)]
        {
            let limits = BrokerLimits { packet_bytes_max, ..limits(config.session_expiry_s) };
            assert_eq!(levels(|findings| check_limits(&limits, &config, findings))[1], level);
        }
    }
}
