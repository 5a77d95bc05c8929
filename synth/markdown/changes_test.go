package markdown

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/diff"
	"github.com/osapi-io/osapi-profile/synth/tracegen"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// TestChangesAreAListAndNothingElse: whatever files are called, each change is one
// item, whose name is in a code span.
func TestChangesAreAListAndNothingElse(t *testing.T) {
	item := regexp.MustCompile("^- (`[^`]*`)(: ([A-Za-z0-9_ ,.:;()'/-]*|`[^`]*`))?( \\((by|in|rule) [^\\n]*\\))?$")
	for seed := range uint64(30) {
		profile := func(n uint64) *synth.Profile {
			return synth.Infer(tracegen.Trace(rand.New(rand.NewPCG(seed, n)), 20), synth.Options{})
		}
		c := diff.Of(profile(1), profile(2))
		var b bytes.Buffer
		require.NoError(t, Changes(&b, c, Options{}))
		items := 0
		for _, line := range strings.Split(b.String(), "\n") {
			if strings.HasPrefix(line, "-") {
				items++
				require.Regexp(t, item, line)
			}
		}
		require.Equal(t, len(c.More)+len(c.Less)+len(c.Opened)+len(c.Closed), items)
	}
}

func TestChangesSayWhatTheyMean(t *testing.T) {
	old := &synth.Profile{Syscalls: []synth.SyscallGrant{{Name: "bpf"}}}
	now := &synth.Profile{
		Files: []synth.FileGrant{{Path: "/etc/x", Access: trace.AccessWrite | trace.AccessCreate, Evidence: synth.Evidence{
			Facts: []synth.FactRef{{Subject: "/usr/bin/w", Operation: "reload"}},
		}}},
		Holes: []trace.Hole{{Kind: "lost"}},
	}
	text := func(c diff.Changes) string {
		var b bytes.Buffer
		require.NoError(t, Changes(&b, c, Options{Level: 2}))
		return b.String()
	}
	require.Equal(t, `## Privileges

This release needs privileges that the one before did not: renew its profiles before it is rolled out.

The new profile has holes (lost): what seems to be needed no longer may only not
have been seen.

### Needed now

Files that are changed:

- `+"`/etc/x`: write, create (by `/usr/bin/w`, in `reload`)"+`

### Needed no longer

System calls:

- `+"`bpf`"+`
`, text(diff.Of(old, now)))
	require.Contains(t, text(diff.Of(now, now)), "needs what the one before did.\n")
	require.Contains(t, text(diff.Of(old, &synth.Profile{})), "needs less than the one before")
}

// TestChangesOfAPage: a page's lines are filled, and what lies in one directory is
// one item where there is much; outside of directories nothing is left out.
func TestChangesOfAPage(t *testing.T) {
	now := &synth.Profile{Syscalls: []synth.SyscallGrant{{Name: "bpf"}}}
	for i := range 40 {
		access := trace.AccessRead
		if i%2 == 0 {
			access |= trace.AccessStat
		}
		now.Files = append(now.Files, synth.FileGrant{Path: trace.Path(fmt.Sprintf("/usr/share/zone/%d", i)), Access: access})
	}
	now.Files = append(now.Files, synth.FileGrant{Path: "/etc/a`b", Access: trace.AccessRead})
	var b bytes.Buffer
	require.NoError(t, Changes(&b, diff.Of(&synth.Profile{}, now), Options{Level: 3, Page: true}))
	require.Equal(t, `### Privileges

This release needs privileges that the one before did not: renew its profiles
before it is rolled out.

#### Needed now

System calls:

- `+"`bpf`"+`

Files that are only read or looked at:

- `+"`/usr/share/`: read, stat (40 names)"+`
- `+"`/etc/a\\x60b`: read"+`
`, b.String())
}
