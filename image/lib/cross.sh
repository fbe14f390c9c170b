# shellcheck shell=bash
# `image/dev cross`: the programs for 64-bit ARM, linked with Debian 13's FFmpeg.
# Never: a crate fetched inside the tool root, or a program that knows where it was built.

readonly ARM=aarch64-unknown-linux-gnu
readonly ARM_PROGRAMS=(alcove alcove-worker alcove-init)

arm_out=$root/target/aarch64

cmd_cross() {
  [ $# -eq 0 ] || fail "cross takes nothing" "$(usage)"
  cross_ready
  build_arm
  local name
  for name in "$arm_out"/alcove*; do
    note "$(stat -c '%s bytes' "$name" | sed -E ':a;s/([0-9])([0-9]{3})($|[ ,])/\1,\2\3/;ta')  ${name#"$root/"}"
  done
}

# The tool root, the crates and the web UI that the programs embed.
cross_ready() {
  host_detect
  rust_ready
  packages "for building" "${BUILD_PACKAGES[@]}"
  build_ui
  tools_ready
  crates_ready
}

# All crates of the lock file, fetched outside; sets crates_dir.
crates_ready() {
  local hash
  hash=$(hash_of Cargo.lock)
  crates_dir=$cache_dir/crates/$hash
  if [ -d "$crates_dir" ]; then
    touch "$crates_dir"
    return 0
  fi
  rm -rf "$crates_dir.part"
  mkdir -p "$cache_dir/crates"
  step "fetching the crates" cargo vendor --quiet --locked --versioned-dirs "$crates_dir.part" > /dev/null
  mv "$crates_dir.part" "$crates_dir"
  # Other clones may use the last ones.
  find "$cache_dir/crates" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} +
}

# cargo_arm ARGUMENT...: cargo in the tool root, for ARM. Paths are the same on every machine.
cargo_arm() {
  local tools_binds=("${tools_binds[@]}" --ro-bind "$crates_dir" /crates
    --setenv CARGO_HOME /cache/cross/home --setenv CARGO_TARGET_DIR /cache/cross/target)
  mkdir -p "$cache_dir/cross"
  (
    flock 7
    sources_are_built_here 7>&-
    in_tools cargo --config cross.toml "$@" 7>&-
  ) 7> "$cache_dir/cross/.lock"
}

# Clones share the folder that cargo writes to and look the same from inside: see sources_are_this_clone.
sources_are_built_here() {
  local here=$cache_dir/cross/clone
  [ "$(cat "$here" 2> /dev/null)" = "$root" ] || touch_sources
  echo "$root" > "$here"
}

build_arm() {
  local hash name quiet=()
  hash=$(hash_of_words "$(cat "$tools_dir/.alcove-stamp")" "$(hash_of src Cargo.toml Cargo.lock build.rs cross.toml tests/catalogue.toml \
    "$ui_out")")
  if [ "$(cat "$arm_out/.stamp" 2> /dev/null)" = "$hash" ] && [ -x "$arm_out/alcove-worker" ]; then return 0; fi
  [ -t 2 ] || quiet=(--quiet)
  step "building the programs for ARM" cargo_arm build "${quiet[@]}" --release --locked --bin alcove --bin alcove-worker
  rm -rf "$arm_out"
  mkdir -p "$arm_out/symbols"
  if [ -e src/bin/alcove-init.rs ]; then
    # The first program of the firmware finds no library to load.
    step "building the first program for ARM" cargo_arm rustc "${quiet[@]}" --release --locked --bin alcove-init -- \
      -C target-feature=+crt-static
  fi
  for name in "${ARM_PROGRAMS[@]}"; do
    [ ! -e "$cache_dir/cross/target/$ARM/release/$name" ] || strip_arm "$name"
  done
  echo "$hash" > "$arm_out/.stamp"
}

# strip_arm NAME: the program without symbols, and beside it those symbols for whoever reads a crash.
strip_arm() {
  cp "$cache_dir/cross/target/$ARM/release/$1" "$arm_out/symbols/$1"
  in_tools aarch64-linux-gnu-strip -o "target/aarch64/$1" "target/aarch64/symbols/$1"
}
