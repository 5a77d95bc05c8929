package trace

import (
	"bytes"
	"errors"
	"math"
	"math/rand"
	"reflect"
	"slices"
	"testing"
	"testing/quick"

	"github.com/stretchr/testify/require"
)

// holds checks a property of random traces. The seed is fixed: a failure
// comes again, as the same number.
func holds(t *testing.T, property any) {
	t.Helper()
	config := quick.Config{MaxCount: 100, Rand: rand.New(rand.NewSource(1))}
	if failed, ok := errors.AsType[*quick.CheckError](quick.Check(property, &config)); ok {
		t.Errorf("fails for input %d", failed.Count)
	}
}

func TestMergeProperties(t *testing.T) {
	t.Run("commutative", func(t *testing.T) {
		holds(t, func(a, b *Trace) bool { return reflect.DeepEqual(Merge(a, b), Merge(b, a)) })
	})
	t.Run("associative", func(t *testing.T) {
		holds(t, func(a, b, c *Trace) bool {
			left, right := Merge(Merge(a, b), c), Merge(a, Merge(b, c))
			return reflect.DeepEqual(left, right) && reflect.DeepEqual(left, Merge(a, b, c))
		})
	})
	t.Run("idempotent", func(t *testing.T) {
		holds(t, func(a, b *Trace) bool {
			m := Merge(a, b)
			return reflect.DeepEqual(Merge(m, m), m) && reflect.DeepEqual(Merge(m, a), m)
		})
	})
	t.Run("inputs stay as they are", func(t *testing.T) {
		holds(t, func(a, b *Trace) bool {
			before := []string{encode(t, a), encode(t, b)}
			Merge(a, b)
			return slices.Equal(before, []string{encode(t, a), encode(t, b)})
		})
	})
	t.Run("equal traces are equal files", func(t *testing.T) {
		holds(t, func(a, b *Trace) bool { return encode(t, Merge(a, b)) == encode(t, Merge(b, a)) })
	})
}

// Every fact of the parts is in the union, under its own subject.
func TestMergeLosesNothing(t *testing.T) {
	holds(t, func(a, b *Trace) bool {
		m := Merge(a, b)
		have := map[string]bool{}
		for _, f := range m.Files {
			have[named(m, f)] = true
		}
		for _, part := range []*Trace{a, b} {
			for _, f := range part.Files {
				if !have[named(part, f)] {
					return false
				}
			}
		}
		return len(m.Files) <= len(a.Files)+len(b.Files)
	})
}

// named tells a fact without its subject's number.
func named(t *Trace, f File) string {
	s := Subject{}
	if f.Subject > 0 {
		s = t.Subjects[f.Subject-1]
	}
	s.ID = 0
	f.Subject, f.Count, f.First, f.Last = 0, 0, 0, 0
	var b bytes.Buffer
	w := NewWriter(&b)
	_ = w.Subject(s)
	_ = w.File(f)
	return b.String()
}

func TestMergeCounts(t *testing.T) {
	run := func(id string, count uint64, first, last int64, ids ...int) *Trace {
		return &Trace{
			Runs:     []Run{{Header: Header{Run: id}}},
			Subjects: []Subject{{ID: ids[0], Exe: "/b"}, {ID: ids[1], Exe: "/a"}},
			Syscalls: []Syscall{{Seen: Seen{Subject: ids[0], Count: count, First: first, Last: last}, Name: "read"}},
			Holes:    []Hole{{Kind: HoleLost, Count: count}},
		}
	}
	one, two := run("1", 3, 10, 20, 1, 2), run("2", 4, 5, 15, 9, 4)
	want := []Syscall{{Seen: Seen{Subject: 2, Count: 7, First: 5, Last: 20}, Name: "read"}}
	m := Merge(one, two)
	require.Equal(t, want, m.Syscalls)
	require.Equal(t, []Subject{{ID: 1, Exe: "/a"}, {ID: 2, Exe: "/b"}}, m.Subjects)
	require.Equal(t, []Hole{{Kind: HoleLost, Count: 7}}, m.Holes)
	require.Equal(t, want, Merge(m, two, m, one).Syscalls)

	shorter := run("1", 2, 10, 12, 1, 2) // the same recording, read while it ran
	require.Equal(t, one.Syscalls[0].Count, Merge(one, shorter).Syscalls[0].Count)
	require.Equal(t, uint64(math.MaxUint64), Merge(run("1", math.MaxUint64, 0, 0, 1, 2), two).Syscalls[0].Count)
}

func TestMergeOfCutOffCopy(t *testing.T) {
	cut := &Trace{Runs: []Run{{Header: Header{Run: "1"}}}, Holes: []Hole{{Kind: HoleTruncated}}}
	whole := &Trace{Runs: []Run{{Header: Header{Run: "1"}, End: &End{Exit: 3}}}}
	require.Empty(t, Merge(cut, whole).Holes)
	require.Equal(t, 3, Merge(cut, whole).Runs[0].End.Exit)
	require.Len(t, Merge(cut, cut).Holes, 1)
}

func TestMergeOfNothing(t *testing.T) {
	require.Equal(t, &Trace{}, Merge())
	require.Equal(t, &Trace{}, Merge(nil, nil))
}

// Each order must notice every field, or equal traces may come out unequal.
func TestOrdersAreTotal(t *testing.T) {
	t.Run("Subject", func(t *testing.T) { total(t, compareSubjects) })
	t.Run("Syscall", func(t *testing.T) { total(t, compareSyscalls) })
	t.Run("Exec", func(t *testing.T) { total(t, compareExecs) })
	t.Run("File", func(t *testing.T) { total(t, compareFiles) })
	t.Run("Capability", func(t *testing.T) { total(t, compareCapabilities) })
	t.Run("Socket", func(t *testing.T) { total(t, compareSockets) })
	t.Run("Argument", func(t *testing.T) { total(t, compareArguments) })
}

func total[T any](t *testing.T, compare func(a, b T) int) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if field.Anonymous {
			continue
		}
		var a, b T
		raise(reflect.ValueOf(&b).Elem().FieldByIndex(field.Index))
		require.Negative(t, compare(a, b), field.Name)
		require.Positive(t, compare(b, a), field.Name)
		require.Zero(t, compare(b, b), field.Name)
	}
}

func raise(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	default:
		v.SetInt(1)
	}
}
