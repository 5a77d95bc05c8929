package record

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record/launch"
)

// Actions that need certain capabilities are recorded as root, and what synth makes
// of the traces is held against what they need. That is not taken from a book: an
// action must succeed with those capabilities alone, and fail without any of them.
func TestCapabilitiesAgainstTheTruth(t *testing.T) {
	needBPF(t)
	program := t.TempDir() + "/act"
	self, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(program, self, 0o755))
	theirs := exec.Command("sleep", "600")
	theirs.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: someone, Gid: someone}}
	require.NoError(t, theirs.Start())
	t.Cleanup(func() { _ = theirs.Process.Kill(); _ = theirs.Wait() })
	t.Setenv(victim, strconv.Itoa(theirs.Process.Pid))
	truth := truths(t, program)
	seen := 0
	for _, way := range capabilityChoices() {
		t.Run(filepath.Base(way.hook), func(t *testing.T) {
			profiles := recordClaims(t, way, program, truth)
			seen++
			score := score{}
			for _, name := range sorted(slices.Collect(maps.Keys(truth))) {
				score.judge(t, way, name, truth[name], profiles[name])
			}
			t.Logf("%s: %s", way.hook, &score)
			assert.Zero(t, score.missed+score.excess+score.mistaken)
		})
	}
	assert.NotZero(t, seen, "no way to see capabilities works here")
}

// score counts capabilities of actions.
type score struct {
	found    int // needed, and required
	missed   int // needed, and not required
	excess   int // required, and not needed
	spared   int // asked for without need, and known as such
	mistaken int // asked for without need, and not listed so
}

func (s *score) String() string {
	share := func(part, rest int) string {
		return fmt.Sprintf("%.2f (%d of %d)", float64(part)/float64(max(part+rest, 1)), part, part+rest)
	}
	return fmt.Sprintf("required: precision %s, recall %s; not required: precision %s, recall %s",
		share(s.found, s.excess), share(s.found, s.missed), share(s.spared, s.missed), share(s.spared, s.excess+s.mistaken))
}

func (s *score) judge(t *testing.T, way choice, name string, n claim, p *synth.Profile) {
	required := p.Required()
	for _, c := range required {
		if slices.Contains(n.capabilities, c) {
			s.found++
		} else {
			s.excess++
			t.Errorf("%s: %s is required, and not needed: %s", name, c, evidence(p, c))
		}
	}
	for _, c := range n.capabilities {
		if !slices.Contains(required, c) {
			s.missed++
			t.Errorf("%s: %s is needed, and not required: %s", name, c, evidence(p, c))
		}
	}
	for _, c := range n.asks {
		switch {
		case slices.Contains(required, c): // counted above
		case evidence(p, c) != "":
			s.spared++
		case way.hook == "tp_btf/cap_capable" || !slices.Contains(askedBelow, c+" "+name):
			s.mistaken++
			t.Errorf("%s: %s was asked for, and is not listed", name, c)
		}
	}
}

func evidence(p *synth.Profile, capability string) string {
	for _, c := range p.Capabilities {
		if c.Name == capability {
			return fmt.Sprintf("%s %s", c.Need, c.Reason)
		}
	}
	return ""
}

// truths finds out what the actions need that are possible here.
func truths(t *testing.T, program string) map[string]claim {
	all := claims()
	held := holding(t)
	for name, n := range all {
		if lacking := slices.DeleteFunc(slices.Clone(n.capabilities), func(c string) bool { return slices.Contains(held, c) }); len(lacking) > 0 {
			t.Logf("%s: not possible here, where nobody has %v", name, lacking)
			delete(all, name)
			continue
		}
		assert.NoError(t, bounded(t, program, name, n.capabilities), "%s with %v alone", name, n.capabilities)
		for _, c := range n.capabilities {
			rest := slices.DeleteFunc(slices.Clone(n.capabilities), func(other string) bool { return other == c })
			assert.Error(t, bounded(t, program, name, rest), "%s without %s", name, c)
		}
	}
	return all
}

// bounded does an action as root with these capabilities.
func bounded(t *testing.T, program, name string, capabilities []string) error {
	c := exec.Command(program, "need", "/"+name, stageOfNeeds(t), strings.Join(capabilities, ","))
	out, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return err
}

