//go:build inside

package inside

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

const (
	name    = "attach-test.service"
	program = "/run/attach-test.sh"
)

// What the service does at its start, at a reload, and at its end.
const script = `#!/bin/bash
trap ': </etc/group' HUP
trap ': </etc/debian_version; exit 0' TERM
: </etc/hostname
while :; do sleep 0.2 & wait $!; done
`

// A sandbox gives each command a mount namespace of its own; "+" lifts it, and
// "!" the user. The line of ExecCondition= is one that systemd looks up itself.
const service = `[Service]
User=nobody
ProtectSystem=strict
PrivateTmp=yes
ExecCondition=true
ExecStartPre=+/bin/mkdir -p /run/attach-test
ExecStartPre=!/usr/bin/id -u
ExecStart=/run/attach-test.sh
ExecStartPost=/bin/sh -c ": </etc/passwd"
ExecReload=/bin/kill -HUP $MAINPID
ExecStopPost=/bin/ls /run/attach-test
`

func installed(t *testing.T) {
	t.Helper()
	require.NoError(t, os.WriteFile(program, []byte(script), 0o755))
	install(t, name, service)
}

// A unit that is started by the recorder is seen from its first command to its
// last, and nothing of what systemd does for it.
func TestStarted(t *testing.T) {
	installed(t)
	r := record(t, "--unit", "attach-test")
	until(t, "start", func() bool { return active(name) })
	r.has("/etc/hostname")
	systemctl(t, "reload", name)
	r.has("/etc/group")
	systemctl(t, "stop", name)
	read := r.ended(0)
	assert.Equal(t, []string{
		"/bin/kill", "/bin/ls", "/bin/mkdir without all", "/bin/sh", program, "/usr/bin/id without user", "/usr/bin/true",
	}, entrances(read))
	assert.True(t, did(read, "/run/attach-test", trace.AccessCreate), "mkdir")
	assert.True(t, did(read, "/etc/passwd", trace.AccessRead), "ExecStartPost=")
	assert.True(t, did(read, "/etc/group", trace.AccessRead), "ExecReload=")
	assert.True(t, did(read, "/etc/debian_version", trace.AccessRead), "ExecStop=")
	assert.NotContains(t, kinds(read), trace.HoleAttached)
	assert.NotContains(t, kinds(read), trace.HoleScope)
	for _, s := range read.Syscalls {
		assert.NotZero(t, s.Subject, "%s was made by none of the commands", s.Name)
		assert.NotContains(t, []string{"mount", "umount2", "pivot_root", "unshare", "setuid", "setresuid"}, s.Name)
	}
	run := read.Runs[0]
	assert.Equal(t, name, run.Unit)
	assert.Equal(t, trace.AttachedStarted, run.Attached)
	assert.Equal(t, "nobody", run.User)
	assert.Equal(t, trace.Path(program), run.Worker)
}

// TestLinesOfOneCommand: the words tell a line with a prefix from one without. Of a
// script they are its interpreter's, and it counts as sandboxed.
func TestLinesOfOneCommand(t *testing.T) {
	require.NoError(t, os.WriteFile("/run/attach-lines.sh", []byte("#!/bin/sh\n: </etc/$1\n"), 0o755))
	install(t, "attach-lines.service", "[Service]\nType=oneshot\nStandardOutput=null\nExecStartPre=+cat /etc/hostname\nExecStart=cat /etc/debian_version\n"+
		"ExecStart=!cat /etc/host.conf \"\"\nSuccessExitStatus=1\n")
	read := record(t, "--unit", "attach-lines").ended(0)
	assert.Equal(t, []string{"/usr/bin/cat", "/usr/bin/cat without all", "/usr/bin/cat without user"}, entrances(read))
	assert.NotContains(t, kinds(read), trace.HoleUnresolved)
	lifted := map[trace.Path]trace.Lifted{}
	for _, f := range read.Files {
		for _, subject := range read.Subjects {
			if subject.ID == f.Subject && f.Access&trace.AccessRead != 0 {
				lifted[f.Path] = subject.Lifted
			}
		}
	}
	assert.Equal(t, trace.LiftedAll, lifted["/etc/hostname"])
	assert.Equal(t, trace.Lifted(""), lifted["/etc/debian_version"])
	assert.Equal(t, trace.LiftedUser, lifted["/etc/host.conf"])

	install(t, "attach-script.service", "[Service]\nType=oneshot\nExecStartPre=+/run/attach-lines.sh hostname\nExecStart=/run/attach-lines.sh passwd\n")
	read = record(t, "--unit", "attach-script").ended(0)
	assert.Equal(t, []string{"/run/attach-lines.sh"}, slices.Compact(entrances(read)))
	assert.Contains(t, kinds(read), "cannot be told apart by its words")
}

