package readback

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// upgrade runs a service that executes a program, waits until a new version has
// been moved over it, and executes it again.
const upgrade = `
cat >/run/worker <<'EOF'
/usr/bin/upgraded && echo before
while [ ! -e /run/go ]; do :; done
/usr/bin/upgraded && echo after || echo refused
EOF
for unit in directories files; do
  cp /bin/true /usr/bin/upgraded
  rm -f /run/go
  mkdir -p /run/systemd/system/$unit.service.d
  cp /job/$unit.conf /run/systemd/system/$unit.service.d/
  printf '[Service]\nType=exec\nExecStart=/usr/bin/bash /run/worker\nStandardOutput=append:/run/%s\nStandardError=null\n' $unit >/run/systemd/system/$unit.service
  systemctl daemon-reload
  systemctl start $unit.service
  until grep -q before /run/$unit; do sleep 0.1; done
  cp /bin/true /usr/bin/upgraded.new
  mv /usr/bin/upgraded.new /usr/bin/upgraded
  : >/run/go
  until grep -Eq 'after|refused' /run/$unit; do sleep 0.1; done
  echo $unit $(cat /run/$unit)
done
`

// TestUpgradesAreFollowed moves a new version over a program while the service
// runs: what packages replace is granted by directory, so that it goes on. A
// list of files, which has to be asked for, shows the reason.
func TestUpgradesAreFollowed(t *testing.T) {
	need.Container(t)
	dir := t.TempDir()
	p := calm(func(in *trace.Trace) {
		in.Subjects = append(in.Subjects, trace.Subject{ID: 2, Exe: "/usr/bin/upgraded"})
		in.Execs = append(in.Execs, trace.Exec{Seen: done(trace.Seen{}), Target: 2})
		for _, lib := range []trace.Path{"libc.so.6", "libtinfo.so.6.4", "ld-linux-x86-64.so.2"} {
			in.Files = append(in.Files, trace.File{
				Seen: done(trace.Seen{}), Path: "/usr/lib/x86_64-linux-gnu/" + lib, Access: trace.AccessRead | trace.AccessExecMap, Type: "file", FS: "ext4",
			})
		}
		for _, call := range everyday {
			in.Syscalls = append(in.Syscalls, trace.Syscall{Seen: done(trace.Seen{}), Name: call})
		}
	})
	for name, files := range map[string]bool{"directories": false, "files": true} {
		var text bytes.Buffer
		require.NoError(t, systemd.DropIn(&text, p, systemd.Options{Name: name, ExecFiles: files}))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".conf"), text.Bytes(), 0o644))
	}
	got := strings.Split(strings.TrimSpace(inContainer(t, dir, upgrade)), "\n")
	require.Equal(t, []string{"directories before after", "files before refused"}, got)
}

// everyday are the calls of a shell that starts a program.
var everyday = strings.Fields("access arch_prctl brk getcwd clone close dup2 execve exit_group fcntl fstat getegid geteuid getgid getpgrp getpid " +
	"getppid getrandom getuid ioctl lseek mmap mprotect munmap newfstatat openat pipe2 pread64 prlimit64 read rseq rt_sigaction " +
	"rt_sigprocmask rt_sigreturn set_robust_list set_tid_address stat sysinfo uname wait4 write getpeername")
