//! Random: numbers that depend on their arguments alone, so that any moment can be made without the ones before it.

/// Steele, Lea, Flood, "Fast splittable pseudorandom number generators": one step of splitmix64.
fn splitmix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ state >> 31
}

/// A pseudo-random number, from a seed and a place.
pub fn mix(seed: u64, one: u64, two: u64) -> u64 {
    splitmix(splitmix(splitmix(seed) ^ one) ^ two)
}

/// The same as a fraction, `0 <= fraction < 1`.
pub fn fraction(seed: u64, one: u64, two: u64) -> f64 {
    (mix(seed, one, two) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_fill_their_range_evenly() {
        let mean = (0..10_000).map(|place| fraction(1, 2, place)).sum::<f64>() / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
        assert!((0..10_000).all(|place| (0.0..1.0).contains(&fraction(7, place, 0))));
        assert_ne!(mix(1, 2, 3), mix(1, 3, 2));
    }
}
