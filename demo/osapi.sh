#!/bin/bash
# osapi.sh: OSAPI's worker and a handful of operations that only look. It has servers,
# ports and files of its own, so that an OSAPI that runs here already is left alone.
#
#   osapi.sh prepare   configure and start the servers
#   osapi.sh command   print the command that is the worker
#   osapi.sh work      send it operations through the client, once it is there
#   osapi.sh clean     stop the servers and take everything away
#
# work tells how each operation ended, and exits with 1 when none worked: some need
# more of a host than others.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
etc=/etc/osapi-demo state=/var/lib/osapi-demo run=/run/osapi-demo

# The release of February 2026 calls a worker what is called an agent since.
if osapi agent --help >/dev/null 2>&1; then
  version=agent server=(controller start) worker=(agent start) status=(node --target _any status)
else
  export IGNORE_LINUX=1 # else that release refuses to start on Debian
  version=february server=(api server start) worker=(job worker start) status=(system status)
fi

ask() { OSAPI_OPTIONS="--osapi-file $etc/osapi.yaml" timeout 60 "$here/../test/osapi/ask" "$@"; }

# step NAME ARGS...: an operation, and how it ended.
steps=0 failed=0
step() {
  local why
  steps=$((steps + 1))
  if why=$(ask "${@:2}"); then
    echo "ok       $1"
  else
    echo "FAILED   $1: $why"
    failed=$((failed + 1))
  fi
}

random() { od -An -N 32 -tx1 /dev/urandom | tr -d ' \n'; }

# listens PORT: waits up to 30 s for it.
listens() {
  local _
  for _ in {1..300}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    sleep 0.1
  done
  echo "osapi.sh: nothing listens on port $1; see $run" >&2
  exit 1
}

# serve PORT ARGS...: a server, outside of what is recorded.
serve() {
  local port=$1
  shift
  osapi --osapi-file "$etc/osapi.yaml" "$@" >"$run/$1.log" 2>&1 &
  echo $! >>"$run/servers"
  listens "$port"
}

prepare() {
  local token
  install -d "$etc" "$state" "$run"
  sed -e "s/@KEY@/$(random)/; s/\b4222\b/14222/g; s/\b8080\b/18080/g; s/\b909\([0-2]\)\b/1909\1/g" \
    -e "s,/var/lib/osapi\b,$state," "$here/../test/osapi/$version.yaml" >"$etc/osapi.yaml"
  token=$(osapi --osapi-file "$etc/osapi.yaml" token generate --roles admin --subject demo --json 2>&1 | grep -oE 'ey[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}' | head -n 1)
  sed -i "s/@TOKEN@/$token/" "$etc/osapi.yaml"
  chmod 600 "$etc/osapi.yaml"
  serve 14222 nats server start
  serve 18080 "${server[@]}"
}

clean() {
  local pid
  if [ -e "$run/servers" ]; then
    while read -r pid; do kill "$pid" 2>/dev/null || :; done <"$run/servers"
  fi
  rm -rf "$etc" "$state" "$run"
}

# What is asked of either release.
february() {
  step status "${status[@]}"
  step hostname system hostname
  step ping network ping --address 127.0.0.1
  step command.exec system exec --command uptime
  step command.shell system shell --command 'df -h / | tail -n 1'
}

agent() {
  local node=(node --target _any)
  step status "${status[@]}"
  step hostname "${node[@]}" hostname get
  step ping "${node[@]}" network ping --address 127.0.0.1
  step command.exec "${node[@]}" command exec --command uptime
  step command.shell "${node[@]}" command shell --command 'df -h / | tail -n 1'
}

work() {
  local end=$((SECONDS + 60))
  until ask "${status[@]}" >/dev/null || [ "$SECONDS" -gt "$end" ]; do sleep 1; done
  "$version"
  [ "$failed" -lt "$steps" ]
}

case ${1:-} in
  prepare | clean) "$1" ;;
  work) work >&2 ;;
  command) echo "$(command -v osapi)" --osapi-file "$etc/osapi.yaml" "${worker[@]}" ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
