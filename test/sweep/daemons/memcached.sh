#!/bin/bash
# Debian's memcached: started by root, serves as its own user.
# shellcheck source=test/sweep/daemons/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unit=memcached.service

prepare() { fresh /run/memcached memcache:memcache 755; }
clean() { gone /run/memcached; }

# ask LINES: what memcached answers to them.
ask() {
  exec 3<>/dev/tcp/127.0.0.1/11211 || return
  printf '%b' "$1\r\nquit\r\n" >&3
  tr -d '\r' <&3
}

users() { ps -o user=,group=,supgrp= -p "$(systemctl show --value --property=MainPID "$unit")"; }

work() {
  awaits serves ask version || return
  observe set ask 'set key 0 0 5\r\nvalue'
  observe get ask 'get key'
  observe user users
}

main "$@"