// stageOfNeeds is a directory for an action: files of someone's, and some of root's.
func stageOfNeeds(t *testing.T) string {
	dir := t.TempDir()
	for _, f := range []struct {
		name  string
		mode  os.FileMode
		owner int
	}{{"theirs", 0o600, someone}, {"public", 0o644, someone}, {"mine", 0o600, 0}, {"setuid", 0o755 | os.ModeSetuid, 0}} {
		path := filepath.Join(dir, f.name)
		require.NoError(t, os.WriteFile(path, []byte("text"), 0o600))
		require.NoError(t, os.Chown(path, f.owner, f.owner))
		require.NoError(t, os.Chmod(path, f.mode))
	}
	sticky := filepath.Join(dir, "sticky")
	require.NoError(t, os.Mkdir(sticky, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(sticky, "theirs"), nil, 0o600))
	require.NoError(t, os.Chown(filepath.Join(sticky, "theirs"), someone, someone))
	require.NoError(t, os.Chown(sticky, someone, someone))
	require.NoError(t, os.Chmod(sticky, 0o777|os.ModeSticky))
	return dir
}

// recordClaims records all actions at once, each as a subject of its own: a script
// whose interpreter does it.
func recordClaims(t *testing.T, way choice, program string, truth map[string]claim) map[string]*synth.Profile {
	scripts := t.TempDir()
	all := []string{"-ec"}
	lines := ""
	for name := range truth {
		script := filepath.Join(scripts, name)
		require.NoError(t, os.WriteFile(script, []byte("#!"+program+" need\n"), 0o755))
		lines += fmt.Sprintf("%s %s\n", script, stageOfNeeds(t))
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer func() { _ = null.Close() }()
	var file bytes.Buffer
	result, err := run(t.Context(), Options{
		Command: append([]string{"sh"}, append(all, lines+"exit 0")...), Trace: &file, Tool: "test", Stdin: null, Stdout: os.Stderr, Stderr: os.Stderr,
	}, []choice{way}, nil)
	require.NoError(t, err)
	read, err := trace.Read(&file)
	require.NoError(t, err)
	if hookOf(read, "capability") != way.hook {
		t.Skipf("this kernel has no %s", way.hook)
	}
	require.Zero(t, result.Exit)
	// Paths are none of this test's business: a child in a directory of another
	// mount namespace may be gone before its paths are resolved.
	for _, h := range read.Holes {
		require.Equal(t, trace.HoleUnresolved, h.Kind, h.Detail)
	}
	profiles := map[string]*synth.Profile{}
	for name := range truth {
		part := &trace.Trace{Runs: read.Runs, Subjects: read.Subjects}
		for _, c := range read.Capabilities {
			script := read.Subjects[slices.IndexFunc(read.Subjects, func(s trace.Subject) bool { return s.ID == c.Subject })].Script
			// A test that links the loader of BPF programs asks what BPF there is when it starts.
			if filepath.Base(string(script)) == name && c.Syscall != "bpf" {
				part.Capabilities = append(part.Capabilities, c)
			}
		}
		profiles[name] = synth.Infer(part, synth.Options{})
	}
	return profiles
}

// doNeed is the worker of these recordings: "need SCRIPT DIRECTORY [CAPABILITIES]",
// with the last these alone.
func doNeed(args []string) error {
	n, ok := claims()[filepath.Base(args[0])]
	if !ok {
		return fmt.Errorf("no action %s", args[0])
	}
	if len(args) < 3 {
		return n.do(args[1])
	}
	runtime.LockOSThread() // a bounding set is a thread's
	for number := range uint8(64) {
		if !slices.Contains(strings.Split(args[2], ","), launch.CapabilityName(number)) {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(number), 0, 0, 0); err == unix.EINVAL {
				break // past the kernel's last
			} else if err != nil {
				return err
			}
		}
	}
	return unix.Exec("/proc/self/exe", []string{"act", "need", args[0], args[1]}, os.Environ())
}

// holding is what root may have here.
func holding(t *testing.T) (held []string) {
	for number := range uint8(64) {
		has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(number), 0, 0, 0)
		if err == nil && has == 1 {
			held = append(held, launch.CapabilityName(number))
		}
	}
	require.NotEmpty(t, held)
	return held
}
