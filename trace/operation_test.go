package trace

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckOperation(t *testing.T) {
	for _, name := range append(StandardOperations(), "network.ping", "0", "A_b-c.D", strings.Repeat("x", 64)) {
		require.NoError(t, CheckOperation(name), name)
	}
	for _, name := range []string{"", ".a", "-a", "_a", "a b", "a\nb", "a/b", "é", "a]", strings.Repeat("x", 65)} {
		require.Error(t, CheckOperation(name), name)
	}
}

func TestOperationsAreWrittenTwice(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	require.NoError(t, w.Header(Header{Run: "r"}))
	require.NoError(t, w.Operation(Operation{Name: "startup"}))
	require.NoError(t, w.Operation(Operation{Name: "startup", Last: 9, Outcome: OperationOK}))
	require.NoError(t, w.Operation(Operation{Name: "ping", First: 9}))
	got := decodeString(t, b.String())
	require.Equal(t, []Operation{{Name: "startup", Last: 9, Outcome: OperationOK}, {Name: "ping", First: 9}}, got.Runs[0].Operations)
	require.Equal(t, []Hole{{Kind: HoleTruncated, Detail: "the trace ends without a closing record: the recorder was killed in operation ping"}}, got.Holes)
}

// Each run keeps its own operations; copies of one run complete each other.
func TestMergedOperations(t *testing.T) {
	run := func(id string, o ...Operation) *Trace {
		return &Trace{Runs: []Run{{Header: Header{Run: id}, Operations: o}}}
	}
	began, ended := Operation{Name: "ping", First: 9}, Operation{Name: "ping", First: 9, Last: 12, Outcome: OperationOK}
	merged := Merge(run("b", began), run("a", began), run("b", ended, Operation{Name: "idle", First: 12, Last: 30}))
	require.Equal(t, []Operation{began}, merged.Runs[0].Operations)
	require.Equal(t, []Operation{ended, {Name: "idle", First: 12, Last: 30}}, merged.Runs[1].Operations)
}

func TestUntrained(t *testing.T) {
	run := func(id string, o ...Operation) *Trace {
		return &Trace{Runs: []Run{{Header: Header{Run: id}, Operations: o}}}
	}
	first := run("1",
		Operation{Name: "a", First: 1, Last: 2, Outcome: OperationOK},
		Operation{Name: "b", First: 2, Last: 3, Outcome: OperationFailed, Detail: "exit status 1"},
		Operation{Name: "c", First: 3, Last: 3, Outcome: OperationSkipped},
		Operation{Name: "d", First: 4, Last: 5},
	)
	hole := func(detail string) Hole { return Hole{Kind: HoleUntrained, Detail: detail} }
	b, c := hole("operation b failed, so that only the attempt was seen: exit status 1"), hole("operation c never ran")
	require.Equal(t, []Hole{b, c}, first.Untrained())
	require.Equal(t, []Hole{c}, Merge(first, run("2", Operation{Name: "b", First: 1, Last: 2, Outcome: OperationOK})).Untrained())
	require.Equal(t, []Hole{b, c}, Merge(first, run("2", Operation{Name: "b", First: 1, Last: 2, Outcome: OperationSkipped})).Untrained())
	require.Empty(t, run("3", Operation{Name: "a"}, Operation{Name: "a", First: 2, Last: 3}).Untrained())
}
