#!/bin/bash
# Debian's cron: jobs of root and of another user, which run as it starts.
# shellcheck source=test/sweep/daemons/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unit=cron.service
unseen='CAP_AUDIT_WRITE a record of each session for the audit, which this kernel does not keep'
spool=/var/spool/cron/crontabs results=/srv/sweep

prepare() {
  fresh "$spool" root:crontab 1730
  fresh "$results" root:root 1777
  rm -f /run/crond.reboot /run/crond.pid
  fresh /etc/cron.d root:root 755
  echo "@reboot games id -nG >$results/table.new; mv $results/table.new $results/table" >/etc/cron.d/sweep
  echo "@reboot id -nu >$results/user.new; touch $results/user.new; mv $results/user.new $results/user" >"$spool/games"
  chown games:crontab "$spool/games"
  echo "@reboot cat /proc/self/loginuid >$results/root.new; mv $results/root.new $results/root" >"$spool/root"
  chgrp crontab "$spool/root"
  chmod 600 "$spool"/*
}

clean() { gone "$spool" "$results" /etc/cron.d; }

work() {
  local job
  for job in table user root; do
    awaits "job of $job" test -e "$results/$job" || continue
    observe "$job said" cat "$results/$job"
    observe "$job left" stat --format '%U:%G' "$results/$job"
  done
}

main "$@"
