# shellcheck shell=bash
# The machine: which distribution it is, and the packages it lacks.
# Never: a package source that the machine does not name itself.

host=""

# Sets `host` to debian12, debian13 or ubuntu2404.
host_detect() {
  [ -z "$host" ] || return 0
  local id version
  id=$(. /etc/os-release 2> /dev/null && echo "${ID-}")
  version=$(. /etc/os-release 2> /dev/null && echo "${VERSION_ID-}")
  case "$id $version" in
    "debian 12") host=debian12 ;;
    "debian 13") host=debian13 ;;
    "ubuntu 24.04") host=ubuntu2404 ;;
    *) fail "this is ${id:-an unknown system} $version; Alcove builds on Debian 12, Debian 13 and Ubuntu 24.04" ;;
  esac
}

# `sudo image/dev` in someone's own clone: go on as that person, so that no file there ends up owned by root.
as_the_owner_of_the_clone() {
  if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER-}" ] && [ "$SUDO_USER" != root ] \
    && [ "$(stat -c %U "$root")" = "$SUDO_USER" ]; then
    exec sudo -u "$SUDO_USER" -H --preserve-env=ALCOVE_OWNER_PASSWORD,CARGO_TARGET_DIR,XDG_CACHE_HOME,ALCOVE_CACHE,ALCOVE_DEBIAN_MIRROR,CI "$root/image/dev" "$@"
  fi
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    fail "packages are missing and installing them needs root" "run this as root, or install sudo"
  fi
}

# apt is silent unless it fails; then all it said is shown.
apt_get() {
  local log code=0
  log=$(mktemp)
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" > "$log" 2>&1 || code=$?
  [ $code -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  return $code
}

apt_updated=""
apt_update_once() {
  [ -n "$apt_updated" ] && return 0
  apt_get update || fail "apt-get update failed" "look at the lines above; a wrong clock or no network are the usual reasons"
  apt_updated=yes
}

# missing_packages NAME...: those that are not installed.
missing_packages() {
  local name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null | grep -qx installed || echo "$name"
  done
}

apt_install() {
  apt_update_once
  apt_get install --no-install-recommends "$@" || fail "apt could not install: $*"
}

# packages WHY NAME...: installs what is missing.
packages() {
  local why=$1 missing
  shift
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] || step "installing packages $why: ${missing[*]}" apt_install "${missing[@]}"
}

# packages_without_services WHY NAME...: the same for packages that would start a daemon; theirs stay off.
packages_without_services() {
  local why=$1 missing name policy=/usr/sbin/policy-rc.d
  shift
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy > /dev/null
    as_root chmod 755 $policy
    # shellcheck disable=SC2064
    trap "as_root rm -f $policy" EXIT
  fi
  step "installing packages $why (their services stay off): ${missing[*]}" apt_install "${missing[@]}"
  as_root rm -f $policy
  trap - EXIT
  for name in "${missing[@]}"; do
    as_root systemctl disable "$name" > /dev/null 2>&1 || true
  done
}

# candidate NAME [SUITE]: the version apt would install, empty when there is none.
candidate() {
  local args=()
  [ $# -lt 2 ] || args=(-t "$2")
  apt-cache "${args[@]}" policy "$1" 2> /dev/null | sed -n 's/^  Candidate: \(.*\)$/\1/p' | grep -v '^(none)$' || true
}

# at_least HAVE WANT: compares dotted versions; what follows a letter or a plus sign does not count.
at_least() {
  local have=${1#*:}
  have=${have%%[!0-9.]*}
  [ -n "$have" ] && [ "$(printf '%s\n%s\n' "$2" "$have" | sort -V | head -n 1)" = "$2" ]
}
