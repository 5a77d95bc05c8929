//go:build inside

package unit

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/prove/ledger"
)

func open(t *testing.T) (*Host, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	h, err := Open(ctx)
	require.NoError(t, err)
	return h, ctx
}

// nothing says that nothing is left of a service.
func nothing(t *testing.T, name string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(Directory, name+"*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	ledgers, err := os.ReadDir(ledger.Dir)
	require.NoError(t, err)
	assert.Empty(t, ledgers)
	out, _ := exec.Command("systemctl", "show", "--property=LoadState,ActiveState", name).Output()
	assert.Equal(t, "LoadState=not-found\nActiveState=inactive\n", string(out))
}

const service = `[Service]
ExecStart=/bin/sleep 1000
ExecStartPost=/bin/sh -c 'touch /etc/x || exit 30'
ExecStartPost=-/bin/false
ProtectSystem=strict
ReadWritePaths="-/srv/a b%%c" /var/tmp/.
CapabilityBoundingSet=
CapabilityBoundingSet=CAP_CHOWN CAP_KILL
SystemCallFilter=@system-service
SystemCallFilter=pivot_root
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET
RestrictNamespaces=mnt pid
BindReadOnlyPaths=-/usr/bin /usr/lib:/mnt
DeviceAllow=/dev/null rw
DevicePolicy=strict
ProtectClock=yes
IPAddressDeny=any
IPAddressAllow=localhost 192.0.2.1 198.51.100.0/24
SocketBindAllow=ipv4:tcp:80
SocketBindAllow=ipv6:udp:8000-8010
SocketBindDeny=any
UMask=027
KillSignal=SIGQUIT
Nice=3
MemoryMax=64M
CPUQuota=150%
TasksMax=77
LimitNOFILE=2048
ProtectHome=tmpfs
PrivateTmp=true
NoNewPrivileges=on
KeyringMode=private
`

func TestService(t *testing.T) {
	h, ctx := open(t)
	name := Name("a b/ü%")
	s, err := h.Install(ctx, name, File{name, []byte(service)})
	require.NoError(t, err)
	refused, err := s.Refused(ctx)
	require.NoError(t, err)
	assert.Empty(t, refused)
	differences, err := s.ReadBack(ctx)
	require.NoError(t, err)
	for _, d := range differences { // Debian 12's systemd was built without BPF
		assert.Contains(t, []string{"SocketBindAllow", "SocketBindDeny"}, strings.Split(d.Line.Text, "=")[0], d.String())
		assert.Equal(t, "this systemd was built without BPF_FRAMEWORK", d.Why)
	}

	result, err := s.Start(ctx)
	require.NoError(t, err)
	assert.Equal(t, "failed", result)
	o, err := s.Outcome(ctx)
	require.NoError(t, err)
	assert.Equal(t, "exit-code", o.Result)
	require.Len(t, o.Commands, 3)
	assert.Equal(t, Command{"ExecStartPost", []string{"/bin/sh", "-c", "touch /etc/x || exit 30"}, o.Commands[1].PID, Exited, 30}, o.Commands[1])
	assert.Equal(t, Killed, o.Code)
	assert.Equal(t, int(syscall.SIGQUIT), o.Status)
	talk, err := s.Talk(ctx, 30)
	require.NoError(t, err)
	assert.Contains(t, talk, "/etc/x")

	require.NoError(t, h.Close(ctx))
	nothing(t, name)
}

// TestWhatSystemdDoesNotTake puts a fault in each of two places.
func TestWhatSystemdDoesNotTake(t *testing.T) {
	h, ctx := open(t)
	name := Name("faulty")
	s, err := h.Install(ctx, name,
		File{name, []byte("[Service]\nExecStart=/bin/true\nNoSuchDirective=yes\nReadWritePaths=relative\n")},
		File{name + ".d/x.conf", []byte("[Service]\nProtectHome=perhaps\nPrivateTmp=yes\n")})
	require.NoError(t, err)
	refused, err := s.Refused(ctx)
	require.NoError(t, err)
	require.Len(t, refused, 3, refused)
	differences, err := s.ReadBack(ctx)
	require.NoError(t, err)
	var lines []string
	for _, d := range differences {
		lines = append(lines, d.String())
	}
	text := strings.Join(lines, "\n")
	assert.Contains(t, text, "systemd has no property NoSuchDirective")
	assert.Contains(t, text, ":4: ReadWritePaths=relative: systemd holds ReadWritePaths= with nothing more and without relative")
	assert.Contains(t, text, "x.conf:2: ProtectHome=perhaps: systemd holds ProtectHome= with no and without perhaps")
	require.NoError(t, h.Close(ctx))
	nothing(t, name)
}

// started is the file of a service that runs, and that is not ours.
func started(t *testing.T, name, lines string) string {
	t.Helper()
	base := filepath.Join("/etc/systemd/system", name)
	require.NoError(t, os.WriteFile(base, []byte("[Service]\nExecStart=/bin/sleep 1000\n"+lines), 0o644))
	t.Cleanup(func() { _ = os.Remove(base) })
	require.NoError(t, exec.Command("systemctl", "daemon-reload").Run())
	require.NoError(t, exec.Command("systemctl", "start", name).Run())
	return base
}

// TestDropIn changes a service that runs, and leaves it running as it was.
func TestDropIn(t *testing.T) {
	h, ctx := open(t)
	const name = "there.service"
	started(t, name, "ProtectHome=yes\n")
	s, err := h.Install(ctx, name, File{name + ".d/zz.conf", []byte("[Service]\nProtectHome=\nProtectHome=read-only\n")})
	require.NoError(t, err)
	differences, err := s.ReadBack(ctx)
	require.NoError(t, err)
	assert.Empty(t, differences)
	result, err := s.Start(ctx)
	require.NoError(t, err)
	assert.Equal(t, "done", result)
	require.NoError(t, s.Stop(ctx))
	o, err := s.Outcome(ctx)
	require.NoError(t, err)
	assert.Equal(t, "inactive (success)", o.String())
	require.NoError(t, h.Close(ctx))
	assert.NoDirExists(t, filepath.Join(Directory, name+".d"))
	require.Eventually(t, func() bool { return exec.Command("systemctl", "is-active", name).Run() == nil }, 10*time.Second, 50*time.Millisecond)
	out, err := exec.Command("systemctl", "show", "--property=ProtectHome", name).Output()
	require.NoError(t, err)
	assert.Equal(t, "ProtectHome=yes\n", string(out))
	require.NoError(t, exec.Command("systemctl", "stop", name).Run())
}

// TestSkipped is about the one line that is said of a service of which nothing is
// executed.
func TestSkipped(t *testing.T) {
	h, ctx := open(t)
	name := Name("skipped")
	s, err := h.Install(ctx, name, File{name, []byte("[Unit]\nConditionPathExists=/no/such\n[Service]\nExecStart=/bin/sleep 1000\n")})
	require.NoError(t, err)
	talk, err := s.Talk(ctx, 30)
	require.NoError(t, err)
	assert.Empty(t, talk)
	result, err := s.Start(ctx)
	require.NoError(t, err)
	assert.Equal(t, "done", result)
	running, err := s.Running(ctx)
	require.NoError(t, err)
	assert.False(t, running)
	talk, err = s.Talk(ctx, 30)
	require.NoError(t, err)
	assert.Contains(t, talk, "(ConditionPathExists=/no/such)")
	require.NoError(t, h.Close(ctx))
	nothing(t, name)
}

// TestLeft cannot start what ran before, since nobody says any more what it is.
func TestLeft(t *testing.T) {
	h, ctx := open(t)
	const name = "left.service"
	base := started(t, name, "")
	_, err := h.Install(ctx, name, File{name + ".d/zz.conf", []byte("[Service]\nNice=1\n")})
	require.NoError(t, err)
	require.NoError(t, os.Remove(base))
	err = h.Close(ctx)
	require.ErrorIs(t, err, ErrLeft)
	require.ErrorContains(t, err, "it ran before, and does not now")
	nothing(t, name)
}

// TestKilled has a run of its own end without a chance to clean up, and a service
// that does not stop when it is asked to.
func TestKilled(t *testing.T) {
	const name = "osapi-profile-killed.service"
	if os.Getenv("KILLED") != "" {
		h, ctx := open(t)
		s, err := h.Install(ctx, name, File{name, []byte("[Service]\nExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1000; done'\n")},
			File{name + ".d/x.conf", []byte("[Service]\nProtectHome=yes\n")})
		require.NoError(t, err)
		_, err = s.Start(ctx)
		require.NoError(t, err)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	c := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	c.Env = append(os.Environ(), "KILLED=1")
	require.EqualError(t, c.Run(), "signal: killed")
	require.NoError(t, exec.Command("systemctl", "is-active", name).Run())
	h, ctx := open(t)
	require.Len(t, h.Swept, 4)
	require.NoError(t, h.Close(ctx))
	nothing(t, name)
}

// TestCancelled cleans up although whoever waits has been told not to.
func TestCancelled(t *testing.T) {
	h, ctx := open(t)
	name := Name("cancelled")
	ctx, cancel := context.WithCancel(ctx)
	s, err := h.Install(ctx, name, File{name, []byte("[Service]\nType=oneshot\nExecStart=/bin/sleep 1000\n")})
	require.NoError(t, err)
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err = s.Start(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, h.Close(ctx))
	nothing(t, name)
}
