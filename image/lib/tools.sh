# shellcheck shell=bash
# The tool root: a Debian 13 in the cache folder, with what makes ARM programs, images and virtual boards.
# Never: a package source that the machine does not name itself; root where a user namespace will do.

readonly TOOL_PACKAGES=(
  # ARM programs. The ARM C library for building lies apart: a check of ffmpeg-sys-next reads its folder as this machine's own.
  gcc libc6-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross pkgconf libclang-dev rustc cargo libstd-rust-dev:arm64
  {libavcodec,libavdevice,libavfilter,libavformat,libavutil,libswresample,libswscale}-dev:arm64
  # Images.
  python3 squashfs-tools cryptsetup-bin e2fsprogs dosfstools mtools fdisk gdisk bmap-tools zstd xz-utils cpio kmod
  u-boot-tools device-tree-compiler rauc openssl systemd ca-certificates
  # ARM programs that run here, and boards that are virtual.
  qemu-user qemu-system-arm ipxe-qemu u-boot-qemu ffmpeg fonts-dejavu-core)
readonly TOOL_SUITES=(trixie trixie-updates trixie-backports)
readonly TOOL_SECTIONS="main non-free-firmware"

tools_dir=$cache_dir/debian

# Makes the tool root unless it is there as these lines would make it now.
tools_ready() {
  local hash
  hash=$(hash_of_words "${TOOL_PACKAGES[@]}" "${TOOL_SUITES[@]}" "$TOOL_SECTIONS" "$(declare -f make_tools)")
  packages "for the tool root" mmdebstrap bubblewrap debian-archive-keyring uidmap
  mkdir -p "$cache_dir"
  (
    flock 8
    [ "$(cat "$tools_dir/.alcove-stamp" 2> /dev/null)" != "$hash" ] || exit 0
    step "making the tool root (Debian 13, 2.5 GB, in $tools_dir)" make_tools 8>&-
    echo "$hash" > "$tools_dir/.alcove-stamp"
  ) 8> "$cache_dir/debian.lock"
}

make_tools() {
  local part=$tools_dir.part work
  work=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  debian_sources > "$work/sources.list"
  apt_settings > "$work/apt.conf"
  mkdir "$work/keys"
  cp -r /etc/apt/auth.conf /etc/apt/auth.conf.d "$work/keys" 2> /dev/null || true
  printf 'Package: src:rustc:any src:rustc libstd-rust*:any\nPin: release a=stable-backports\nPin-Priority: 900\n' \
    > "$work/preferences"
  remove_tree "$part"
  mkdir -p "$part"
  # Passwords of the mirror do not stay in the root.
  if ! mmdebstrap --variant=apt --architectures=amd64,arm64 --format=tar --aptopt="$work/apt.conf" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --setup-hook="cp '$work/preferences' \"\$1/etc/apt/preferences.d/rust\"; cp -r '$work/keys/.' \"\$1/etc/apt\"" \
    --customize-hook='rm -rf "$1"/etc/apt/auth.conf*; mkdir -p "$1"/alcove "$1"/crates "$1"/cache "$1"/out "$1"/lay' \
    --include="$(IFS=,; echo "${TOOL_PACKAGES[*]}")" \
    trixie - "$work/sources.list" 2> "$work/log" | tar -x --exclude='./dev/*' -C "$part"; then
    tail -n 30 "$work/log" >&2
    return 1
  fi
  remove_tree "$tools_dir"
  mv "$part" "$tools_dir"
}

# Debian 13 for apt, from the mirrors that the machine uses for its own Debian. ALCOVE_DEBIAN_MIRROR names one for a
# machine that is no Debian.
debian_sources() {
  local main security suite
  main=${ALCOVE_DEBIAN_MIRROR-}
  security=$main-security
  if [ -z "$main" ]; then
    main=$(apt_targets | sed -nE 's/^(bookworm|trixie)\|main\|//p' | head -n 1)
    security=$(apt_targets | sed -nE 's/^(bookworm|trixie)-security\|main\|//p' | head -n 1)
  fi
  [ -n "$main" ] || fail "apt of this machine names no mirror of Debian, and the firmware is made of Debian's packages" \
    "name one: ALCOVE_DEBIAN_MIRROR=http://…/debian image/dev …"
  for suite in "${TOOL_SUITES[@]}"; do printf 'deb %s %s %s\n' "${main%/}" "$suite" "$TOOL_SECTIONS"; done
  [ -z "$security" ] || printf 'deb %s trixie-security %s\n' "${security%/}" "$TOOL_SECTIONS"
}

# How the machine's apt reaches its mirrors: proxies, certificates, checks.
apt_settings() {
  apt-config dump | grep '^Acquire::' | grep -v '^Acquire::Changelogs' || true
  echo 'APT::Install-Recommends "false";'
}

# in_tools COMMAND...: in the tool root and without a network; the clone is /alcove, the cache folder /cache.
# tools_binds: further arguments for bwrap, such as what else is bound.
tools_binds=()
in_tools() {
  bwrap --unshare-user --uid 0 --gid 0 --unshare-net --unshare-pid --unshare-ipc --die-with-parent \
    --clearenv --setenv PATH /usr/sbin:/usr/bin --setenv HOME /tmp --setenv LC_ALL C.UTF-8 \
    --bind "$tools_dir" / --dev /dev --proc /proc --tmpfs /tmp --tmpfs /run \
    --bind "$root" /alcove --bind "$cache_dir" /cache "${tools_binds[@]}" --chdir /alcove "$@"
}

# Files of a root may lie in folders without a right to write.
remove_tree() {
  [ -e "$1" ] || return 0
  chmod -R u+w "$1"
  rm -rf "$1"
}
