# Sourced by run.sh: how a plan names an operation, runs it through OSAPI's client
# and finds out whether it really worked. The client exits 0 whatever the answer, so
# the answer itself is read.
# shellcheck shell=bash disable=SC2154

unplanned=0

# answer ARGS...: what the client says to them, as JSON.
answer() { timeout 600 osapi client --json "$@" 2>&1; }

# complaints ARGS...: runs the client and prints why that did not work.
complaints() {
  answer "$@" >"$log/answer" || echo "the client's exit status is $?"
  complaint <"$log/answer"
  cat "$log/answer" >>"$log/answers"
}

# complaint: reads an answer and prints why the operation did not work; nothing when
# it did. An answer that is no JSON, or none, is a complaint of its own.
complaint() {
  jq -rs 'if length == 0 then "no answer" else [.. | objects
    | (select(.level? == "ERROR") | .error // .msg),
      (select((.error? | type) == "string" and .error != "" and (has("level") | not)) | .error),
      (select(.status? == "failed" or .status? == "skipped") | "status \(.status)"),
      (select((.exit_code? // 0) != 0) | "exit code \(.exit_code)")
    ] | unique | join("; ") end' 2>/dev/null || echo 'the answer is not JSON'
}

report() { printf '%-8s %s%s\n' "$1" "$2" "${3:+: ${3:0:200}}"; }

# step NAME ARGS...: an operation that is meant to work.
step() {
  local name=$1 why
  shift
  why=$(complaints "$@")
  if [ -z "$why" ]; then report ok "$name"; else report FAILED "$name" "$why"; unplanned=$((unplanned + 1)); fi
}

# refused NAME ARGS...: an operation that is meant to fail. These come last in a plan:
# the queue keeps a failed job and hands it out again half a minute later.
refused() {
  local name=$1 why
  shift
  why=$(complaints "$@")
  if [ -n "$why" ]; then report refused "$name" "$why"; else report WORKED "$name" 'was meant to fail'; unplanned=$((unplanned + 1)); fi
}
