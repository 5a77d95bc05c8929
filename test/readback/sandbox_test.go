package readback

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// places are files in directories where the directives draw their lines.
var places = []trace.Path{
	"/etc/h/f", "/etc/cron.d/f", "/usr/bin/h", "/usr/lib/h/f", "/usr/lib/h/sub/f", "/opt/h/lib/f", "/opt/h/f", "/var/lib/h/f",
	"/var/lib/h/sub/f", "/var/log/h", "/srv/a b/f", "/home/h/f", "/root/h", "/tmp/h", "/var/tmp/h/f", "/run/h/f", "/dev/shm/h",
}

// sandboxes is how many made-up units are tried.
const sandboxes = 8

// trained is a worker that wrote, replaced or executed some of the places.
func trained(r *rand.Rand) *trace.Trace {
	t := &trace.Trace{
		Runs:     []trace.Run{{Header: trace.Header{Run: "r", Worker: "/usr/bin/bash", User: "root", Arch: "amd64"}, End: &trace.End{}}},
		Subjects: []trace.Subject{{ID: 1, Exe: "/usr/bin/bash"}},
	}
	for _, p := range tracegen.Probes() {
		if p.Fact == "file" || p.Fact == "exec" {
			t.Runs[0].Probes = append(t.Runs[0].Probes, p)
		}
	}
	ok := trace.Seen{Subject: 1, Outcome: trace.OK}
	add := func(p trace.Path, a trace.Access) {
		t.Files = append(t.Files, trace.File{Seen: ok, Path: p, Access: a, Type: "file"})
	}
	for _, lib := range []trace.Path{"libc.so.6", "libtinfo.so.6.4", "ld-linux-x86-64.so.2"} {
		add("/usr/lib/x86_64-linux-gnu/"+lib, trace.AccessRead|trace.AccessExecMap)
	}
	add("/job/actions", trace.AccessRead)
	for _, p := range places {
		switch r.IntN(6) {
		case 0:
			add(p, trace.AccessWrite)
		case 1:
			add(p, trace.AccessWrite|trace.AccessCreate)
		case 2:
			add(p, trace.AccessExec)
		case 3:
			add(p, trace.AccessRead)
		}
	}
	return t
}

// action is something tried inside the sandbox: "write" in place, "create" a
// neighbour, "exec".
type action struct {
	verb string
	path trace.Path
}

func (a action) fact() trace.File {
	f := trace.File{Seen: trace.Seen{Subject: 1, Outcome: trace.OK}, Path: a.path, Type: "file", Access: trace.AccessWrite}
	switch a.verb {
	case "create":
		f.Path, f.Access = a.path+".new", trace.AccessWrite|trace.AccessCreate
	case "exec":
		f.Access = trace.AccessExec
	}
	return f
}

// TestSandboxesDoWhatTheEvaluatorSays tries writing, creating and executing at
// every place inside of real sandboxes, and compares with the evaluator, which
// has only read the text.
func TestSandboxesDoWhatTheEvaluatorSays(t *testing.T) {
	need.Container(t)
	dir := t.TempDir()
	var actions []action
	var lines strings.Builder
	for _, verb := range []string{"write", "exec", "create"} {
		for _, p := range places {
			actions = append(actions, action{verb, p})
			fmt.Fprintf(&lines, "%s %s\n", verb, p)
		}
	}
	var names strings.Builder
	for _, p := range places {
		fmt.Fprintln(&names, p)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "actions"), []byte(lines.String()), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "places"), []byte(names.String()), 0o644))
	var boxes []*systemd.Sandbox
	for i := range sandboxes {
		in := trained(rand.New(rand.NewPCG(uint64(i), 4)))
		var text bytes.Buffer
		require.NoError(t, systemd.DropIn(&text, synth.Infer(in, synth.Options{}), systemd.Options{Name: "s"}))
		box, err := systemd.ReadSandbox(bytes.NewReader(text.Bytes()), systemd.DefaultVersion)
		require.NoError(t, err)
		require.Empty(t, box.Refuses(in))
		boxes = append(boxes, box)
		require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("s%d.conf", i)), text.Bytes(), 0o644))
	}
	out := inContainer(t, dir, fmt.Sprintf(tryAll, sandboxes-1))
	answers := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, answers, sandboxes*len(actions))
	for i, box := range boxes {
		for k, a := range actions {
			refused := box.Refuses(&trace.Trace{Files: []trace.File{a.fact()}})
			want := fmt.Sprintf("%d %s %s %s", i, a.verb, a.path, map[bool]string{true: "allowed", false: "refused"}[len(refused) == 0])
			text, _ := os.ReadFile(filepath.Join(dir, fmt.Sprintf("s%d.conf", i)))
			require.Equal(t, want, answers[i*len(actions)+k], "%v\n%s", refused, text)
		}
	}
}

// tryAll makes the places anew for each sandbox and tries every action there.
const tryAll = `
cat >/run/try <<'EOF'
while read -r verb path; do
  answer=refused
  case $verb in
    write) { [ -e "$path" ] && : >>"$path" && answer=allowed; } 2>/dev/null ;;
    create) { : >"$path.new" && answer=allowed; } 2>/dev/null ;;
    exec) "$path" 2>/dev/null && answer=allowed ;;
  esac
  echo "$1 $verb $path $answer"
done </job/actions
EOF
for i in $(seq 0 %d); do
  while read -r path; do
    mkdir -p "${path%%/*}"
    rm -f "$path.new"
    cp /bin/true "$path"
  done </job/places
  rm -rf /run/systemd/system/s.service.d
  mkdir -p /run/systemd/system/s.service.d
  cp "/job/s$i.conf" /run/systemd/system/s.service.d/
  printf '[Service]\nType=oneshot\nExecStart=/usr/bin/bash /run/try %%s\nStandardOutput=append:/run/answers\n' "$i" \
    >/run/systemd/system/s.service
  systemctl daemon-reload
  systemctl start s.service || { journalctl -b -o cat -u s.service >&2; exit 1; }
done
cat /run/answers
`