// A unit that runs is followed from then on, and left running.
func TestRunning(t *testing.T) {
	installed(t)
	systemctl(t, "start", name)
	r := record(t, "--unit", name)
	r.has(`"syscall"`)
	systemctl(t, "reload", name)
	r.has("/etc/group")
	read := r.interrupt()
	assert.True(t, active(name))
	assert.Equal(t, []string{"/bin/kill"}, entrances(read))
	assert.True(t, did(read, "/etc/group", trace.AccessRead))
	assert.False(t, did(read, "/etc/hostname", trace.AccessRead), "it was read before")
	assert.Contains(t, kinds(read), trace.HoleAttached)
	assert.Equal(t, trace.AttachedUnit, read.Runs[0].Attached)
	assert.EqualValues(t, 65534, read.Runs[0].UID)
}

// A systemd that executes itself anew leaves no connection: the recording goes on, and
// ends with the unit all the same.
func TestReexecuted(t *testing.T) {
	installed(t)
	r := record(t, "--unit", name)
	r.has("/etc/hostname")
	systemctl(t, "daemon-reexec")
	systemctl(t, "reload", name)
	r.has("/etc/group")
	systemctl(t, "stop", name)
	read := r.ended(0)
	assert.True(t, did(read, "/etc/debian_version", trace.AccessRead), "ExecStop=")
}

// With --restart the start-up of a unit that runs is seen.
func TestRestarted(t *testing.T) {
	installed(t)
	systemctl(t, "start", name)
	r := record(t, "--unit", name, "--restart")
	r.has("/etc/hostname")
	r.has("/etc/passwd")
	read := r.interrupt()
	assert.True(t, active(name))
	assert.Contains(t, entrances(read), program)
	assert.False(t, did(read, "/etc/debian_version", trace.AccessRead), "the end of what ran before is not of this recording")
	assert.NotContains(t, kinds(read), trace.HoleAttached)
	assert.Equal(t, trace.AttachedRestarted, read.Runs[0].Attached)
}

func TestFailedStart(t *testing.T) {
	install(t, "attach-fails.service", "[Service]\nType=oneshot\nExecStart=/bin/cat /no/such/file\n")
	r := record(t, "--unit", "attach-fails")
	read := r.ended(1)
	assert.Contains(t, r.said.String(), `the unit did not start: systemd says "failed"`)
	assert.Equal(t, []string{"/bin/cat"}, entrances(read))
}

func TestNoSuchUnit(t *testing.T) {
	for unit, want := range map[string]string{
		"no-such-unit": "there is no unit no-such-unit.service", "basic.target": "basic.target is no service",
	} {
		out, err := exec.Command("./osapi-profile", "record", "-o", "/dev/null", "--unit", unit).CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(out), want)
	}
}

// The same command gives the same facts, whoever starts it.
func TestSameAsCommand(t *testing.T) {
	const command = "/bin/cat /etc/hostname /no/such/file"
	install(t, "attach-same.service", "[Service]\nType=oneshot\nExecStart=-"+command+"\nStandardError=null\nStandardOutput=null\n"+
		"UnsetEnvironment=LANG\nSuccessExitStatus=1\n")
	byUnit := record(t, "--unit", "attach-same").ended(0)
	r := &recording{T: t, file: t.TempDir() + "/trace.jsonl"}
	r.Cmd = exec.Command("./osapi-profile", "record", "-q", "-o", r.file, "--", "/bin/cat", "/etc/hostname", "/no/such/file")
	r.Cmd.Env = []string{"PATH=/bin"}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	r.Cmd.Stdin, r.Cmd.Stdout, r.Cmd.Stderr = null, null, null
	require.NoError(t, r.Cmd.Start())
	assert.Equal(t, summary(r.ended(1)), summary(byUnit))
}

