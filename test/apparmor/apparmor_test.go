package apparmor

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "replace the recorded trace that the golden file of synth/apparmor is made of")

// TestKernel boots the guest once for all.
func TestKernel(t *testing.T) {
	need.VM(t)
	root, dir := need.ModuleRoot(t), t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("testdata")))
	layOutProgram(t, dir)
	layOutActs(t, dir)
	c := exec.Command(filepath.Join(root, "test/vm/vm.sh"), "run", dir, "--", "bash", "-c", "cd /job && bash ./ask && bash ./again && bash ./children")
	c.Env = append(os.Environ(), "VM_TIMEOUT=1800")
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Run("asks for exactly what each access is granted", func(t *testing.T) { checkActs(t, dir) })
	t.Run("lets a worker do everything again", func(t *testing.T) { checkEverything(t, dir) })
	t.Run("confines programs one by one", func(t *testing.T) { checkChildren(t, dir) })
}

// checkChildren is about a worker whose work is done by programs that it starts:
// under the profiles that came of its recording they do it again, each its own and
// no other's. What the worker itself may do depends on how they are put together.
func checkChildren(t *testing.T, dir string) {
	t.Helper()
	said := func(name string) map[string]string {
		out := map[string]string{}
		for _, s := range step.FindAllString(read(t, dir, name+".said"), -1) {
			what, status, _ := strings.Cut(s, " ")
			out[what] = status
		}
		return out
	}
	recorded := said("recorded")
	require.Len(t, recorded, 5)
	for what, status := range recorded {
		require.Equal(t, "0", status, what)
	}
	for _, c := range []struct {
		name, label string
		worker      bool // may do what its programs may
	}{{"left", "family (enforce)", false}, {"stacked", "family (enforce)", true}} {
		require.NotContains(t, read(t, dir, c.name+".denied"), `apparmor="DENIED"`, c.name)
		require.Equal(t, recorded, said(c.name), c.name)
		require.Contains(t, read(t, dir, c.name+".labels"), c.label)
		more := said(c.name + "-more")
		for what, allowed := range map[string]bool{
			"worker-reads-secret": c.worker, "worker-writes-made": c.worker, "worker-runs-env": false,
			"cat-reads-secret": false, "perl-reads-secret": true, "perl-makes-directory": false,
		} {
			require.Contains(t, more, what, c.name)
			require.Equal(t, allowed, more[what] == "0", "%s: %s %s", c.name, what, more[what])
		}
		require.Contains(t, read(t, dir, c.name+"-more.denied"), `apparmor="DENIED"`)
	}
	require.Regexp(t, `family//\S+ \(enforce\)`, read(t, dir, "left.labels"))
	require.Regexp(t, `family//&family\.\S+ \(enforce\)`, read(t, dir, "stacked.labels"))
}

func read(t *testing.T, names ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(names...))
	require.NoError(t, err)
	return strings.TrimRight(string(text), "\n")
}

var step = regexp.MustCompile(`(?m)^(?:[a-z-]+ [0-9]+|no format)$`)

func layOutProgram(t *testing.T, dir string) {
	t.Helper()
	c := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, "osapi-profile"), "./cmd/osapi-profile")
	c.Dir, c.Env = need.ModuleRoot(t), append(os.Environ(), "CGO_ENABLED=0")
	out, err := c.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// checkEverything compares what the worker said when it was recorded with what
// it said under its own profile.
func checkEverything(t *testing.T, dir string) {
	t.Helper()
	first, second := step.FindAllString(read(t, dir, "first"), -1), step.FindAllString(read(t, dir, "second"), -1)
	require.Greater(t, len(first), 20)
	require.Equal(t, first, second)
	for _, s := range first {
		require.True(t, s == "no format" || strings.HasSuffix(s, " 0"), s)
	}
	require.Equal(t, "everything (enforce)", read(t, dir, "label"))
	require.NotContains(t, read(t, dir, "denied"), `apparmor="DENIED"`)
	if *update {
		trace, err := os.ReadFile(filepath.Join(dir, "everything.jsonl"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(need.ModuleRoot(t), "synth/apparmor/testdata/everything.jsonl"), trace, 0o600))
	}
}

