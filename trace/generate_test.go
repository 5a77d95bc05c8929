package trace

import (
	"math/rand"
	"reflect"
)

// Few values for each type, so that random facts often are equal or nearly so.
var pools = map[reflect.Kind][]any{
	reflect.String: {"", "a", "b", "ok"},
	reflect.Bool:   {false, true},
}

// fill sets every field below v at random.
func fill(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	case reflect.String, reflect.Bool:
		pool := pools[v.Kind()]
		v.Set(reflect.ValueOf(pool[r.Intn(len(pool))]).Convert(v.Type()))
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int63n(3))
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(r.Intn(3)))
	}
}

func randomFacts[T any](r *rand.Rand) []T {
	facts := make([]T, r.Intn(8))
	for i := range facts {
		fill(r, reflect.ValueOf(&facts[i]).Elem())
	}
	return facts
}

// randomRun is one of few runs, with or without a closing record.
func randomRun(r *rand.Rand) *Trace {
	t := &Trace{
		Runs:         []Run{{Header: Header{Version: Version, Run: string(rune('p' + r.Intn(4))), User: string(rune('a' + r.Intn(2)))}}},
		Syscalls:     randomFacts[Syscall](r),
		Execs:        randomFacts[Exec](r),
		Files:        randomFacts[File](r),
		Capabilities: randomFacts[Capability](r),
		Sockets:      randomFacts[Socket](r),
		Arguments:    randomFacts[Argument](r),
		Holes:        randomFacts[Hole](r),
	}
	for range r.Intn(4) {
		t.Runs[0].Operations = append(t.Runs[0].Operations, Operation{
			Name: string(rune('a' + r.Intn(2))), First: r.Int63n(3), Last: r.Int63n(3), Detail: string(rune('x' + r.Intn(2))),
			Outcome: []string{"", OperationOK, OperationFailed, OperationSkipped}[r.Intn(4)],
		})
	}
	for id := range r.Intn(4) {
		s := Subject{}
		fill(r, reflect.ValueOf(&s).Elem())
		s.ID = id + 1
		t.Subjects = append(t.Subjects, s)
	}
	if r.Intn(2) == 0 {
		t.Holes = append(t.Holes, Hole{Kind: HoleTruncated})
	} else {
		t.Runs[0].End = &End{Exit: r.Intn(2)}
	}
	return t
}

// randomTrace is the union of up to three runs.
func randomTrace(r *rand.Rand) *Trace {
	var runs []*Trace
	for range r.Intn(4) {
		runs = append(runs, randomRun(r))
	}
	return Merge(runs...)
}

// Generate makes random traces for testing/quick.
func (*Trace) Generate(r *rand.Rand, _ int) reflect.Value { return reflect.ValueOf(randomTrace(r)) }
