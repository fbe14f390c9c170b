# shellcheck shell=bash
# What the person at the terminal reads: each step with its time, and clear last words.
# Never: a step without a name.

fail() {
  printf 'image/dev: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

note() { printf '   %s\n' "$*"; }

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# seconds_since START_MS: "12.3 s".
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# step WORDS COMMAND...: says what begins, runs it without a stdin, says how long it took. Ends the script when it fails.
step() {
  local words=$1 start
  shift
  start=$(now_ms)
  printf '== %s\n' "$words"
  "$@" < /dev/null || fail "$words: failed after $(seconds_since "$start")"
  printf '   done in %s\n' "$(seconds_since "$start")"
}
