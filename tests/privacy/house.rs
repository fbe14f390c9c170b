//! The registry and the world that all bars share.

use std::sync::LazyLock;

use crate::build::catalogue::Marginals;
use crate::build::lens::Lens;
use crate::build::registry::Registry;

pub const METRICS: &str = include_str!("../../src/telemetry/metrics.toml");
pub const WORLD: &str = include_str!("../catalogue.toml");

pub static MARGINALS: LazyLock<Marginals> =
    LazyLock::new(|| Marginals::parse(WORLD).expect("the made-up world"));

pub static REGISTRY: LazyLock<Registry> =
    LazyLock::new(|| Registry::parse(METRICS).expect("the registry that was built"));

pub static LENS: LazyLock<Lens> =
    LazyLock::new(|| Lens::new(&REGISTRY).expect("checked by the build"));
