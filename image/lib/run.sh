# shellcheck shell=bash
# `image/dev run`: from a fresh machine to a server that answers.
# Never: more than loopback unless --listen says so.

cmd_run() {
  local media="" listen=127.0.0.1:8480 state=$root/target/state
  while [ $# -gt 0 ]; do
    case $1 in
      --media | --listen | --state)
        if [ -z "${2-}" ]; then fail "$1 wants a value" "$(usage)"; fi
        case $1 in
          --media) media=$2 ;;
          --listen) listen=$2 ;;
          --state) state=$2 ;;
        esac
        shift 2
        ;;
      *) fail "run does not know '$1'" "$(usage)" ;;
    esac
  done
  if [ -n "$media" ] && [ ! -d "$media" ]; then
    fail "the media folder '$media' does not exist"
  fi

  build_ready
  build_ui
  build_programs release
  if [ -z "$media" ]; then
    media=$root/target/demo
    demo_ready "$media"
  fi
  mkdir -p "$state" || fail "the state folder '$state' cannot be made"
  # The address is the server's to tell, once it listens.
  printf '== serving %s; Ctrl-C ends it\n' "$media"
  # exec: signals reach the server itself.
  exec "$(program alcove release)" serve --listen "$listen" --state "$state" --media "$media"
}
