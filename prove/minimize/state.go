package minimize

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/google/renameio/v2"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/trace"
)

// format is the version of the file.
const format = 1

// State is what runs have shown of a profile so far. It is kept in a file, so that a
// later call goes on where one ended.
type State struct {
	Format     int         `json:"format"`
	Key        string      `json:"key"` // of profile, plan and command: what has another key is about something else
	Worker     trace.Path  `json:"worker"`
	Systemd    int         `json:"systemd"` // major version of the one that ran the worker
	Kernel     string      `json:"kernel"`  // likewise
	Operations []Operation `json:"operations"`
	Grants     []Grant     `json:"grants"`
	Runs       []Attempt   `json:"runs"`     // in their order
	Finished   bool        `json:"finished"` // each grant has its mark
}

// Operation is a step of the plan.
type Operation struct {
	Name  string `json:"name"`
	Took  int64  `json:"milliseconds"`    // at most, with nothing taken away
	Flaky string `json:"flaky,omitempty"` // how it went once without a reason, "" if it never did
}

// Grant is an entry of the profile, and what is known of it.
type Grant struct {
	synth.Entry
	In   []string   `json:"in"`             // formats that it stands in, as of synth.Marked
	Mark synth.Mark `json:"mark,omitempty"` // "" as long as it is not known
	Why  string     `json:"why,omitempty"`  // in words
	Used []string   `json:"used,omitempty"` // operations that made use of it, with nothing taken away
}

// Attempt is one run of the plan.
type Attempt struct {
	Without      []int     `json:"without"` // numbers of grants that were taken away, sorted
	Failures     []Failure `json:"failures,omitempty"`
	Unstarted    bool      `json:"unstarted,omitempty"` // as of prove.Trial
	Confirms     bool      `json:"confirms,omitempty"`  // it is the last one, of what is left over
	Milliseconds int64     `json:"milliseconds"`
}

// Failure is something that went otherwise than in training.
type Failure struct {
	Operation string `json:"operation"` // "" for how the service ended
	Detail    string `json:"detail"`
}

// String is one line.
func (f Failure) String() string {
	if f.Operation == "" {
		return "the service ended otherwise: " + synth.OneLine(f.Detail)
	}
	return "operation " + f.Operation + " failed: " + synth.OneLine(f.Detail)
}

// Save writes the file, as a whole or not at all.
func (s *State) Save(name string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return err
	}
	return renameio.WriteFile(name, b.Bytes(), 0o600, renameio.WithExistingPermissions())
}

// ReadFile reads what [State.Save] wrote.
func ReadFile(name string) (*State, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	s, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// maxSize is far beyond what a search of any profile comes to.
const maxSize = 64 << 20

// Read reads a file of marks, of which nothing is taken on trust.
func Read(r io.Reader) (*State, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, err
	}
	var s State
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&s); err != nil || len(data) > maxSize {
		return nil, fmt.Errorf("no result of minimize: %w", errors.Join(err, tooLong(data)))
	}
	if s.Format != format {
		return nil, fmt.Errorf("no result of minimize, or one of another version: format %d, and %d is known", s.Format, format)
	}
	return &s, s.check()
}

func tooLong(data []byte) error {
	if len(data) > maxSize {
		return errors.New("it is longer than any")
	}
	return nil
}

func (s *State) check() error {
	have := map[synth.Entry]bool{}
	for i, g := range s.Grants {
		switch {
		case !slices.Contains(synth.EntryKinds(), g.Kind) || g.Name == "":
			return fmt.Errorf("grant %d: %q %q is none", i, g.Kind, g.Name)
		case have[g.Entry]:
			return fmt.Errorf("grant %d: %s is there twice", i, g.Entry)
		case !slices.Contains([]synth.Mark{"", synth.MarkRequired, synth.MarkTolerated, synth.MarkUnproven}, g.Mark), g.Mark == "" && s.Finished:
			return fmt.Errorf("grant %d: %q is no mark", i, g.Mark)
		}
		have[g.Entry] = true
	}
	for i, r := range s.Runs {
		if !slices.IsSorted(r.Without) || len(slices.Compact(slices.Clone(r.Without))) != len(r.Without) {
			return fmt.Errorf("run %d: what was taken away is not sorted", i)
		}
		if n := len(r.Without); n > 0 && (r.Without[0] < 0 || r.Without[n-1] >= len(s.Grants)) {
			return fmt.Errorf("run %d: there are %d grants", i, len(s.Grants))
		}
	}
	return nil
}

// Marks are those of the grants, as far as they are known.
func (s *State) Marks() *synth.Marks {
	out := &synth.Marks{Entries: []synth.Marked{}, Operations: []string{}}
	for _, g := range s.Grants {
		if g.Mark != "" {
			out.Entries = append(out.Entries, synth.Marked{Entry: g.Entry, Mark: g.Mark, In: g.In})
		}
	}
	slices.SortFunc(out.Entries, func(a, b synth.Marked) int { return a.Compare(b.Entry) })
	for _, o := range s.Operations {
		if o.Flaky == "" {
			out.Operations = append(out.Operations, o.Name)
		}
	}
	return out
}

// operation is the one with a name; nil for none of the plan.
func (s *State) operation(name string) *Operation {
	for i := range s.Operations {
		if s.Operations[i].Name == name {
			return &s.Operations[i]
		}
	}
	return nil
}

// flaky says whether a failure is of an operation that fails without a reason; how the
// service ends is part of its shutdown.
func (s *State) flaky(f Failure) bool {
	o := s.operation(cmp.Or(f.Operation, trace.OperationShutdown))
	return o != nil && o.Flaky != ""
}
