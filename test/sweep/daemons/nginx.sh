#!/bin/bash
# Debian's nginx by its own unit: port 80, workers of another user, uploads,
# a site that only its user may read, log rotation, reload.
# shellcheck source=test/sweep/daemons/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unit=nginx.service site=/srv/sweep conf=/etc/nginx/sites-enabled/sweep

prepare() {
  fresh /var/log/nginx root:adm 755
  fresh /var/lib/nginx root:root 755
  fresh "$site" root:root 755
  echo 'It works.' >"$site/index.html"
  install -d -o www-data -g www-data -m 700 "$site/private" "$site/files"
  install -o www-data -g www-data -m 600 "$site/index.html" "$site/private/index.html"
  rm -f /etc/nginx/sites-enabled/*
  cat >"$conf" <<CONF
server {
  listen 127.0.0.1:80 default_server;
  root $site;
  location /files/ { dav_methods PUT DELETE; create_full_put_path on; }
}
CONF
}

clean() { gone /var/log/nginx /var/lib/nginx "$site"; rm -f "$conf"; }

get() { curl --silent --max-time "$patience" --output /dev/null --write-out '%{http_code}' "$@"; }
children() { pgrep -d ' ' -P "$(cat /run/nginx.pid)"; }
workers() { ps -o user=,group= --ppid "$(cat /run/nginx.pid)" | sort -u; }
replaced() { [ -n "$(children)" ] && [[ " $(children) " != *" ${1%% *} "* ]]; }
errors() { grep -oE '\[(emerg|alert|crit|error)\].*' /var/log/nginx/error.log | grep -v /nothing | sort -u; [ "${PIPESTATUS[0]}" != 2 ]; }

work() {
  local before url=http://127.0.0.1
  awaits serves get --fail "$url/" || {
    observe errors errors
    return
  }
  observe index get "$url/"
  observe private get "$url/private/"
  observe missing get "$url/nothing"
  observe upload get --upload-file /etc/services "$url/files/by/name"
  observe uploaded stat --format '%U:%G %a' "$site/files/by/name"
  observe workers workers
  mv /var/log/nginx/access.log /var/log/nginx/access.log.1
  systemctl kill --kill-who=main --signal=USR1 "$unit"
  awaits 'log opened again' test -e /var/log/nginx/access.log
  observe index get "$url/"
  awaits 'log written' test -s /var/log/nginx/access.log
  observe log stat --format '%n %U:%G %a' /var/log/nginx/access.log
  before=$(children)
  observe reload systemctl reload "$unit"
  awaits 'workers replaced' replaced "$before"
  observe index get "$url/"
  observe errors errors
}

main "$@"
