//! What is made of the metric registry when Alcove is built.
//!
//! Never: the registry's content.

pub mod cells;
pub mod generate;
pub mod registry;
// The week is the program's own: one reading of `2028-W48`, here and there.
#[path = "../src/base/week.rs"]
#[allow(dead_code)]
pub mod week;

use std::path::Path;
use std::{fs, io};

use sha2::{Digest, Sha256};

use registry::Registry;

/// Reads the registry below `manifest` and writes the Rust that follows from it to `out`.
///
/// # Errors
/// A file that cannot be read or written, or a registry that is refused.
pub fn registry(manifest: &Path, out: &Path) -> io::Result<()> {
    let file = manifest.join("src/telemetry/metrics.toml");
    println!("cargo::rerun-if-changed={}", file.display());
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/base/week.rs");
    let text = fs::read_to_string(&file)?;
    let registry = Registry::parse(&text).map_err(io::Error::other)?;
    let mut wholes = Vec::new();
    for metric in &registry.metrics {
        wholes.push(cells::cells_of(&registry, metric).map_err(io::Error::other)?);
    }
    let metrics: Vec<_> = registry.metrics.iter().zip(&wholes).collect();
    let sha256: String = Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    fs::write(out.join("metric_classes.rs"), generate::classes(&metrics))?;
    let texts = generate::texts(&registry, &sha256, &metrics);
    fs::write(out.join("metric_texts.rs"), texts)
}
