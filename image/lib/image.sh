# shellcheck shell=bash
# `image/dev image BOARD`: what is flashed and what updates; `image/dev lock`: the packages that it is made of.
# Never: a mount, or root where a user namespace will do.

image_cache=$cache_dir/image

board_names() { find board -name '*.toml' -printf '%f\n' | sed 's/\.toml$//' | LC_ALL=C sort; }

cmd_image() {
  local board="" version check="" twice="" refresh="" out=$root/target/image options=()
  version=$(crate_version)
  while [ $# -gt 0 ]; do
    case $1 in
      --check) check=yes ;;
      --twice) twice=yes ;;
      --refresh-lock) refresh=yes ;;
      --bundle-only) options+=(--bundle-only) ;;
      --version | --out | --lay | --changes)
        if [ -z "${2-}" ]; then fail "$1 wants a value" "$(usage)"; fi
        case $1 in
          --version) version=$2 ;;
          --out) out=$(realpath -m "$2") ;;
          --lay) lay_over "$2" ;;
          --changes) options+=(--changes "$2") ;;
        esac
        shift
        ;;
      -*) fail "image does not know '$1'" "$(usage)" ;;
      *)
        [ -z "$board" ] || fail "image takes one board" "$(usage)"
        board=$1
        ;;
    esac
    shift
  done
  if [ -z "$board" ] || [ ! -e "board/$board.toml" ]; then
    fail "image wants a board, one of: $(board_names | tr '\n' ' ')"
  fi
  image_ready
  [ -z "$refresh" ] || refresh_lock
  fetch_packages "$board"
  builder image "$board" "$version" "$out" "${options[@]}"
  (cd "$out" && stat -c '   %12s bytes  %n' "alcove-$board-$version".*)
  [ -z "$twice" ] || image_again "$board" "$version" "$out" "${options[@]}"
  [ -z "$check" ] || step "checking the image" builder check "$board" "$version" "$out"
}

# lay_over FOLDER: its files come last into the root, over programs and units.
lay_over() {
  [ -d "$1" ] || fail "there is no folder '$1' to lay over the root"
  options+=(--lay /lay)
  tools_binds+=(--ro-bind "$(realpath "$1")" /lay)
}

cmd_lock() {
  [ $# -eq 0 ] || fail "lock takes nothing" "$(usage)"
  image_ready
  refresh_lock
}

# Programs for ARM, and the board files as the one reader of them understands them.
image_ready() {
  local name
  cross_ready
  packages "for the image builder" python3
  build_arm
  mkdir -p "$image_cache/boards"
  for name in $(board_names); do
    in_tools qemu-aarch64 target/aarch64/alcove board --file "board/$name.toml" --json > "$image_cache/boards/$name.json" \
      || fail "board/$name.toml is not right: see above"
  done
}

# mirror_words: what the builder has to know of the machine's apt, in files.
mirror_words() {
  debian_sources > "$image_cache/sources.list"
  apt_settings > "$image_cache/apt.settings"
}

refresh_lock() {
  local names
  mirror_words
  mapfile -t names < <(board_names)
  step "asking the mirror which packages there are" python3 -B image/builder lock --cache "$image_cache" \
    --sources "$image_cache/sources.list" --settings "$image_cache/apt.settings" "${names[@]}"
}

fetch_packages() {
  mirror_words
  step "fetching packages" python3 -B image/builder fetch --cache "$image_cache" \
    --sources "$image_cache/sources.list" --settings "$image_cache/apt.settings" "$1"
}

# image_again BOARD VERSION FOLDER OPTION…: a second build from nothing but packages and programs must be the same, byte for
# byte; of the bundle all but its signature.
image_again() {
  local board=$1 version=$2 out=$3 again=$root/target/image-again
  shift 3
  rm -rf "$again" "$image_cache/trees" "$image_cache/kernels"
  builder image "$board" "$version" "$again" "$@"
  step "comparing both builds" builder compare "$board" "$version" "$out" --other /alcove/target/image-again
  rm -rf "$again"
}

# builder COMMAND BOARD VERSION FOLDER OPTION…: the image builder in the tool root.
builder() {
  local command=$1 board=$2 version=$3 out=$4
  shift 4
  mkdir -p "$out"
  local tools_binds=("${tools_binds[@]}" --bind "$out" /out)
  # Clones share the cache.
  (
    flock 6
    in_tools python3 -B image/builder "$command" --cache /cache/image --clone /alcove --out /out \
      --version "$version" --epoch "$(source_epoch)" "$@" "$board" < /dev/null 6>&-
  ) 6> "$image_cache/.lock" || fail "$command $board: see above"
}

crate_version() { sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1; }

# All files of an image are as old as the last commit.
source_epoch() { git log -1 --format=%ct 2> /dev/null || stat -c %Y image/packages.lock; }
