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
	require.NoError(t, results.write(&b))
	assert.Equal(t, `
|                  | call, ns            | work, s          |
| ---------------- | ------------------- | ---------------- |
| nothing attached | 90 (80–100)         |                  |
| watched          | 180 (160–200) 2.00× | 1.50 (1.50–1.50) |
| absent           |                     |                  |
`[1:], b.String())
}
