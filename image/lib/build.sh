# shellcheck shell=bash
# Builds the web UI and the programs.
# Never: a build whose inputs did not change.

# Where cargo and the stamps write; `test` moves it out of the clone.
build_dir=${CARGO_TARGET_DIR:-$root/target}
case $build_dir in /*) ;; *) build_dir=$root/$build_dir ;; esac

# The web UI is read from here by build.rs, wherever cargo writes.
readonly ui_out=$root/target/ui

readonly BUILD_PACKAGES=(build-essential pkg-config ca-certificates libclang-dev
  libavcodec-dev libavdevice-dev libavfilter-dev libavformat-dev libavutil-dev libswresample-dev libswscale-dev)

# Everything a build needs, the Rust decision first: it may stop, and then nothing was installed.
build_ready() {
  host_detect
  rust_ready "$@"
  packages "for building" "${BUILD_PACKAGES[@]}"
}

has_ui() { [ -e src/ui/package.json ]; }

# npm's packages, as the lock file says.
ui_packages() {
  local hash
  hash=$(hash_of src/ui/package.json src/ui/package-lock.json)
  [ "$(cat src/ui/node_modules/.alcove-stamp 2> /dev/null)" != "$hash" ] || return 0
  step "fetching the web UI's packages" npm --prefix src/ui ci --no-audit --no-fund --loglevel=error
  echo "$hash" > src/ui/node_modules/.alcove-stamp
}

build_ui() {
  has_ui || return 0
  local hash
  hash=$(hash_of src/ui)
  if stamp_is ui "$hash" && [ -e "$ui_out/index.html" ]; then return 0; fi
  node_ready
  ui_packages
  step "building the web UI" npm --prefix src/ui run --silent build -- --logLevel warn
  stamp_set ui "$hash"
}

# build_programs PROFILE: `alcove` and `alcove-worker`, optimised (release) or quick to build (dev).
build_programs() {
  local profile=$1 hash words="optimised" quiet=()
  [ "$profile" = release ] || words="for tests"
  # The distribution counts: the worker is linked to its libav.
  hash=$(hash_of_words "$host" "$root" "$(hash_of src Cargo.toml Cargo.lock build.rs tests/catalogue.toml "$ui_out")")
  if stamp_is "programs-$profile" "$hash" && [ -x "$(program alcove "$profile")" ] \
    && [ -x "$(program alcove-worker "$profile")" ]; then return 0; fi
  sources_are_this_clone
  # At a terminal cargo shows how far it is; elsewhere its list of crates would hide the steps.
  [ -t 2 ] || quiet=(--quiet)
  step "building the programs ($words)" \
    cargo build "${quiet[@]}" --locked --bins --profile "$profile" --target-dir "$build_dir"
  stamp_set "programs-$profile" "$hash"
}

# program NAME PROFILE: where cargo puts it.
program() {
  local folder=$2
  [ "$folder" != dev ] || folder=debug
  echo "$build_dir/$folder/$1"
}

# cargo decides by time whether to build again. With a target folder that clones share, an older checkout would
# be taken for the newer one's build: touch the sources when the folder last served another clone.
sources_are_this_clone() {
  if [ "$build_dir" != "$root/target" ] && ! stamp_is clone "$root"; then touch_sources; fi
  stamp_set clone "$root"
}

touch_sources() {
  find src tests build.rs '(' -name '*.rs' -o -name '*.toml' ')' -not -path '*/node_modules/*' -exec touch {} +
}
