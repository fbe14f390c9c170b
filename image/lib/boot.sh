# shellcheck shell=bash
# `image/dev boot BOARD`: the image on a virtual board; with --test, what must be true of it, tried there.
# Never: a change of the built image, or a page that answers beyond this machine.

# The board that QEMU can be.
readonly VIRTUAL_BOARD=qemu-virt

boot_dir=$root/target/boot
boot_image=$boot_dir/image

cmd_boot() {
  local board="" tests="" filter="" fresh="" port=8480
  while [ $# -gt 0 ]; do
    case $1 in
      --test)
        tests=yes
        filter=${2-}
        [ $# -lt 2 ] || shift
        ;;
      --fresh) fresh=yes ;;
      --port)
        if [ -z "${2-}" ]; then fail "--port wants a number" "$(usage)"; fi
        port=$2
        shift
        ;;
      -*) fail "boot does not know '$1'" "$(usage)" ;;
      *)
        [ -z "$board" ] || fail "boot takes one board" "$(usage)"
        board=$1
        ;;
    esac
    shift
  done
  [ "$board" = "$VIRTUAL_BOARD" ] || fail "boot wants the board that QEMU can be: $VIRTUAL_BOARD"
  if [ -n "$tests" ]; then
    caches_outside_the_clone
    boot_tests "$filter"
  else
    boot_here "$fresh" "$port"
  fi
}

# boot_here FRESH PORT: the board on this terminal. Its card lasts until the image is another one.
boot_here() {
  local card=$boot_dir/card.img
  boot_image_ready
  if [ -n "$1" ] || [ "$(cat "$card.of" 2> /dev/null)" != "$(cat "$boot_image/.stamp")" ]; then
    rm -f "$card.of"
    cp --sparse=always "$boot_image/card.img" "$card"
    truncate -s 4G "$card"
    cp "$boot_image/.stamp" "$card.of"
  fi
  printf '== the page will be at http://127.0.0.1:%s; Ctrl-A X cuts the power\n' "$2"
  # As tests/boot/machine.rs has it.
  exec "$tools_dir/usr/lib64/ld-linux-x86-64.so.2" --library-path "$tools_dir/usr/lib/x86_64-linux-gnu" \
    "$tools_dir/usr/bin/qemu-system-aarch64" -L "$tools_dir/usr/share/qemu" \
    -nodefaults -no-user-config -display none -serial mon:stdio \
    -machine virt -cpu cortex-a72 -smp 2 -m 1024 -accel tcg,thread=multi \
    -bios "$tools_dir/usr/lib/u-boot/qemu_arm64/u-boot.bin" \
    -drive "if=none,id=card,format=raw,discard=unmap,file=$card" -device virtio-blk-pci,drive=card \
    -netdev "user,id=home,hostfwd=tcp:127.0.0.1:$2-:80" -device virtio-net-pci,netdev=home,romfile= \
    -device virtio-rng-pci -device i6300esb -action watchdog=reset -device qemu-xhci
}

# boot_tests FILTER: the short list; with `all`, the long one too; else the tests whose names contain FILTER.
boot_tests() {
  local args=("$1")
  case $1 in
    "") args=(--skip long::) ;;
    all) args=() ;;
  esac
  boot_image_ready
  packages "for testing" "${TEST_PACKAGES[@]}"
  step "making the bundles of the tests" boot_bundles
  lint_ui_exists
  sources_are_this_clone
  ALCOVE_TOOLS=$tools_dir ALCOVE_BOOT=$boot_image \
    cargo test --quiet --locked --test boot -- --test-threads=1 --nocapture "${args[@]}"
}

# The image of what is in the clone, apart from the one in target/image.
boot_image_ready() {
  local hash
  image_ready
  hash=$(hash_of_words "$(cat "$tools_dir/.alcove-stamp" "$arm_out/.stamp")" "$(hash_of board image)" "$(source_epoch)")
  if [ "$(cat "$boot_image/.stamp" 2> /dev/null)" = "$hash" ]; then return 0; fi
  rm -rf "$boot_image"
  mkdir -p "$boot_image"
  fetch_packages "$VIRTUAL_BOARD"
  builder image "$VIRTUAL_BOARD" "$(crate_version)" "$boot_image"
  ln -s "alcove-$VIRTUAL_BOARD-$(crate_version).img" "$boot_image/card.img"
  echo "$hash" > "$boot_image/.stamp"
}

# Newer versions: one that works, one whose program crashes, one that hangs as soon as its services run; and the first one
# as an older version, for another board, and signed by somebody else.
boot_bundles() {
  local lay=$boot_dir/lay options=()
  [ ! -e "$boot_image/forged.raucb" ] || return 0
  boot_bundle next 0.8.0 --changes "A second version for tests." || return 1
  rm -rf "$lay"
  mkdir -p "$lay/usr/bin"
  printf '#!/bin/sh\nexit 1\n' > "$lay/usr/bin/alcove"
  chmod 755 "$lay/usr/bin/alcove"
  (lay_over "$lay" && boot_bundle crash 0.8.1 "${options[@]}") || return 1
  rm -rf "$lay"
  mkdir -p "$lay/etc/systemd/system/multi-user.target.wants"
  cat > "$lay/etc/systemd/system/hang.service" <<'UNIT'
[Service]
ExecStart=/bin/sh -c 'echo 0 > /proc/sys/kernel/panic; echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger'
UNIT
  ln -s ../hang.service "$lay/etc/systemd/system/multi-user.target.wants/hang.service"
  (lay_over "$lay" && boot_bundle hang 0.8.2 "${options[@]}") || return 1
  rm -rf "$lay"
  in_tools sh -eu -c "$(declare -f changed_bundles); changed_bundles '${boot_image#"$root"/}'"
}

# boot_bundle NAME VERSION OPTION...: the bundle of a version of its own.
boot_bundle() {
  local name=$1 version=$2 out=$boot_dir/bundle
  shift 2
  rm -rf "$out"
  mkdir -p "$out"
  builder image "$VIRTUAL_BOARD" "$version" "$out" --bundle-only "$@"
  mv "$out/alcove-$VIRTUAL_BOARD-$version.raucb" "$boot_image/$name.raucb"
  rm -rf "$out"
}

# changed_bundles FOLDER: in the tool root, from the bundle `next`.
changed_bundles() {
  content=/tmp/content
  keys=target/keys/development
  rauc extract --keyring="$keys.cert.pem" "$1/next.raucb" "$content"
  cp "$content/manifest.raucm" /tmp/manifest
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/O=Somebody/CN=Somebody else' -days 36500 \
    -not_before 20200101000000Z -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=emailProtection,codeSigning \
    -keyout /tmp/other.key.pem -out /tmp/other.cert.pem 2> /dev/null
  for name in older foreign forged; do
    cert=$keys.cert.pem key=$keys.key.pem change=
    case $name in
      older) change='s/^version=.*/version=0.0.1/' ;;
      foreign) change='s/^compatible=.*/compatible=alcove-rpi4/' ;;
      forged) cert=/tmp/other.cert.pem key=/tmp/other.key.pem ;;
    esac
    sed "$change" /tmp/manifest > "$content/manifest.raucm"
    rm -f "$1/$name.raucb"
    rauc bundle --cert="$cert" --key="$key" "$content" "$1/$name.raucb"
  done
}
