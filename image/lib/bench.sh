# shellcheck shell=bash
# `image/dev bench`: measures the release build, each figure beside a peer in the same run.
# Never: a figure without its target and its peer.

readonly BENCH_PACKAGES=(ffmpeg minidlna nginx-light)
readonly FUZZ_S=300

cmd_bench() {
  [ $# -le 1 ] || fail "bench takes one name at most" "$(usage)"
  local name=${1-} met=0
  build_ready
  packages_without_services "for measuring" "${BENCH_PACKAGES[@]}"
  build_ui
  build_programs release
  if [ "$name" != api ]; then
    measure "$@" || met=1
  fi
  if [ "$name" = list ]; then
    printf '%-8s %s\n' api "$((FUZZ_S / 60)) minutes of requests that the OpenAPI document allows and that it does not"
  elif [ -z "$name" ] || [ "$name" = api ]; then
    bench_api || met=1
  fi
  return $met
}

# The measurements are one program, built like the daemon; its results go to target/bench.
measure() { cargo bench --quiet --locked --bench measure --target-dir "$build_dir" -- "$@" < /dev/null; }

bench_api() {
  local met=true
  mkdir -p "$cache_dir" "$root/target/bench"
  packages "for measuring" python3 python3-venv
  schemathesis_ready
  printf '\n== api: the daemon against its OpenAPI document, %d s\n' "$FUZZ_S"
  fuzz_api "$FUZZ_S" release < /dev/null || met=false
  printf '{"name": "api", "seconds": %d, "met": %s}\n' "$FUZZ_S" "$met" > "$root/target/bench/api.json"
  $met
}
