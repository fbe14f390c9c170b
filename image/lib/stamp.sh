# shellcheck shell=bash
# What was done before: a stamp holds the hash of the contents that a step was made from.
# Never: a decision by a file's time.

# Results of builds and fetched packages last from run to run; an empty folder is only slower.
cache_dir=${ALCOVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/alcove}

# hash_of PATH...: one hash over names and contents of the files in these places; what git ignores below src/ui is left out.
hash_of() {
  find "$@" \( -name node_modules -o -name .svelte-kit \) -prune -o -type f -print0 2> /dev/null \
    | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum | cut -c 1-32
}

# hash_of_words WORD...: for versions and options.
hash_of_words() { printf '%s\n' "$@" | sha256sum | cut -c 1-32; }

stamp_is() { [ "$(cat "$build_dir/stamps/$1" 2> /dev/null)" = "$2" ]; }

stamp_set() {
  mkdir -p "$build_dir/stamps"
  printf '%s\n' "$2" > "$build_dir/stamps/$1"
}
