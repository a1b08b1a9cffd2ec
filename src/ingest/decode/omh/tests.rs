//! What the decoder promises.
