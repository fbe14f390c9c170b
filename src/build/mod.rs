//! What is made of the metric registry when Alcove is built.
//!
//! Never: the registry's content.

pub mod bars;
pub mod catalogue;
pub mod cells;
pub mod chance;
pub mod chances;
pub mod facts;
pub mod generate;
pub mod lens;
pub mod registry;
pub mod tables;
pub mod world;
// The week is the program's own: one reading of `2028-W48`, here and there.
#[path = "../base/week.rs"]
pub mod week;

use std::error::Error;

use sha2::{Digest, Sha256};

use catalogue::Marginals;
use registry::Registry;

/// Rust that is made of a registry.
pub struct Made {
    /// For `telemetry::class`.
    pub classes: String,
    /// For `telemetry::registry`.
    pub texts: String,
}

/// Makes it from the texts of `metrics.toml` and `catalogue.toml`.
///
/// # Errors
/// A registry that is not clear, or that tells too much in the made-up world; with the metric's name.
pub fn make(metrics: &str, world: &str) -> Result<Made, Box<dyn Error>> {
    let registry = Registry::parse(metrics)?;
    bars::check(&registry, &Marginals::parse(world)?)?;
    let mut wholes = Vec::new();
    for metric in &registry.metrics {
        wholes.push(cells::cells_of(&registry, metric)?);
    }
    let wholes: Vec<_> = registry.metrics.iter().zip(&wholes).collect();
    let hash = Sha256::digest(metrics.as_bytes());
    let sha256: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Made {
        classes: generate::classes(&wholes),
        texts: generate::texts(&registry, &sha256, &wholes),
    })
}
