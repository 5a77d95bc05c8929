package trace

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const page = "../docs/docs/sidebar/trace-format.md"

// section gives the part of the page below a heading.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n### "+heading+"\n")
	require.True(t, found, "no section %q", heading)
	end := regexp.MustCompile(`(?m)^##+ `).FindStringIndex(rest)
	if end == nil {
		return rest
	}
	return rest[:end[0]]
}

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` +\\|")

// rows lists the first column of all tables of a section.
func rows(text string) []string {
	var names []string
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

// members lists a record's JSON names, those of all facts left out.
func members(typ reflect.Type) []string {
	var names []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// The page names each member and each word that a trace can hold, and no other.
func TestPageIsTrue(t *testing.T) {
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	text := string(data)
	for heading, tc := range map[string]struct {
		record reflect.Type
		words  []string
	}{
		typeHeader: {reflect.TypeFor[Header](), []string{
			string(AttachedPID), string(AttachedCgroup), string(AttachedUnit), string(AttachedStarted), string(AttachedRestarted),
		}},
		typeSubject:            {reflect.TypeFor[Subject](), nil},
		"Members of all facts": {reflect.TypeFor[Seen](), nil},
		typeSyscall:            {reflect.TypeFor[Syscall](), nil},
		typeExec:               {reflect.TypeFor[Exec](), nil},
		typeFile:               {reflect.TypeFor[File](), accessNames[:]},
		typeCapability:         {reflect.TypeFor[Capability](), nil},
		typeSocket:             {reflect.TypeFor[Socket](), nil},
		typeArgument: {reflect.TypeFor[Argument](), []string{
			ArgNamespaces, ArgProtection, ArgPersonality, ArgScheduler, ArgModeBits, ArgPrctl, ArgSignal, ArgPtrace,
			ArgProcess, ArgMount, ArgIoctl, ArgIPC, ArgKeyring, ArgAncillary, ArgCommand, ArgFlags,
		}},
		typeOperation: {reflect.TypeFor[Operation](), append([]string{OperationOK, OperationFailed, OperationSkipped}, StandardOperations()...)},
		typeHole: {reflect.TypeFor[Hole](), []string{
			HoleTruncated, HoleDamaged, HoleLost, HoleNoProbe, HoleUnresolved,
			HoleIOURing, HoleCompat, HoleFull, HoleScope, HoleAttached, HoleUntrained, HoleFailed, HoleMixed,
		}},
		typeEnd: {reflect.TypeFor[End](), members(reflect.TypeFor[Resources]())},
	} {
		t.Run(heading, func(t *testing.T) {
			require.Equal(t, append(members(tc.record), tc.words...), rows(section(t, text, heading)))
		})
	}
	for _, p := range members(reflect.TypeFor[Probe]()) {
		require.Contains(t, section(t, text, typeHeader), "`"+p+"`")
	}
	for _, l := range []Lifted{LiftedUser, LiftedAll} {
		require.Contains(t, section(t, text, typeSubject), "`"+string(l)+"`")
	}
	for _, o := range []Optional{NoAudit, Memory, Override, Same} {
		require.Contains(t, section(t, text, typeCapability), "`"+string(o)+"`")
	}
}

// The constants that the page test lists by hand are all there are.
func TestPageKnowsAllConstants(t *testing.T) {
	for file, prefix := range map[string]string{"trace.go": "Hole", "fact.go": "Arg"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		data, err := os.ReadFile(page)
		require.NoError(t, err)
		found := regexp.MustCompile(`(?m)^\t`+prefix+`\w+ += "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
		require.NotEmpty(t, found)
		for _, m := range found {
			require.Contains(t, rows(string(data)), m[1])
		}
	}
}

// The example in the page is a trace.
func TestPageExample(t *testing.T) {
	data, err := os.ReadFile(page)
	require.NoError(t, err)
	_, example, _ := strings.Cut(string(data), "```json\n")
	example, _, _ = strings.Cut(example, "```")
	got, err := Read(strings.NewReader(example))
	require.NoError(t, err)
	require.Empty(t, got.Holes)
	require.Len(t, got.Syscalls, 1)
}
