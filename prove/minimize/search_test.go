package minimize

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// alternatives is an oracle: of each set of items one must be left.
func alternatives(sets [][]int) Works {
	return func(without []int) (bool, error) {
		for _, set := range sets {
			if !slices.ContainsFunc(set, func(i int) bool { return !slices.Contains(without, i) }) {
				return false, nil
			}
		}
		return true, nil
	}
}

// needs is an oracle: each of these items must be left.
func needs(items []int) Works {
	var sets [][]int
	for _, i := range items {
		sets = append(sets, []int{i})
	}
	return alternatives(sets)
}

// consistent wants a result to be about each item once, and what is left over to have
// been tried.
func consistent(t *testing.T, likely, n int, works Works, thorough bool) Result {
	t.Helper()
	passed := map[string]bool{key(nil): true}
	s := Search{Thorough: thorough, Works: func(without []int) (bool, error) {
		ok, err := works(without)
		if ok {
			passed[key(without)] = true
		}
		return ok, err
	}}
	r, err := s.Run(likely, n)
	require.NoError(t, err)
	all := slices.Sorted(slices.Values(slices.Concat(r.Required, r.Tolerated)))
	require.Len(t, all, n)
	require.Len(t, slices.Compact(all), n)
	require.True(t, passed[key(r.Tolerated)], "what is tolerated was never away together")
	return r
}

func key(items []int) string { return fmt.Sprint(slices.Sorted(slices.Values(items))) }

func TestSearchFindsWhatIsNeeded(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := r.IntN(120)
		needed := r.Perm(n)[:r.IntN(n+1)]
		got := consistent(t, r.IntN(n+1), n, needs(needed), false)
		assert.ElementsMatch(t, needed, got.Required, "seed %d", seed)
		// Never much worse than one after another, and when little is needed much better.
		most := 0
		for span := n; span > 1; span = (span + 1) / 2 {
			most++
		}
		assert.LessOrEqual(t, got.Runs, n+most+1+len(needed), "seed %d: %d of %d", seed, len(needed), n)
	}
}

func TestSearchTakesFewRuns(t *testing.T) {
	for _, c := range []struct{ likely, items, needed, most int }{
		{100, 100, 0, 1}, {0, 100, 0, 3}, {0, 100, 1, 15}, {0, 100, 5, 50}, {0, 100, 10, 75}, {0, 100, 100, 110}, {0, 1, 1, 1}, {0, 0, 0, 0},
	} {
		worst := 0
		for seed := range uint64(200) {
			r := rand.New(rand.NewPCG(seed, 2))
			got := consistent(t, c.likely, c.items, needs(r.Perm(c.items)[:c.needed]), false)
			worst = max(worst, got.Runs)
		}
		assert.LessOrEqual(t, worst, c.most, "%d of %d", c.needed, c.items)
		t.Logf("%d of %d needed: at most %d runs", c.needed, c.items, worst)
	}
}

// Of items that replace each other the last one stays.
func TestSearchWithAlternatives(t *testing.T) {
	got := consistent(t, 0, 6, alternatives([][]int{{1, 4}, {2}}), false)
	assert.ElementsMatch(t, []int{2, 4}, got.Required)
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		n := 1 + r.IntN(40)
		var sets [][]int
		for range r.IntN(6) {
			sets = append(sets, r.Perm(n)[:1+r.IntN(min(n, 4))])
		}
		works := alternatives(sets)
		got := consistent(t, n/2, n, works, false)
		minimal(t, works, got, seed)
		again := consistent(t, n/2, n, works, false)
		assert.Equal(t, got, again)
	}
}

// minimal wants that nothing more can be taken away.
func minimal(t *testing.T, works Works, got Result, seed uint64) {
	t.Helper()
	for _, i := range got.Required {
		ok, _ := works(append(slices.Clone(got.Tolerated), i))
		require.False(t, ok, "seed %d: %d can be taken away as well", seed, i)
	}
}

// An oracle in which anything may go: less may work where more does not.
func TestSearchWhereNothingIsMonotone(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		n, often := 1+r.IntN(30), r.Uint64N(100)
		works := func(without []int) (bool, error) {
			if len(without) == 0 {
				return true, nil
			}
			h := fnv.New64a()
			_, _ = fmt.Fprint(h, seed, key(without))
			return h.Sum64()%100 < often, nil
		}
		consistent(t, n/2, n, works, false)
		minimal(t, works, consistent(t, n/2, n, works, true), seed)
	}
}

// Taking away item 1 makes item 0 superfluous.
func TestSearchThorough(t *testing.T) {
	works := func(without []int) (bool, error) {
		return !slices.Contains(without, 2) && (!slices.Contains(without, 0) || slices.Contains(without, 1)), nil
	}
	assert.Equal(t, []int{0, 2}, consistent(t, 0, 3, works, false).Required)
	assert.Equal(t, []int{2}, consistent(t, 0, 3, works, true).Required)
}

func TestSearchEndsWithAnError(t *testing.T) {
	broken := errors.New("broken")
	n := 0
	s := Search{Works: func([]int) (bool, error) {
		if n++; n == 4 {
			return false, broken
		}
		return n == 2, nil
	}}
	got, err := s.Run(8, 8)
	assert.ErrorIs(t, err, broken)
	assert.Equal(t, []int{0, 1, 2, 3}, got.Tolerated)
	assert.Empty(t, got.Required)
}
