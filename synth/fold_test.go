package synth_test

import (
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// merged is two runs that did the same, each to names of its own.
func merged(op string, first, second []trace.Path) *trace.Trace {
	var runs []*trace.Trace
	for i, names := range [][]trace.Path{first, second} {
		in := oneRun()
		in.Runs[0].Run = string(rune('a' + i))
		for _, n := range names {
			f := file(n, trace.AccessRead, trace.OK)
			f.Operation = op
			in.Files = append(in.Files, f)
		}
		runs = append(runs, in)
	}
	return trace.Merge(runs...)
}

func TestNamesThatDifferBetweenRunsFold(t *testing.T) {
	for name, c := range map[string]struct {
		op            string
		first, second []trace.Path
		want          []string
	}{
		"numbers":          {"get", []trace.Path{"/srv/job-17/out"}, []trace.Path{"/srv/job-4/out"}, []string{"/srv/job-<digits>/out"}},
		"hexadecimal":      {"get", []trace.Path{"/srv/a0f3"}, []trace.Path{"/srv/99be"}, []string{"/srv/<hex>"}},
		"random":           {"get", []trace.Path{"/srv/x.aB3dE9"}, []trace.Path{"/srv/x.zzT1kQ"}, []string{"/srv/x.<alnum>"}},
		"two places":       {"get", []trace.Path{"/srv/12/a.12"}, []trace.Path{"/srv/13/a.13"}, []string{"/srv/<digits>/a.<digits>"}},
		"three places":     {"get", []trace.Path{"/srv/1/1/1"}, []trace.Path{"/srv/2/2/2"}, []string{"/srv/1/1/1", "/srv/2/2/2"}},
		"words":            {"get", []trace.Path{"/srv/alice"}, []trace.Path{"/srv/bobby"}, []string{"/srv/alice", "/srv/bobby"}},
		"other lengths":    {"get", []trace.Path{"/srv/a1b2c3"}, []trace.Path{"/srv/a1b2c3d4"}, []string{"/srv/a1b2c3", "/srv/a1b2c3d4"}},
		"both in each":     {"get", []trace.Path{"/srv/1", "/srv/2"}, []trace.Path{"/srv/1", "/srv/2"}, []string{"/srv/1", "/srv/2"}},
		"one has more":     {"get", []trace.Path{"/srv/1"}, []trace.Path{"/srv/1", "/srv/2"}, []string{"/srv/1", "/srv/2"}},
		"no operation":     {"", []trace.Path{"/srv/1"}, []trace.Path{"/srv/2"}, []string{"/srv/1", "/srv/2"}},
		"other directory":  {"get", []trace.Path{"/srv/a/1"}, []trace.Path{"/srv/b/c/2"}, []string{"/srv/a/1", "/srv/b/c/2"}},
		"the kernel's own": {"get", []trace.Path{"/sys/x/1"}, []trace.Path{"/sys/x/2"}, []string{"/sys/x/1", "/sys/x/2"}},
	} {
		t.Run(name, func(t *testing.T) {
			in := merged(c.op, c.first, c.second)
			p := synth.Infer(in, synth.Options{})
			var got []string
			for _, g := range p.Files {
				got = append(got, g.Name().String())
				if g.Pattern != nil {
					require.Contains(t, g.Rules, synth.RuleRuns)
					require.Equal(t, 2, g.Names)
				}
			}
			require.Equal(t, c.want, got)
			require.Empty(t, p.Refused(in))
		})
	}
}

func TestFoldModes(t *testing.T) {
	const made = trace.AccessWrite | trace.AccessCreate
	for _, c := range []struct {
		path         trace.Path
		access       trace.Access
		stable, wide string
		rule         string
	}{
		{"/proc/12/stat", trace.AccessRead, "/proc/<digits>/stat", "/proc/<digits>/stat", synth.RuleProcPID},
		{"/srv/#1234", made, "/srv/#<digits>", "/srv/#<digits>", synth.RuleUnnamed},
		{"/var/log/a.2026-11-24", made, "/var/log/a.<digits>-<digits>-<digits>", "/var/log/a.<digits>-<digits>-<digits>", synth.RuleDate},
		{"/var/log/a-20261124.gz", made, "/var/log/a-<digits>.gz", "/var/log/a-<digits>.gz", synth.RuleDate},
		{"/var/log/a-20261124.gz", trace.AccessRead, "/var/log/a-20261124.gz", "/var/log/a-<digits>.gz", synth.RuleDate},
		{"/srv/x.aB3dE9", trace.AccessRead, "/srv/x.aB3dE9", "/srv/x.<alnum>", synth.RuleTemp},
		{"/etc/x.aB3dE9", trace.AccessRead, "/etc/x.aB3dE9", "/etc/x.aB3dE9", ""},
		{"/home/op/.cache", trace.AccessRead, "/home/op/.cache", "/home/<name>/.cache", synth.RuleHome},
	} {
		in := oneRun()
		in.Files = []trace.File{file(c.path, c.access, trace.OK)}
		name := func(how synth.Fold) synth.FileGrant { return synth.Infer(in, synth.Options{Fold: how}).Files[0] }
		require.Equal(t, c.path, name(synth.FoldNone).Path)
		require.Equal(t, c.stable, name(synth.FoldStable).Name().String())
		require.Equal(t, c.stable, name("").Name().String())
		require.Equal(t, c.wide, name(synth.FoldBroad).Name().String())
		if c.rule != "" {
			require.Contains(t, name(synth.FoldBroad).Rules, c.rule)
		}
	}
}

// TestReplacements: what is written beside a file and then moved there has a name that was
// made up, even if it reads as a word.
func TestReplacements(t *testing.T) {
	for what, c := range map[string]struct {
		old, to trace.Path
		want    string
	}{
		"capitals":         {"/srv/list.SPVZNX", "/srv/list", "/srv/list.<alnum>"},
		"small letters":    {"/srv/list.abwqzk", "/srv/list", "/srv/list.<alnum>"},
		"hidden":           {"/srv/.list.SPVZNX", "/srv/list", "/srv/.list.<alnum>"},
		"its own words":    {"/srv/list-new", "/srv/list", "/srv/list-new"},
		"too long":         {"/srv/list.SPVZNXY", "/srv/list", "/srv/list.SPVZNXY"},
		"another name":     {"/srv/other.SPVZNX", "/srv/list", "/srv/other.SPVZNX"},
		"another place":    {"/srv/tmp/list.SPVZNX", "/srv/list", "/srv/tmp/list.SPVZNX"},
		"the other way":    {"/srv/list", "/srv/list.SPVZNX", "/srv/list"},
		"a place in place": {"/srv/list.SPVZNX/x", "/srv/list", "/srv/list.SPVZNX/x"},
	} {
		in := oneRun()
		moved := file(c.to, trace.AccessRenameTo, trace.OK)
		moved.Target = c.old
		in.Files = []trace.File{file(c.old, trace.AccessWrite|trace.AccessCreate, trace.OK), file(c.old, trace.AccessRenameFrom, trace.OK), moved}
		p := synth.Infer(in, synth.Options{})
		var got []string
		for _, g := range p.Files {
			got = append(got, g.Name().String())
		}
		require.Contains(t, got, c.want, what)
		require.Contains(t, got, string(c.to), what)
		require.Empty(t, p.Refused(in), what)
	}
}

// TestMkstemp: a file that is made as mkstemp(3) makes one, and taken away again, has a name
// that was made up.
func TestMkstemp(t *testing.T) {
	const makes = trace.AccessRead | trace.AccessWrite | trace.AccessCreate
	for what, c := range map[string]struct {
		path   trace.Path
		access trace.Access
		mode   uint32
		stays  bool
		want   string
	}{
		"a word":         {"/tmp/apt.data.sayrbn", makes, 0o600, false, "/tmp/apt.data.<alnum>"},
		"it stays":       {"/tmp/apt.data.sayrbn", makes, 0o600, true, "/tmp/apt.data.sayrbn"},
		"everybody's":    {"/tmp/apt.data.sayrbn", makes, 0o644, false, "/tmp/apt.data.sayrbn"},
		"only written":   {"/tmp/apt.data.sayrbn", makes &^ trace.AccessRead, 0o600, false, "/tmp/apt.data.sayrbn"},
		"of its own":     {"/tmp/apt.datafile", makes, 0o600, false, "/tmp/apt.datafile"},
		"nothing before": {"/tmp/sayrbn", makes, 0o600, false, "/tmp/sayrbn"},
	} {
		in := oneRun()
		made := file(c.path, c.access, trace.OK)
		made.Type, made.Mode = "file", c.mode
		in.Files = []trace.File{made}
		if !c.stays {
			in.Files = append(in.Files, file(c.path, trace.AccessDelete, trace.OK))
		}
		require.Equal(t, c.want, synth.Infer(in, synth.Options{}).Files[0].Name().String(), what)
	}
}

// TestReplySockets: a client's socket has a number that the next client will not have.
func TestReplySockets(t *testing.T) {
	const sends = trace.AccessConnect
	for what, c := range map[string]struct {
		files []trace.File
		want  []string
	}{
		"one":         {[]trace.File{file("/run/c.12.sock", sends, trace.OK)}, []string{"/run/c.12.sock"}},
		"two":         {[]trace.File{file("/run/c.12.sock", sends, trace.OK), file("/run/c.345.sock", sends, trace.OK)}, []string{"/run/c.<digits>.sock"}},
		"two numbers": {[]trace.File{file("/run/c.1.1", sends, trace.OK), file("/run/c.1.2", sends, trace.OK)}, []string{"/run/c.1.<digits>"}},
		"its own":     {[]trace.File{file("/run/c.1", sends|trace.AccessBind, trace.OK), file("/run/c.2", sends, trace.OK)}, []string{"/run/c.<digits>", "/run/c.2"}}, // for another reason
		"files":       {[]trace.File{file("/run/c.1", trace.AccessRead, trace.OK), file("/run/c.2", trace.AccessRead, trace.OK)}, []string{"/run/c.1", "/run/c.2"}},
		"packages'":   {[]trace.File{file("/opt/c.1", sends, trace.OK), file("/opt/c.2", sends, trace.OK)}, []string{"/opt/c.1", "/opt/c.2"}},
		"directories": {[]trace.File{file("/run/1/c", sends, trace.OK), file("/run/2/c", sends, trace.OK)}, []string{"/run/1/c", "/run/2/c"}},
	} {
		in := oneRun()
		in.Files = c.files
		var got []string
		for _, g := range synth.Infer(in, synth.Options{}).Files {
			got = append(got, g.Name().String())
		}
		require.Equal(t, c.want, got, what)
	}
}

// TestNamesTakenFromAQueue is about Postfix's pickup, which reads what sendmail(1) has
// put into the spool and takes it away: AppArmor refused it the next mail.
func TestNamesTakenFromAQueue(t *testing.T) {
	const taken = trace.AccessDelete
	for name, c := range map[string]struct {
		files []trace.File
		want  []string
	}{
		"queue": {
			[]trace.File{
				file("/var/spool/q/416503D00", trace.AccessRead, trace.OK), file("/var/spool/q/416503D00", taken, trace.OK),
				file("/var/spool/q/8431F3CFE", trace.AccessRead, trace.OK), file("/var/spool/q/8431F3CFE", taken, trace.OK),
			},
			[]string{"/var/spool/q/<alnum>"},
		},
		"moved on": {
			[]trace.File{
				file("/srv/new/job-17", trace.AccessRenameFrom, trace.OK), file("/srv/new/job-4", trace.AccessRenameFrom, trace.OK),
			},
			[]string{"/srv/new/job-<digits>"},
		},
		"one": {
			[]trace.File{file("/var/spool/q/416503D00", taken, trace.OK), file("/var/spool/q/8431F3CFE", trace.AccessRead, trace.OK)},
			[]string{"/var/spool/q/416503D00", "/var/spool/q/8431F3CFE"},
		},
		"two directories": {
			[]trace.File{file("/srv/a/416503D00", taken, trace.OK), file("/srv/b/8431F3CFE", taken, trace.OK)},
			[]string{"/srv/a/416503D00", "/srv/b/8431F3CFE"},
		},
		"words": {
			[]trace.File{file("/srv/q/alice", taken, trace.OK), file("/srv/q/bobby", taken, trace.OK)},
			[]string{"/srv/q/alice", "/srv/q/bobby"},
		},
		"in vain": {
			[]trace.File{file("/srv/q/416503D00", taken, "EACCES"), file("/srv/q/8431F3CFE", taken, "EACCES")},
			nil,
		},
		"of the system": {
			[]trace.File{file("/etc/q/416503D00", taken, trace.OK), file("/etc/q/8431F3CFE", taken, trace.OK)},
			[]string{"/etc/q/416503D00", "/etc/q/8431F3CFE"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := oneRun()
			in.Files = c.files
			p := synth.Infer(in, synth.Options{})
			var got []string
			for _, g := range p.Files {
				if g.Access&^trace.AccessStat != 0 {
					got = append(got, g.Name().String())
				}
			}
			require.Equal(t, c.want, got)
			require.Empty(t, p.Refused(in))
		})
	}
}

// TestChosenNames: three names that were not made up are of the worker's users, who will
// choose others.
func TestChosenNames(t *testing.T) {
	const made, renamed = trace.AccessWrite | trace.AccessCreate, trace.AccessRenameTo
	names := func(in *trace.Trace, how synth.Fold) (out []string, listed []trace.Path) {
		p := synth.Infer(in, synth.Options{Fold: how})
		for _, g := range p.Files {
			out = append(out, g.Name().String())
		}
		return out, p.ChosenIn
	}
	for _, c := range []struct {
		what   string
		files  []trace.File
		broad  []string
		listed []trace.Path
	}{
		{
			"two names", []trace.File{file("/srv/a", made, trace.OK), file("/srv/b", renamed, trace.OK)},
			[]string{"/srv/a", "/srv/b"}, nil,
		},
		{
			"three, one of them removed", []trace.File{
				file("/srv/a", made, trace.OK), file("/srv/b", renamed, trace.OK), file("/srv/c", made|trace.AccessDelete, trace.OK),
				file("/srv/d", trace.AccessRead, trace.OK), file("/srv/c/below", made, trace.OK),
			},
			[]string{"/srv/<name>", "/srv/<name>/below", "/srv/d"}, []trace.Path{"/srv"},
		},
		{
			"names that were made up", []trace.File{
				file("/srv/x.aB3dE9", made, trace.OK), file("/srv/x.bB3dE9", made, trace.OK), file("/srv/x.cB3dE9", made, trace.OK),
			},
			[]string{"/srv/x.<alnum>"}, nil,
		},
		{
			"names of packages", []trace.File{file("/etc/a", made, trace.OK), file("/etc/b", made, trace.OK), file("/etc/c", made, trace.OK)},
			[]string{"/etc/a", "/etc/b", "/etc/c"}, nil,
		},
		{
			"in a directory that is made up", []trace.File{
				file("/srv/x.aB3dE9", made, trace.OK), file("/srv/x.aB3dE9/a", made, trace.OK), file("/srv/x.aB3dE9/b", made, trace.OK),
				file("/srv/x.aB3dE9/c", made, trace.OK),
			},
			[]string{"/srv/x.<alnum>", "/srv/x.<alnum>/<name>"}, nil,
		},
	} {
		in := oneRun()
		in.Files = c.files
		broad, none := names(in, synth.FoldBroad)
		require.Equal(t, c.broad, broad, c.what)
		require.Empty(t, none, "any name is granted: %s", c.what)
		_, listed := names(in, synth.FoldStable)
		require.Equal(t, c.listed, listed, c.what)
	}
}

// FuzzFold proves that no name makes a pattern which leaves its directory: a
// wildcard stands for a part of one name, and the names around it stay.
func FuzzFold(f *testing.F) {
	for _, n := range []string{
		"/srv/x.aB3dE9", "/proc/12/task/13/fd/1", "/srv/6ba7b810-9dad-11d1-80b4-00c04fd430c8/1", "/var/log/a.2026-11-24", "/srv/*", "/srv/<digits>",
		"/home/op/x", "/tmp/.#a0123456789abcdef", "/tmp/#12", "/usr/lib/libz.so.1.2.13", "/\n1/\xff2", "/1/2/3/4", "/srv/tmpk3_x9ab1",
	} {
		f.Add(n, n+"7", uint32(trace.AccessWrite|trace.AccessCreate))
	}
	f.Fuzz(func(t *testing.T, one, other string, access uint32) {
		for _, n := range []string{one, other} {
			if !strings.HasPrefix(n, "/") || strings.ContainsRune(n, 0) || len(n) > 300 {
				t.Skip()
			}
		}
		in := merged("op", []trace.Path{trace.Path(one)}, []trace.Path{trace.Path(other)})
		for i := range in.Files {
			in.Files[i].Access = trace.Access(access) & (trace.AccessUnmount<<1 - 1)
		}
		for _, how := range synth.Folds() {
			p := synth.Infer(in, synth.Options{Fold: how})
			require.Empty(t, p.Refused(in))
			for _, g := range p.Files {
				stays(t, g)
			}
		}
	})
}

func stays(t *testing.T, g synth.FileGrant) {
	t.Helper()
	for _, name := range g.Covers {
		require.True(t, g.Pattern.Match(name))
		slashes := 0
		for _, piece := range g.Pattern {
			slashes += strings.Count(string(piece.Text), "/")
		}
		require.Equal(t, strings.Count(string(name), "/"), slashes, "%v", g.Pattern)
		require.True(t, strings.HasPrefix(string(name), string(g.Pattern[0].Text)), "%v", g.Pattern)
	}
	for _, outside := range []trace.Path{"", "/", "/etc/passwd/../x", g.Name().Dir(), g.Name().Dir() + "/x/y/z/1/2/3/4/5/6/7/8/9"} {
		require.False(t, g.Pattern != nil && g.Pattern.Match(outside), "%v holds %q", g.Pattern, outside)
	}
}
