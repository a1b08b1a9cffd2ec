//! Speed: how fast a recording is replayed.

/// How fast.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Speed {
    /// As fast as the broker takes them.
    Max,
    /// So many times faster than they were measured.
    Times(f64),
}

/// Takes `max`, or a number above zero.
pub(super) fn parse_speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let times = text.parse().ok().filter(|times: &f64| times.is_finite() && *times > 0.0);
    times.map(Speed::Times).ok_or_else(|| "write max, or a number above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_max_or_a_number_above_zero() {
        assert_eq!(parse_speed("max"), Ok(Speed::Max));
        assert_eq!(parse_speed("3600"), Ok(Speed::Times(3_600.0)));
        for text in ["", "0", "-1", "fast", "NaN", "inf"] {
            assert!(parse_speed(text).is_err(), "{text}");
        }
    }
}
