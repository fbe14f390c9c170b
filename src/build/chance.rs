//! Seeded chance for the made-up world of the privacy bars.
//!
//! Never: chance that a real box decides by.

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, but not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `bound`; the bias of 2^-32 and less is of no matter here.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    pub fn is(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// A number of mean 0 and deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A number whose logarithm is spread by `spread` around that of `median`.
    pub fn around(&mut self, median: f64, spread: f64) -> f64 {
        median * (spread * self.normal()).exp()
    }

    /// The place of one of `shares`, which need not add up to 1.
    pub fn pick(&mut self, shares: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * shares.clone().sum::<f64>();
        let mut last = 0;
        for (at, share) in shares.enumerate() {
            if share <= 0.0 {
                continue;
            }
            last = at;
            left -= share;
            if left < 0.0 {
                break;
            }
        }
        last
    }
}

/// Eight equally likely values that stand for a number of mean 0 and deviation 1: the medians of its
/// eighths.
pub const EIGHTHS: [f64; 8] = [-1.534, -0.887, -0.489, -0.157, 0.157, 0.489, 0.887, 1.534];