// asked are acts with the rules that let them pass, and with what is one
// permission too little. They are the table in the comment of needs, in
// synth/apparmor.
var asked = []struct{ act, enough, tooLittle string }{
	{"sysopen(F, '/srv/ask/file', O_RDONLY)", "/srv/ask/file r,", "/srv/ask/file w,"},
	{"sysopen(F, '/srv/ask/file', O_WRONLY)", "/srv/ask/file w,", "/srv/ask/file ra,"},
	{"sysopen(F, '/srv/ask/file', O_WRONLY|O_APPEND|O_CREAT)", "/srv/ask/file w,", "/srv/ask/file a,"},
	{"sysopen(F, '/srv/ask/new', O_WRONLY|O_CREAT)", "owner /srv/ask/new w,", "/srv/ask/ w,"},
	{"truncate('/srv/ask/file', 0)", "/srv/ask/file w,", "/srv/ask/file ra,"},
	{"unlink('/srv/ask/file')", "/srv/ask/file w,", "/srv/ask/file r, /srv/ask/ w,"},
	{"mkdir('/srv/ask/new')", "/srv/ask/new/ w,", "/srv/ask/new w,"},
	{"rmdir('/srv/ask/dir')", "/srv/ask/dir/ w,", "/srv/ask/dir w,"},
	{"opendir(D, '/srv/ask/dir')", "/srv/ask/dir/ r,", "/srv/ask/dir r,"},
	{"symlink('x', '/srv/ask/new')", "/srv/ask/new w,", "/srv/ask/new r,"},
	{"rename('/srv/ask/file', '/srv/ask/new')", "/srv/ask/file rw, /srv/ask/new w,", "/srv/ask/file w, /srv/ask/new w,"},
	{"rename('/srv/ask/dir', '/srv/ask/new')", "/srv/ask/dir/ rw, /srv/ask/new/ w,", "/srv/ask/dir rw, /srv/ask/new w,"},
	{"link('/srv/ask/file', '/srv/ask/new')", "link /srv/ask/new -> /srv/ask/file,", "/srv/ask/new rw, /srv/ask/file rw,"},
	{"chmod(0600, '/srv/ask/file')", "/srv/ask/file w,", "/srv/ask/file ra,"},
	{"chown(0, 0, '/srv/ask/file')", "/srv/ask/file w,", "/srv/ask/file ra,"},
	{"utime(1, 1, '/srv/ask/file')", "", ""},
	{"stat('/srv/ask/file')", "", ""},
	{"chdir('/srv/ask/dir')", "", ""},
	{"sysopen(F, '/srv/ask/file', O_RDONLY) && flock(F, LOCK_SH)", "/srv/ask/file rk,", "/srv/ask/file r,"},
	{"sysopen(F, '/srv/ask/file', O_RDONLY) && flock(F, LOCK_EX)", "/srv/ask/file rwk,", "/srv/ask/file rk,"},
	{"system('/srv/ask/program') == 0", "/srv/ask/program ix,", "/srv/ask/program mr,"},
	{"system('/srv/ask/script') == 0", "/srv/ask/script ix,", "/srv/ask/program mrix, /srv/ask/script mr,"},
	{"socket(S, 2, 1, 0)", "network inet stream,", "network inet dgram,"},
	{"socket(S, 1, 1, 0) && bind(S, sockaddr_un('/srv/ask/new'))", "network unix stream, /srv/ask/new w,", "network unix stream,"},
	{"kill(0, $$)", "signal (send, receive) peer=@{profile_name},", "signal (send) peer=@{profile_name},"},
	{"kill(0, 1)", "signal (send) set=(exists),", "signal (send) set=(term),"},
	{"open(F, '/proc/1/environ')", "capability sys_ptrace, ptrace (read),", "capability sys_ptrace,"},
	{"chroot('/')", "capability sys_chroot,", ""},
}

// base lets perl do the acts.
const base = "  /usr/** mr,\n  /job/acts/* r,\n  /etc/** r,\n  /dev/** rw,\n  /proc/** r,\n"

func actName(i int, what string) string { return fmt.Sprintf("ask-%02d-%s", i, what) }

// layOutActs writes each act down twice, and a profile for each of the two.
func layOutActs(t *testing.T, dir string) {
	t.Helper()
	write := func(name, text string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), mode))
	}
	program, err := os.ReadFile("/bin/true")
	require.NoError(t, err)
	write("program", string(program), 0o755)
	write("script", "#!/srv/ask/program\n", 0o755)
	write("file", "text\n", 0o644)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "acts"), 0o755))
	profiles := "abi <abi/3.0>,\n"
	for i, a := range asked {
		for what, rules := range map[string]string{"enough": a.enough, "less": a.tooLittle} {
			write("acts/"+actName(i, what), "use Fcntl qw(:DEFAULT :flock); use Socket;\n"+a.act+" or die \"refused: $!\\n\";\n", 0o644)
			profiles += fmt.Sprintf("profile %s flags=(attach_disconnected) {\n%s  %s\n}\n", actName(i, what), base, rules)
		}
	}
	write("profiles", profiles, 0o644)
}

func checkActs(t *testing.T, dir string) {
	t.Helper()
	for i, a := range asked {
		require.Equal(t, "status 0", read(t, dir, "acts", actName(i, "enough")+".result"), a.act)
		if a.enough == "" {
			continue // nothing is asked for
		}
		require.Regexp(t, "refused: (Permission denied|Operation not permitted)", read(t, dir, "acts", actName(i, "less")+".result"), a.act)
	}
}
