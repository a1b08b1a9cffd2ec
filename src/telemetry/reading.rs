//! What this process itself reads of its metrics; everybody else scrapes them.

use super::Telemetry;

const CONNECTED: &str = "healthtrack_mqtt_connected ";

impl Telemetry {
    /// Connections to the broker that are up and subscribed: before that, a broker without a session keeps nothing.
    pub fn subscribed_connections(&self) -> u64 {
        // A gauge's handle only writes, so the text is the place to read it; this is asked while starting alone.
        let text = self.render();
        let value = text.lines().find_map(|line| line.strip_prefix(CONNECTED)?.trim().parse::<f64>().ok());
        value.unwrap_or_default().max(0.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gauge_is_read_back() {
        let telemetry = Telemetry::new().unwrap();
        assert_eq!(telemetry.subscribed_connections(), 0);
        telemetry.mqtt_connected.set(2.0);
        assert_eq!(telemetry.subscribed_connections(), 2);
        telemetry.mqtt_connected.decrement(1.0);
        assert_eq!(telemetry.subscribed_connections(), 1);
    }
}
