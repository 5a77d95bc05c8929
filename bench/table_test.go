package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{0: nil, 2: {3, 1, 2}, 2.5: {4, 1, 3, 2}, 7: {7}} {
		assert.Equal(t, want, median(values))
	}
}

func TestTable(t *testing.T) {
	results := newTable([]setting{{name: nothing}, {name: "watched"}, {name: "absent"}}, []task{{name: "call", unit: "ns"}, {name: "work", unit: "s", digits: 2}})
	for _, v := range []float64{100, 80, 90} {
		results.add(nothing, "call", v)
		results.add("watched", "call", 2*v)
	}
	results.add("watched", "work", 1.5)
	var b strings.Builder
	require.NoError(t, results.write(&b, true))
	assert.Equal(t, `
|                  | call, ns            | work, s          |
| ---------------- | ------------------- | ---------------- |
| nothing attached | 90 (80–100)         |                  |
| watched          | 180 (160–200) 2.00× | 1.50 (1.50–1.50) |
| absent           |                     |                  |
`[1:], b.String())
}

func TestGridForATerminal(t *testing.T) {
	var b strings.Builder
	require.NoError(t, grid{{"", "call"}, {"nothing", "90"}, {"it", "100 ns"}}.write(&b, false))
	assert.Equal(t, "         call\nnothing  90\nit       100 ns\n", b.String())
}

func TestBudget(t *testing.T) {
	results := newTable(settings(), []task{{name: "getppid"}, {name: "open+close"}, {name: script}})
	for _, noise := range []float64{0, 500, 0} { // another program runs in the second round
		results.add(nothing, script, 1)
		results.add(recorded, script, 1.2)
		results.add(empty, "getppid", 100+noise)
		results.add(others, "getppid", 105+noise)
		results.add(recorded, "getppid", 130+noise)
	}
	rows := budget(results)
	require.Len(t, rows, 4, "nothing is said of what was not measured")
	assert.Equal(t, []string{"getppid, out of scope", "+10 ns over empty programs", "5 (5–5)", "yes"}, rows[1])
	assert.Equal(t, []string{"getppid, in scope", "+20 ns over empty programs", "30 (30–30)", "no"}, rows[2])
	assert.Equal(t, []string{script, "1.10× of nothing attached", "1.20 (1.20–1.20)", "no"}, rows[3])
}
