# shellcheck shell=bash
# `image/dev bench`: measures the release build, each figure beside a peer in the same run.
# Never: a figure without its target and its peer.

readonly BENCH_PACKAGES=(ffmpeg minidlna nginx-light)

cmd_bench() {
  [ $# -le 1 ] || fail "bench takes one name at most" "$(usage)"
  build_ready
  packages_without_services "for measuring" "${BENCH_PACKAGES[@]}"
  build_ui
  build_programs release
  step "building the measurements" cargo build --quiet --locked --benches --release --target-dir "$build_dir"
  exec cargo bench --quiet --locked --bench measure --target-dir "$build_dir" -- "$@"
}
