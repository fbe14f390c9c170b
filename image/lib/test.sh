# shellcheck shell=bash
# `image/dev test`: every check, stage by stage, each with its time; one line of numbers in the end.
# Never: an end at the first stage that fails, or a write into the clone other than npm's packages and target/.

readonly NEXTEST_VERSION=0.9.143
readonly STAGES=(format lint scripts ui rust browser api)
readonly TEST_PACKAGES=(ffmpeg fonts-dejavu-core shellcheck python3 python3-venv systemd iproute2 nftables
  qemu-system-arm u-boot-qemu u-boot-tools mtools dosfstools fdisk dbus openssl
  gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav)

passed=0
failed=0
failures=()
# Why the browser tests did not run; empty when they did.
browser_left_out=""

cmd_test() {
  [ $# -le 1 ] || fail "test takes one filter at most" "$(usage)"
  local filter=${1-} stage
  test_start=$(now_ms)
  # Whatever ends the run, the last line has the numbers.
  trap test_ended EXIT
  caches_outside_the_clone
  one_test_run_at_a_time
  build_ready rustfmt rust-clippy
  packages "for testing" "${TEST_PACKAGES[@]}"
  for stage in "${STAGES[@]}"; do
    if [ -z "$filter" ] || [ "$filter" = "$stage" ]; then
      run_stage "$stage"
    fi
  done
  if [ -n "$filter" ] && ! is_stage "$filter"; then
    run_stage rust "$filter"
    run_stage browser "$filter"
    [ $((passed + failed)) -gt 0 ] || [ -n "$browser_left_out" ] || fail "no test's name contains '$filter', and it is no stage (${STAGES[*]})"
  fi
  finished=yes
}

finished=""
test_ended() {
  [ -n "$finished" ] || miss "the run ended before all of its checks: see above"
  summary || exit 1
}

caches_outside_the_clone() {
  build_dir=${CARGO_TARGET_DIR:-$cache_dir/target}
  case $build_dir in /*) ;; *) build_dir=$root/$build_dir ;; esac
  export CARGO_TARGET_DIR=$build_dir
  export npm_config_cache=$cache_dir/npm
  mkdir -p "$cache_dir" "$build_dir" || fail "the cache folder $cache_dir cannot be made"
  # Both are caches, and backups may leave them out: https://bford.info/cachedir/
  printf 'Signature: 8a477f597d28d172789f06886806bc55\n' > "$cache_dir/CACHEDIR.TAG"
}

# Clones share the cache: a second run would exchange programs below the first one's feet.
one_test_run_at_a_time() {
  exec 9> "$build_dir/.lock"
  if ! flock -n 9; then
    note "another test run uses $build_dir; waiting for it"
    flock 9
  fi
}

is_stage() {
  local stage
  for stage in "${STAGES[@]}"; do
    [ "$stage" != "$1" ] || return 0
  done
  return 1
}

# run_stage NAME [FILTER]: the lock stays here, so that nothing a stage leaves behind can hold it.
run_stage() {
  local start
  start=$(now_ms)
  printf '== %s\n' "$1"
  "stage_$1" "${2-}" 9>&- < /dev/null
  printf '   %s: %s\n' "$1" "$(seconds_since "$start")"
}

pass() { passed=$((passed + ${1:-1})); }

miss() {
  failed=$((failed + ${2:-1}))
  failures+=("$1")
}

# check WORDS COMMAND...: one check that is a command.
check() {
  local words=$1
  shift
  if "$@"; then pass; else miss "$words"; fi
}

summary() {
  local line
  printf '== all of it: %s\n' "$(seconds_since "$test_start")"
  for line in "${failures[@]}"; do printf '   FAILED %s\n' "$line"; done
  [ -z "$browser_left_out" ] || printf '   browser tests: not run (%s)\n' "$browser_left_out"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  # What was asked for by name and left out is no success.
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

stage_format() { check "format: cargo fmt" cargo fmt --check; }

stage_lint() {
  lint_ui_exists
  sources_are_this_clone
  check "lint: clippy" cargo clippy --quiet --locked --all-targets -- -D warnings
}

# build.rs embeds the built UI: lints and tests see the same one as `run`.
lint_ui_exists() { [ -e "$ui_out/index.html" ] || build_ui; }

stage_scripts() {
  check "scripts: shellcheck" shellcheck -x image/dev .ci/run tests/media/make.sh tests/media/demo.sh tests/firmware/packets.sh \
    image/root/usr/libexec/alcove/*
}

stage_ui() {
  has_ui || return 0
  node_ready
  ui_packages
  check "ui: types and words" npm --prefix src/ui run --silent check
  if grep -q '"test"' src/ui/package.json; then check "ui: unit tests" npm --prefix src/ui run --silent test; fi
  build_ui
}

nextest_ready() {
  if cargo nextest --version > /dev/null 2>&1; then return 0; fi
  PATH=$cache_dir/tools/bin:$PATH
  if cargo nextest --version > /dev/null 2>&1; then return 0; fi
  step "building cargo-nextest $NEXTEST_VERSION" \
    cargo install --quiet --locked --root "$cache_dir/tools" --target-dir "$cache_dir/tools-target" \
    --version "$NEXTEST_VERSION" cargo-nextest
  rm -rf "$cache_dir/tools-target"
}

# stage_rust [FILTER]: all tests of the crate, or those whose names contain FILTER.
stage_rust() {
  local log=$build_dir/nextest.log args=() line bad good
  nextest_ready
  # RAUC for the tests of updates; the machine's own is often older.
  tools_ready
  export ALCOVE_TOOL_ROOT=$tools_dir
  lint_ui_exists
  sources_are_this_clone
  [ -z "$1" ] || args=("$1" --no-tests=pass)
  if cargo nextest run --locked --no-fail-fast "${args[@]}" 2>&1 | tee "$log"; then bad=0; else bad=1; fi
  line=$(sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -E '^ +Summary \[' | tail -n 1)
  good=$(grep -oE '[0-9]+ passed' <<< "$line" | grep -oE '[0-9]+' || echo 0)
  pass "$good"
  [ $bad -eq 0 ] || miss "rust: see above" "$(failed_in "$line")"
  # nextest leaves these out; among them is what must not compile.
  [ -n "$1" ] || check "rust: examples in the documentation" cargo test --quiet --locked --doc
}

# failed_in LINE: failures and time-outs of nextest's summary; at least one, for a build that broke.
failed_in() {
  local sum=0 n
  while read -r n; do
    sum=$((sum + n))
  done < <(grep -oE '[0-9]+ (failed|timed out|exec failed)' <<< "$1" | grep -oE '^[0-9]+')
  echo $((sum > 0 ? sum : 1))
}

# Sets and exports CHROMIUM to a browser that starts. Ubuntu's chromium-browser without its snap is a script that only
# says so: what cannot tell its version is none.
find_chromium() {
  local name
  for name in "${CHROMIUM-}" chromium chromium-browser google-chrome google-chrome-stable; do
    name=$(command -v "$name") || continue
    if timeout 30 "$name" --version 2> /dev/null < /dev/null | grep -qE '(Chromium|Chrome) [0-9]'; then
      export CHROMIUM=$name
      return 0
    fi
  done
  return 1
}

# Fails on Ubuntu without a browser: apt has it as a snap only, which cannot be installed everywhere.
chromium_ready() {
  find_chromium && return 0
  [ "$host" != ubuntu2404 ] || return 1
  packages "for the browser tests" chromium fonts-dejavu-core
  find_chromium || fail "Debian's chromium does not start" "chromium --version"
}

browser_packages() {
  local hash
  hash=$(hash_of tests/browser/package.json tests/browser/package-lock.json)
  [ "$(cat tests/browser/node_modules/.alcove-stamp 2> /dev/null)" != "$hash" ] || return 0
  step "fetching the browser tests' packages" npm --prefix tests/browser ci --no-audit --no-fund --loglevel=error
  echo "$hash" > tests/browser/node_modules/.alcove-stamp
}

# stage_browser [FILTER]: all browser tests, or those whose names contain FILTER.
stage_browser() {
  local log=$build_dir/browser.log bad=0 line
  node_ready
  browser_packages
  if [ -n "$1" ] && [ -z "$(node tests/browser/run.mjs --list "$1")" ]; then return 0; fi
  if ! chromium_ready; then
    browser_left_out="there is no Chromium or Chrome here that starts"
    note "The browser tests are left out: $browser_left_out."
    note "Bring one with 'snap install chromium' or Google's package, or name one with CHROMIUM=PATH, and run this again."
    return 0
  fi
  test_programs_ready
  ALCOVE_PROGRAMS=$(dirname "$(program alcove dev)") node tests/browser/run.mjs "$1" 2>&1 | tee "$log" || bad=1
  line=$(grep '^browser tests: ' "$log" | tail -n 1)
  pass "$(grep -oE '[0-9]+ passed' <<< "$line" | grep -oE '[0-9]+' || echo 0)"
  [ $bad -eq 0 ] || miss "browser: see above" "$(failed_in "$line")"
}
# The programs as the browser and API tests start them: quick to build.
test_programs_ready() {
  lint_ui_exists
  build_programs dev
}

# schemathesis in an environment of its own.
schemathesis_ready() {
  local venv=$cache_dir/venv hash
  hash=$(hash_of tests/api/requirements.txt)
  [ "$(cat "$venv/.alcove-stamp" 2> /dev/null)" != "$hash" ] || return 0
  rm -rf "$venv"
  step "fetching schemathesis from PyPI" schemathesis_of_pypi "$venv"
  echo "$hash" > "$venv/.alcove-stamp"
}

schemathesis_of_pypi() {
  /usr/bin/python3 -m venv "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check -r tests/api/requirements.txt
}

# fuzz_api SECONDS PROFILE: the daemon held against its OpenAPI document.
fuzz_api() {
  local media=$root/target/test-media/api
  mkdir -p "$media/Films/Small (2020)" "$media/Music" "$media/Photos"
  [ -e "$media/Photos/photo.jpg" ] || {
    tests/media/make.sh subtitles.mkv "$media/Films/Small (2020)/Small (2020).mkv"
    tests/media/make.sh tone.mp3 "$media/Music/tone.mp3"
    tests/media/make.sh photo_exif.jpg "$media/Photos/photo.jpg"
  }
  "$cache_dir/venv/bin/python" tests/api/fuzz.py "$(program alcove "$2")" "$media" "$1" 20260101
}

# A bounded slice; `image/dev bench api` takes five minutes.
stage_api() {
  test_programs_ready
  schemathesis_ready
  check "api: answers outside the OpenAPI document" fuzz_api 40 dev
}