// summary is a trace without what differs from run to run.
func summary(read *trace.Trace) []string {
	var lines []string
	for _, f := range read.Syscalls {
		lines = append(lines, fmt.Sprint("syscall ", f.Name, " ", f.Outcome))
	}
	for _, f := range read.Execs {
		lines = append(lines, fmt.Sprint("exec ", f.Called))
	}
	for _, f := range read.Files {
		lines = append(lines, fmt.Sprint("file ", f.Path, " ", f.Access, " ", f.Outcome, " ", f.Syscall))
	}
	for _, f := range read.Capabilities {
		lines = append(lines, fmt.Sprint("capability ", f.Name, " ", f.Optional, " ", f.Syscall, " ", f.Outcome))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// A daemon of Debian's, by the unit that it comes with.
func TestNginx(t *testing.T) {
	const unit = "nginx.service"
	systemctl(t, "unmask", unit) // as the guest has it, where daemons wait to be asked for
	systemctl(t, "start", unit)
	t.Cleanup(func() { _ = exec.Command("systemctl", "stop", unit).Run() })
	r := record(t, "--unit", "nginx", "--restart")
	until(t, "answer of the new nginx", func() bool {
		data, _ := os.ReadFile(r.file)
		return len(data) > 0 && exec.Command("grep", "-q", `"listen"`, r.file).Run() == nil &&
			exec.Command("curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1/").Run() == nil
	})
	systemctl(t, "reload", unit)
	systemctl(t, "stop", unit)
	read := r.ended(0)
	assert.True(t, did(read, "/etc/nginx/nginx.conf", trace.AccessRead))
	assert.True(t, slices.ContainsFunc(read.Files, func(f trace.File) bool {
		return f.Path == "/var/www/html/index.nginx-debian.html" && f.FSUID != 0 && f.Outcome == trace.OK
	}), "the page, by a process of www-data")
	var capabilities []string
	for _, c := range read.Capabilities {
		if c.Optional == trace.Needed && c.Outcome == trace.OK {
			capabilities = append(capabilities, c.Name)
		}
	}
	assert.Contains(t, capabilities, "CAP_NET_BIND_SERVICE")
	assert.Contains(t, capabilities, "CAP_SETUID")
	assert.Equal(t, trace.Path("/usr/sbin/nginx"), read.Runs[0].Worker)
	for _, e := range entrances(read) {
		assert.Contains(t, []string{"/usr/sbin/nginx", "/sbin/start-stop-daemon"}, e)
	}
	assert.NotContains(t, kinds(read), trace.HoleAttached)
}

// What PAM executes before a command, and the process that systemd leaves behind
// to close its session, are not the service's.
func TestPreparation(t *testing.T) {
	const pam, unit = "/etc/pam.d/attach-test", "attach-pam.service"
	require.NoError(t, os.WriteFile(pam, []byte("account required pam_permit.so\nsession required pam_exec.so /bin/touch /run/by-pam\n"), 0o644))
	t.Cleanup(func() { _ = os.Remove(pam) })
	install(t, unit, "[Service]\nPAMName=attach-test\nUser=nobody\nExecStart=/bin/sleep 60\n")
	started := record(t, "--unit", unit)
	started.has(`"called":"/bin/sleep"`)
	read := started.interrupt()
	require.FileExists(t, "/run/by-pam")
	assert.Equal(t, []string{"/bin/sleep"}, entrances(read))
	assert.Contains(t, kinds(read), "none of its commands")
	running := record(t, "--unit", unit)
	running.has("nanosleep")
	read = running.interrupt()
	require.Len(t, read.Subjects, 1)
	assert.Equal(t, trace.Path("/usr/bin/sleep"), read.Subjects[0].Exe)
}
