//! stub
/// Bytes to readings.
pub mod decode;

/// Readings to samples.
pub mod validate;
