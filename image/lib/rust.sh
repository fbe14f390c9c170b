# shellcheck shell=bash
# Rust: what is there if new enough, Debian 13's backports, or a clear stop.
# Never: a toolchain installed behind the person's back.

readonly RUST_WANTED=1.95

rust_version() { cargo --version 2> /dev/null | awk '{print $2}'; }

# Leaves a cargo that is new enough on PATH, or ends before anything was installed.
# rust_ready [PACKAGE...]: further packages of the distribution's Rust, taken only when that is the Rust in use.
rust_ready() {
  local home_bin=${CARGO_HOME:-$HOME/.cargo}/bin
  # rustup's folder joins PATH at the next login only; look there now.
  if ! at_least "$(rust_version)" $RUST_WANTED && [ -x "$home_bin/cargo" ]; then
    PATH=$home_bin:$PATH
  fi
  if at_least "$(rust_version)" $RUST_WANTED; then
    rust_of_apt "$@"
    return 0
  fi
  host_detect
  [ "$host" = debian13 ] || rust_stop
  backports_ready
  local offered
  offered=$(candidate cargo trixie-backports)
  if ! at_least "$offered" $RUST_WANTED; then
    rust_stop
  fi
  step "installing Rust $offered from Debian's backports" \
    apt_get install --no-install-recommends -t trixie-backports cargo rustc "$@"
}

# The cargo on PATH is the distribution's: then clippy and rustfmt are its packages too.
rust_of_apt() {
  [ "$(command -v cargo)" = /usr/bin/cargo ] && [ $# -gt 0 ] || return 0
  local missing suite=()
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] && return 0
  apt_update_once
  [ -z "$(candidate cargo trixie-backports)" ] || suite=(-t trixie-backports)
  step "installing Rust tools: ${missing[*]}" apt_get install --no-install-recommends "${suite[@]}" "${missing[@]}"
}

rust_stop() {
  fail "Alcove needs Rust $RUST_WANTED or newer, and this machine has $(rust_version | grep . || echo none). Nothing was installed." \
    "Install it with rustup, then run this again:" \
    "" \
    "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default" \
    "" \
    "(if curl is missing: apt install curl)"
}

# Debian 13: names the backports of the same mirror that the machine already uses.
backports_ready() {
  local list=/etc/apt/sources.list.d/alcove-backports.sources uri
  apt_update_once
  if apt_targets | grep -q '^trixie-backports|'; then return 0; fi
  uri=$(apt_targets | sed -n 's/^trixie|main|//p' | head -n 1)
  [ -n "$uri" ] || fail "apt names no mirror of Debian 13's main section, so its backports cannot be found"
  printf 'Types: deb\nURIs: %s\nSuites: trixie-backports\nComponents: main\nSigned-By: %s\n' "$uri" \
    "$(debian_keyring)" | as_root tee $list > /dev/null
  if ! apt_get update; then
    as_root rm -f $list
    fail "the mirror $uri has no backports of Debian 13"
  fi
}

# One line for each package list that apt reads: release|section|address.
# shellcheck disable=SC2016
apt_targets() { apt-get indextargets --format '$(RELEASE)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages'; }

debian_keyring() {
  local path
  for path in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
    if [ -e "$path" ]; then echo "$path"; return 0; fi
  done
  fail "Debian's archive keys are not in /usr/share/keyrings" "install the package debian-archive-keyring"
}
