package apparmor

import (
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

func TestReadRefusesWhatItDoesNotKnow(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "no profile",
		"profile p {\n  frobnicate x,\n}":       "line 2: unknown rule",
		"profile p {\n  /x rz,\n}":              "unknown permission 'z'",
		"profile p {\n  /x r w,\n}":             "a name and its permissions",
		"profile p {\n  \"/x r,\n}":             "a quote that is not closed",
		"profile p {\n  /@{nope} r,\n}":         "variable @{nope} has no value",
		"profile p {\n  /x{a r,\n}":             "'{' without its closing one",
		"profile p {\n  /x] r,\n}":              "']' without its opening one",
		"profile p {\n  /x[a r,\n}":             "'[' without its closing one",
		"profile p {\n  link /a /b,\n}":         "link NAME -> TARGET",
		"profile p {\n  /x r":                   "ends within a rule",
		"profile p {\n}\nprofile p {\n}":        "profile p is there twice",
		"profile p {\n":                         "profile p has no end",
		"}":                                     "'}' without a profile",
		"/x r,":                                 "a profile is expected",
		"profile p {\n  /x Cx,\n}":              "without the profile that it leads to",
		"profile p {\n  /x rw -> q,\n}":         "leads to no profile",
		"profile p {\n  mount fstype=x,\n}":     "mount point alone",
		"profile p {\n  unix peer=x,\n}":        "unix (ACTIONS)",
		"@{a}=@{a}\nprofile p {\n  /@{a} r,\n}": "variable @{a}",
	} {
		_, err := Read([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
}

// globs and names on which an expression's meaning hangs.
var globTests = struct{ globs, names []string }{
	[]string{
		"/a", "/a/", "/*", "/a*", "/*/", "/**", "/a/**", "/a/*", "/a/*/b", "/a/**/b", "/a?", "/?", "/[a-c]", "/[^a-c]", "/[abc]x",
		"/{a,b}", "/{a,b/c}", "/a{,b}", "/a{,/}", "/{a,{b,c}d}", "/x{,[0-9]}{,[0-9]}", `/a\052`, `/a\*`, "/**a", "/a**b", "/*{a,b}",
		"/{*,a}", "/a//b", "@{PROC}/@{pid}/x", "@{PROC}@{pid}", `/[\135]`, "/a,b", "/{a,}", "/a.b", "/a+", "/(a|b)", "/a/{*,b/**}",
		"/***", "/a/**/", "/[a-cx-z]", "/a*/",
	},
	[]string{
		"/", "/a", "/a/", "/b", "/ab", "/a/b", "/a/b/", "/a/b/c", "/a/x/b", "/a/x/y/b", "/ac", "/a*", "/ax", "/x", "/x1", "/x12", "/b/c",
		"/bd", "/cd", "/a,b", "/axb", "/-", "/]", "/.", "/a.b", "/aab", "/a+", "/(a|b)", "/proc/1/x", "/proc/4194304/x", "/proc/0/x",
		"/proc/01/x", "/proc/9999999/x", "/proc/1", "/d", "/z", "/d/a", "/\xff", "/a\n", "/bx", "/a/b/c/d", "/abc/d",
	},
}

// TestMatcherAgreesWithTheParser compares with what apparmor_parser compiles.
func TestMatcherAgreesWithTheParser(t *testing.T) {
	for _, g := range globTests.globs {
		m, err := compile(g, tunables())
		require.NoError(t, err, g)
		c := mustCompile(t, []byte("abi <abi/3.0>,\ninclude <tunables/global>\nprofile p {\n  \""+g+"\" r,\n}\n"))
		for _, name := range globTests.names {
			require.Equal(t, c.allows(name, false) != 0, m.match(name), "%s against %q", g, name)
		}
	}
}

// FuzzMatcher makes up expressions. Those that the parser refuses are nothing
// to agree on.
func FuzzMatcher(f *testing.F) {
	for i, g := range globTests.globs {
		f.Add(g, globTests.names[i%len(globTests.names)])
	}
	f.Fuzz(func(t *testing.T, g, name string) {
		if len(g) > 24 || strings.Count(g, "*") > 4 || !strings.HasPrefix(g, "/") || strings.Trim(g, "/ab09[]^{},*?-.xyz") != "" || strings.Contains(name, "\x00") {
			t.Skip()
		}
		text := "abi <abi/3.0>,\nprofile p {\n  \"" + g + "\" r,\n}\n"
		policy, err := parse(t, []byte(text))
		if err != nil {
			t.Skip()
		}
		m, err := compile(g, nil)
		if err != nil {
			t.Skip() // refused is not misunderstood: [z-a]
		}
		require.Equal(t, fileTables(t, policy).allows(name, false) != 0, m.match(name), "%s against %q", g, name)
	})
}

func TestNeeds(t *testing.T) {
	for access, want := range map[trace.Access]string{
		trace.AccessRead:       "r",
		trace.AccessWrite:      "w",
		trace.AccessAppend:     "w",
		trace.AccessCreate:     "w",
		trace.AccessTruncate:   "w",
		trace.AccessDelete:     "w",
		trace.AccessRenameFrom: "rw",
		trace.AccessRenameTo:   "w",
		trace.AccessLinkFrom:   "",
		trace.AccessLinkTo:     "",
		trace.AccessChmod:      "w",
		trace.AccessChown:      "w",
		trace.AccessAttr:       "",
		trace.AccessExec:       "ix",
		trace.AccessExecMap:    "mr",
		trace.AccessLock:       "k",
		trace.AccessStat:       "",
		trace.AccessConnect:    "rw",
		trace.AccessBind:       "w",
		trace.AccessRead | trace.AccessWrite | trace.AccessExecMap | trace.AccessLock | trace.AccessExec: "mrwkix",
	} {
		require.Equal(t, want, needs(access).String(), access.String())
	}
	require.Equal(t, permLock, flockAsks(permLock, "fcntl"))
	require.Equal(t, permLock|permWrite, flockAsks(permLock, "flock"))
	require.Equal(t, permRead, flockAsks(permRead, "flock"))
}
