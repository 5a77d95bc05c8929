package systemd_test

import (
	"bytes"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/systemd"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// TestWhatIsWrittenStaysExecutable is about files whose directory is executable
// as a whole and that are mounts of their own, because they are written: the
// directory's permission does not reach them.
func TestWhatIsWrittenStaysExecutable(t *testing.T) {
	for name, c := range map[string]struct {
		b    build
		exec string
	}{
		"a library in place":     {quiet().file("op", lib+"x.so", mapped, "mmap", trace.OK).file("op", lib+"x.so", inPlace, "openat", trace.OK), lib + "x.so"},
		"a program in place":     {quiet().exec("op", "/usr/bin/x", false).file("op", "/usr/bin/x", inPlace, "openat", trace.OK), "/usr/bin/x"},
		"a directory by mistake": {quiet().file("op", "/var/lib/app", mapped, "mmap", trace.OK).file("op", "/var/lib/app/a", created, "openat", trace.OK), "/var/lib/app"},
	} {
		t.Run(name, func(t *testing.T) {
			text, _ := emit(t, synth.Infer(c.b.Trace, synth.Options{}), systemd.Options{})
			require.Contains(t, values(text, "ExecPaths"), "-"+c.exec)
			require.NotContains(t, values(text, "NoExecPaths"), "-"+c.exec)
			box, err := systemd.ReadSandbox(bytes.NewReader(text), systemd.DefaultVersion)
			require.NoError(t, err)
			require.Empty(t, box.Refuses(c.b.Trace))
		})
	}
}

// TestNothingElseIsExecutable is about what no fact asks for, under each strength of
// ProtectSystem=: with a lesser one /usr is a mount that NoExecPaths=/ does not reach.
func TestNothingElseIsExecutable(t *testing.T) {
	for system, b := range map[string]build{
		"strict": quiet(),
		"full":   quiet().file("op", "/made", created, "openat", trace.OK),
		"yes":    quiet().file("op", "/made", created, "openat", trace.OK).file("op", "/etc/made", created, "openat", trace.OK),
	} {
		t.Run(system, func(t *testing.T) {
			// Another device, so that PrivateDevices= does not replace /dev.
			b := build{b.Trace}.file("op", "/dev/other", trace.AccessRead, "openat", trace.OK)
			text, _ := emit(t, synth.Infer(b.Trace, synth.Options{}), systemd.Options{})
			require.Equal(t, []string{system}, values(text, "ProtectSystem"))
			require.Empty(t, values(text, "PrivateDevices"))
			box, err := systemd.ReadSandbox(bytes.NewReader(text), systemd.DefaultVersion)
			require.NoError(t, err)
			require.Empty(t, box.Refuses(b.Trace))
			for _, program := range []trace.Path{
				"/usr/bin/other", "/usr/sbin/other", "/opt/other", "/etc/other", "/run/other", "/dev/made", "/dev/shm/made",
			} {
				refused := box.Refuses(newTrace("/usr/bin/w").exec("op", program, false).Trace)
				require.NotEmpty(t, refused, program)
				require.Equal(t, "NoExecPaths", refused[0].Directive)
			}
		})
	}
}

// TestWhatRootObeysStays is about the ways out by writing that no fact takes, under
// each strength of ProtectSystem=.
func TestWhatRootObeysStays(t *testing.T) {
	for system, b := range map[string]build{
		"strict": quiet().file("op", "/run/made", created, "openat", trace.OK),
		"full":   quiet().file("op", "/made", created, "openat", trace.OK),
		"yes":    quiet().file("op", "/made", created, "openat", trace.OK).file("op", "/etc/made", created, "openat", trace.OK),
	} {
		t.Run(system, func(t *testing.T) {
			text, _ := emit(t, synth.Infer(b.Trace, synth.Options{}), systemd.Options{})
			require.Equal(t, []string{system}, values(text, "ProtectSystem"))
			box, err := systemd.ReadSandbox(bytes.NewReader(text), systemd.DefaultVersion)
			require.NoError(t, err)
			require.Empty(t, box.Refuses(b.Trace))
			for _, r := range synth.Routes() {
				if !r.Socket {
					require.NotEmpty(t, box.Refuses(newTrace("/usr/bin/w").file("op", r.Path+"/x", created, "openat", trace.OK).Trace), r.Path)
				}
			}
		})
	}
}
