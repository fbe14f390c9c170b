#!/usr/bin/env bash
# Sends packets through the rules of the image, in a network of its own; tests/firmware.rs starts it under `unshare --net`.
# Standard input: lines `switches TEXT`, which write the owner's file (`\n` ends a line), and `send PROTOCOL ADDRESS PORT`;
# for each `send`, `left` or `stayed` is printed, for each `switches`, `done` or `failed`. The counters are printed at the end.
# Never: the machine's own network.
set -eu
root=$1 scratch=$2

ip link set lo up
ip link add home type veth peer name street
ip link set street up
ip link set home up
ip address add 192.168.7.2/24 dev home
ip -6 address add fd00::2/64 dev home nodad
ip route add default via 192.168.7.1 dev home
ip -6 route add default via fd00::1 dev home
nft -f "$root/etc/nftables.conf"
# Behind the rules: what gets here leaves.
nft -f - << 'RULES'
table inet street {
	counter left { }
	chain postrouting {
		type filter hook postrouting priority 300
		oifname "home" meta l4proto { tcp, udp } counter name left
	}
}
RULES
mkdir "$scratch/bin"
printf '#!/bin/sh\necho "$@" >> "%s/systemctl"\n' "$scratch" > "$scratch/bin/systemctl"
chmod 755 "$scratch/bin/systemctl"
export PATH=$scratch/bin:$PATH
export ALCOVE_OUTSIDE=$scratch/outside.toml ALCOVE_FLAGS=$scratch/flags
"$root/usr/libexec/alcove/outside"

left() { nft list counter inet street left | sed -n 's/.*packets \([0-9]*\).*/\1/p'; }

while read -r word rest; do
  case $word in
    switches)
      printf '%b' "$rest" > "$ALCOVE_OUTSIDE"
      if "$root/usr/libexec/alcove/outside" 2> "$scratch/said"; then echo "done"; else echo failed; fi
      ;;
    send)
      read -r protocol address port <<< "$rest"
      before=$(left)
      timeout 0.3 bash -c "echo > /dev/$protocol/$address/$port" 2> /dev/null || true
      if [ "$(left)" -gt "$before" ]; then echo left; else echo stayed; fi
      ;;
  esac
done
nft list counters table inet alcove | sed -n 's/.*counter \([a-z_]*\) {.*/\1/p; s/.*packets \([0-9]*\).*/\1/p' | paste -d ' ' - -
