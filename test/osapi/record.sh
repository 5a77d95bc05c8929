#!/bin/bash
# record.sh VERSION OSAPI [TRACE]: in a guest with Debian's own kernel, runs every
# operation of OSAPI's worker under osapi-profile and keeps the trace. OSAPI is the
# binary of that version, built from its own repository. Without TRACE the worker
# runs unrecorded: to try a plan.
#
#   test/osapi/record.sh february ~/osapi-february docs/traces/osapi-2026-02.jsonl
#   test/osapi/record.sh agent ~/osapi docs/traces/osapi-agent-2026-08.jsonl
#
# RUN_AS=osapi runs the worker as that user instead of root: what then fails is what
# needs more than a service user has. CONFINE=FILE gives its service a drop-in, and
# APPARMOR=FILE loads a profile that the drop-in names: the plan under enforcement.
# CONTAINER=yes takes a container of the guest's files in place of the guest: many
# times as fast, on this machine's kernel, without AppArmor and udev.
# VM_SUITE=trixie takes a guest, or a container, of Debian 13 instead.
# VERIFY=TRACE, which is of training, has osapi-profile verify run the worker and its
# plan under the profile made of that, and print its verdict; TRACE is then of that run.
# REPORT=FILE receives the verdict as JSON instead, and VERSIONS=FILE those of Debian's
# packages of systemd and of AppArmor, where the kernel has it, a line "NAME VERSION" each.
# OPERATIONS="NAME..." leaves out what these do not need (run.sh).
# ANSWERS=FILE and JOURNAL=FILE receive what the client and the worker said.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# -ge 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
version=$1 osapi=$2 trace=${3:-}
[ -e "$here/$version.plan.yaml" ] || { echo "record.sh: no plan for $version" >&2; exit 2; }

job=$(mktemp -d)
trap 'rm -rf "$job"' EXIT
cp "$here"/{prepare.sh,run.sh,ask,follow,50-osapi.rules} "$here"/*.plan.yaml "$here/$version.yaml" "$job"
cp "$osapi" "$job/osapi"
if [ -n "${CONFINE:-}" ]; then cp "$CONFINE" "$job/confine.conf"; fi
if [ -n "${VERIFY:-}" ]; then cp "$VERIFY" "$job/training"; fi
if [ -n "${APPARMOR:-}" ]; then cp "$APPARMOR" "$job/apparmor"; fi
export VM_SUITE=${VM_SUITE:-bookworm}
"$here/mirror.sh" "$job/mirror" "$VM_SUITE"
(cd "$root" && CGO_ENABLED=0 go build -o "$job/osapi-profile" ./cmd/osapi-profile)
cat >"$job/job.sh" <<JOB
set -e
export RUN_AS=${RUN_AS:-}
./prepare.sh ./osapi $version $VM_SUITE
packages=systemd
if [ -e /sys/kernel/security/apparmor/profiles ]; then packages+=' apparmor'; fi
dpkg-query --show --showformat='\${Package} \${Version}\n' \$packages >versions
if [ -e apparmor ]; then apparmor_parser --replace --skip-cache apparmor; fi
status=0
export CONFINE=${CONFINE:+/job/confine.conf} ANSWERS=/job/answers CONFINED_PLAN=${CONFINED_PLAN:-}
export VERIFY=${VERIFY:+/job/training} REPORT=${REPORT:+/job/report}
export OPERATIONS="${OPERATIONS:-}"
./run.sh $version ${trace:+/job/trace.jsonl} || status=\$?
if [ -e apparmor ]; then journalctl --no-pager --dmesg --grep apparmor=.DENIED >&2 || :; fi
exit \$status
JOB

export VM_MEMORY=2048 VM_TIMEOUT=${VM_TIMEOUT:-3600}
export VM_PACKAGES="udev polkitd pkexec systemd-resolved libnss-resolve netplan.io
  chrony cron ca-certificates openssl sudo tzdata python3 jq gpgv util-linux"
harness=$root/test/vm/vm.sh
if [ -n "${CONTAINER:-}" ]; then
  "$harness" build
  CONTAINER_IMAGE=$("$harness" path)/root.img
  export CONTAINER_IMAGE CONTAINER_TIMEOUT=$VM_TIMEOUT
  harness=$root/test/container/container.sh
fi
status=0
"$harness" run "$job" -- bash job.sh || status=$?
if [ -n "${ANSWERS:-}" ] && [ -e "$job/answers" ]; then cp "$job/answers" "$ANSWERS"; fi
if [ -n "${JOURNAL:-}" ] && [ -e "$job/journal" ]; then cp "$job/journal" "$JOURNAL"; fi
if [ -n "${REPORT:-}" ] && [ -e "$job/report" ]; then cp "$job/report" "$REPORT"; fi
if [ -n "${VERSIONS:-}" ] && [ -e "$job/versions" ]; then cp "$job/versions" "$VERSIONS"; fi
if [ -n "$trace" ] && [ -e "$job/trace.jsonl" ]; then install -m 644 "$job/trace.jsonl" "$trace"; fi
exit "$status"
