//! Embeds the built web interface into the program, and makes its class types from the metric registry.
//!
//! Never: building the web interface; `image/dev` does that before cargo runs.

// The privacy tests read the rest of it.
#[allow(dead_code)]
#[path = "src/build/mod.rs"]
mod build;

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const METRICS: &str = "src/telemetry/metrics.toml";
const WORLD: &str = "tests/catalogue.toml";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ALCOVE_UI_DIST");
    // ffmpeg-sys-next tells which FFmpeg it has found.
    println!("cargo::rustc-check-cfg=cfg(coded_side_data)");
    if env::var("DEP_FFMPEG_FFMPEG_6_1").is_ok_and(|found| found == "true") {
        println!("cargo::rustc-cfg=coded_side_data");
    }
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let dist = match env::var_os("ALCOVE_UI_DIST") {
        Some(dist) => PathBuf::from(dist),
        None => manifest.join("target/ui"),
    };
    // A path that does not exist would make cargo build the crate anew every time.
    fs::create_dir_all(&dist)?;
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    collect(&dist, &mut files)?;
    // By text, as the search at run time compares; paths compare by their parts.
    files.sort_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    let mut source = String::from("static ASSETS: &[Asset] = &[\n");
    for file in &files {
        if !is_variant(file) {
            describe(&dist, file, &mut source)?;
        }
    }
    source.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    fs::write(out.join("ui_assets.rs"), source)?;
    registry(&manifest, &out)
}

/// Makes the class types, unless the registry tells too much.
fn registry(manifest: &Path, out: &Path) -> io::Result<()> {
    for input in ["src/build", "src/base/week.rs", METRICS, WORLD] {
        println!("cargo::rerun-if-changed={input}");
    }
    let metrics = fs::read_to_string(manifest.join(METRICS))?;
    let world = fs::read_to_string(manifest.join(WORLD))?;
    let made =
        build::make(&metrics, &world).map_err(|fault| io::Error::other(fault.to_string()))?;
    fs::write(out.join("metric_classes.rs"), made.classes)?;
    fs::write(out.join("metric_texts.rs"), made.texts)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// True for the compressed form of a file that lies beside it.
fn is_variant(file: &Path) -> bool {
    let compressed = file
        .extension()
        .is_some_and(|extension| extension == "br" || extension == "gz");
    compressed && file.with_extension("").is_file()
}

fn describe(dist: &Path, file: &Path, source: &mut String) -> io::Result<()> {
    let below = file.strip_prefix(dist).expect("collected below it");
    let address = format!(
        "/{}",
        below.to_str().expect("the build names files in ASCII")
    );
    let bytes = fs::read(file)?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let variant = |extension: &str| {
        let mut path = file.as_os_str().to_owned();
        path.push(extension);
        let path = PathBuf::from(path);
        if path.is_file() {
            format!("Some(include_bytes!({path:?}))")
        } else {
            "None".to_owned()
        }
    };
    writeln!(
        source,
        "    Asset {{ address: {address:?}, mime: {:?}, etag: \"{:016x}\", hashed: {}, plain: include_bytes!({file:?}), brotli: {}, gzip: {} }},",
        mime(file),
        hasher.finish(),
        address.starts_with("/assets/"),
        variant(".br"),
        variant(".gz"),
    )
    .expect("writing to a string does not fail");
    Ok(())
}

fn mime(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
