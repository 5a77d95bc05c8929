#!/bin/bash
# Debian's redis, which its unit starts as its own user: the case in which nothing
# is needed.
# shellcheck source=test/sweep/daemons/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unit=redis-server.service

prepare() {
  settings PrivateUsers=no # in a user namespace of its own, no capability is asked of the host
  fresh /var/lib/redis redis:redis 750
  fresh /var/log/redis redis:adm 2750
}

clean() { gone /var/lib/redis /var/log/redis; }

work() {
  awaits serves redis-cli -e ping || return
  observe set redis-cli -e set key value
  observe save redis-cli -e save
  observe get redis-cli -e get key
  observe dump stat --format '%U:%G %a' /var/lib/redis/dump.rdb
}

main "$@"
