#!/bin/bash
# nginx.sh: a day in the life of Debian's nginx, in a few seconds.
#
#   nginx.sh prepare   put the configuration and the site in place
#   nginx.sh command   print the command that serves it, in the foreground
#   nginx.sh work      drive it once it runs: requests, errors, reload, log rotation
#   nginx.sh clean     take away what prepare put there
#
# work checks every answer; exit status 1 says that one was not what it should be.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
url=http://127.0.0.1:8088 site=/srv/nginx-demo run=/run/nginx-demo log=/var/log/nginx/demo

prepare() {
  install -D -m 644 "$here/nginx.conf" /etc/nginx/demo.conf
  install -d "$run" "$site"
  install -d -o www-data "$site"/{files,arriving}
  echo 'It works.' >"$site/index.html"
  seq 20000 >"$site/numbers.txt"
  truncate --size 2M "$site/too-big"
}

clean() {
  rm -rf "$site" "$run" /etc/nginx/demo.conf "$log"-*.log*
}

# ask: makes the requests on stdin in one go. On each line stand the status that the
# answer must have and curl's arguments.
ask() {
  local status words wanted=() arguments=() got
  while read -r status words; do
    read -ra words <<<"$words"
    wanted+=("$status")
    arguments+=(--next --silent --show-error --max-time 20 --output /dev/null --write-out '%{http_code} ' "${words[@]}")
  done
  got=$(curl "${arguments[@]:1}") || :
  [ "$got" = "${wanted[*]} " ] || {
    echo "nginx.sh: ${FUNCNAME[1]} were answered $got instead of ${wanted[*]}" >&2
    exit 1
  }
}

# until_true CMD...: waits up to 20 s for CMD to succeed.
until_true() {
  local _
  for _ in {1..200}; do
    if "$@" 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "nginx.sh: still fails after 20 s: $*" >&2
  exit 1
}

master() { cat "$run/nginx.pid"; }
workers() { cat "/proc/$(master)/task/$(master)/children"; }
serves() { [ "$(curl --silent --max-time 5 "$url/")" = 'It works.' ] && [ -n "$(workers)" ]; }
replaced() { for pid in $1; do [ ! -e "/proc/$pid" ] || return 1; done; }

requests() {
  ask <<REQUESTS
    200 $url/
    200 --head $url/numbers.txt
    200 --compressed $url/numbers.txt
    206 --range 100-200 $url/numbers.txt
    200 $url/through/numbers.txt
    201 --upload-file $site/numbers.txt $url/files/by/name.txt
    200 $url/files/by/name.txt
    204 --request DELETE $url/files/by/name.txt
REQUESTS
}

# What clients get wrong: no such file, none of their business, nonsense, too much.
errors() {
  ask <<REQUESTS
    404 $url/nothing
    403 $url/files/
    405 --data x $url/index.html
    400 --header Host:a/b $url/
    413 --upload-file $site/too-big $url/files/too-big
REQUESTS
}

reload() {
  local before
  before=$(workers)
  kill -HUP "$(master)"
  until_true replaced "$before"
  until_true serves
}

rotate() {
  mv "$log-access.log" "$log-access.log.1"
  kill -USR1 "$(master)"
  until_true test -e "$log-access.log"
}

work() {
  until_true serves
  requests
  errors
  rotate
  requests
  reload
  requests
}

case ${1:-} in
  prepare | work | clean) "$1" ;;
  command) echo /usr/sbin/nginx -c /etc/nginx/demo.conf ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
