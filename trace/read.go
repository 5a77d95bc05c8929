package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// Reasons for which a file gives no trace at all. Anything less than that is a
// hole in the trace instead.
var (
	ErrEmpty    = errors.New("empty: the recorder was stopped before it wrote anything; record again")
	ErrNotTrace = errors.New("not a trace: its first line is no header; name a file that osapi-profile record wrote")
	ErrNewer    = errors.New("written by a newer osapi-profile; read it with that one, or record again with this one")
)

// maxLine is far above what a record needs: two paths of PATH_MAX bytes, each
// byte escaped, are 49 kB.
const maxLine = 256 << 10

// maxDamage is how many damaged lines are told one by one.
const maxDamage = 20

// ReadFile reads the trace in the named file, which gzip(1) may have packed.
// Errors name it.
func ReadFile(name string) (*Trace, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := unpacked(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t, err := Read(lines)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// unpacked is the content of a file that begins with gzip's magic number, and
// any other file as it is.
func unpacked(f io.Reader) (io.Reader, error) {
	r := bufio.NewReader(f)
	if magic, err := r.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return r, nil
	}
	return gzip.NewReader(r)
}

// Read reads a trace, or several that follow each other. Facts that were
// written more than once come out once. What cannot be read becomes a Hole:
// HoleTruncated for a missing closing record, HoleDamaged for a bad line. It
// fails only when r does, or with [ErrEmpty], [ErrNotTrace] or [ErrNewer].
func Read(r io.Reader) (*Trace, error) {
	rd := reader{lines: bufio.NewReaderSize(r, maxLine)}
	for {
		line, err := rd.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", rd.number, err)
		}
		if err := rd.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", rd.number, err)
		}
	}
	if rd.current == nil {
		return nil, ErrEmpty
	}
	rd.close()
	if len(rd.runs) == 1 {
		return rd.runs[0], nil
	}
	return Merge(rd.runs...), nil
}

type reader struct {
	lines   *bufio.Reader
	number  int  // of the current line
	torn    bool // the current line has no end
	long    bool // the current line was longer than maxLine and is cut
	current *segment
	runs    []*Trace
}

// next gives the next line without its newline. It is valid until the next
// call.
func (r *reader) next() ([]byte, error) {
	r.number++
	line, err := r.lines.ReadSlice('\n')
	r.long = false
	for err == bufio.ErrBufferFull {
		r.long = true
		line, err = r.lines.ReadSlice('\n')
	}
	r.torn = err == io.EOF
	if err == nil || r.torn && (len(line) > 0 || r.long) {
		return bytes.TrimSuffix(line, []byte("\n")), nil
	}
	return nil, err
}

// line takes in one line. It fails only on headers.
func (r *reader) line(line []byte) error {
	err := r.record(line)
	switch {
	case err == nil || errors.Is(err, ErrNewer):
		return err
	case r.current == nil:
		return fmt.Errorf("%w (%v)", ErrNotTrace, err)
	case r.torn:
		return nil // the killed writer's last line: the missing closing record tells of it
	}
	r.current.damage(r.number, err)
	// A trace that was cut off within a line and had another appended to it: no
	// string holds an unescaped quote, so this is where a whole record begins.
	if i := bytes.LastIndex(line, []byte(`{"type":"`)); i > 0 {
		return r.line(line[i:])
	}
	return nil
}

// record decodes one line into the current run.
func (r *reader) record(line []byte) error {
	if r.long {
		return fmt.Errorf("longer than %d bytes", maxLine)
	}
	if !utf8.Valid(line) {
		return errors.New("not UTF-8") // encoding/json would replace bytes, and so change names
	}
	var head struct {
		Type    string `json:"type"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return plain(err)
	}
	if head.Type != typeHeader {
		if r.current == nil {
			return fmt.Errorf("record type %q", head.Type)
		}
		return r.current.record(head.Type, line)
	}
	if head.Version > Version {
		return fmt.Errorf("trace format %d, this is %d: %w", head.Version, Version, ErrNewer)
	}
	h, err := decode(line, Header.check)
	if err != nil {
		return err
	}
	if len(h.Probes) == 0 {
		h.Probes = nil // as Merge and a literal have it
	}
	r.close()
	r.current = newSegment(h)
	return nil
}

// close ends the current run.
func (r *reader) close() {
	if r.current != nil {
		r.runs = append(r.runs, r.current.trace())
	}
}

// decode reads one record and checks it.
func decode[T any](line []byte, check func(T) error) (T, error) {
	var v T
	if err := json.Unmarshal(line, &v); err != nil {
		return v, plain(err)
	}
	return v, check(v)
}

// plain says what is wrong with a line without naming Go types.
func plain(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("field %q holds a %s", wrong.Field, wrong.Value)
	}
	return err
}
