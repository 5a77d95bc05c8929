package synth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

func TestRotatedLogs(t *testing.T) {
	const appends = trace.AccessWrite | trace.AccessAppend
	for _, c := range []struct {
		path   trace.Path
		access trace.Access
		kind   string
		want   []string // beyond the file itself
	}{
		{"/var/log/app/a.log", appends, "file", []string{"/var/log/app/a.log-<digits>", "/var/log/app/a.log.<digits>"}},
		{"/var/log/a.log", appends, "file", []string{"/var/log/a.log-<digits>", "/var/log/a.log.<digits>"}},
		{"/srv/app/logs/a", appends, "", []string{"/srv/app/logs/a-<digits>", "/srv/app/logs/a.<digits>"}},
		{"/var/log/app/a.log", trace.AccessWrite, "file", nil}, // written over, not appended to
		{"/var/log/app/console", appends, "fifo", nil},
		{"/var/lib/app/journal", appends, "file", nil},
		{"/srv/blog/a.log", appends, "file", nil},
	} {
		in := oneRun()
		in.Files = []trace.File{file(c.path, c.access, trace.OK)}
		in.Files[0].Type = c.kind
		names := func(opt synth.Options) (names []string) {
			for _, g := range synth.Infer(in, opt).Files {
				if string(c.path) != g.Name().String() {
					require.Equal(t, trace.AccessAppend, g.Access)
					require.Equal(t, []string{synth.RuleRotation}, g.Rules)
					names = append(names, g.Name().String())
				}
			}
			return names
		}
		require.Equal(t, c.want, names(synth.Options{}), c.path)
		require.Empty(t, names(synth.Options{Strict: true}), c.path)
	}
}
