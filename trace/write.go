package trace

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
)

// The record types: the value of "type", which every line begins with.
const (
	typeHeader     = "header"
	typeSubject    = "subject"
	typeSyscall    = "syscall"
	typeExec       = "exec"
	typeFile       = "file"
	typeCapability = "capability"
	typeSocket     = "socket"
	typeArgument   = "argument"
	typeHole       = "hole"
	typeOperation  = "operation"
	typeEnd        = "end"
)

// Writer writes a trace as JSON Lines, the header first and End last. Each
// record goes out as whole lines in one Write, so that a writer that is killed
// leaves at most one torn line, the last. It is not safe for concurrent use.
//
// A fact may be written again when more of it is known: facts that are equal
// but for Count, First and Last are one, with the greatest Count and the
// widest span. A subject is written before the facts that name it and does not
// change under the same ID.
type Writer struct {
	w   io.Writer
	buf bytes.Buffer
	err error
}

// NewWriter returns a Writer on w, which should not buffer.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Header begins a recording. Version is set by the Writer.
func (w *Writer) Header(h Header) error {
	h.Version = Version
	if h.Probes == nil {
		h.Probes = []Probe{}
	}
	return w.record(typeHeader, h)
}

// Subject declares a program that facts refer to by ID, which is above 0.
func (w *Writer) Subject(s Subject) error { return w.record(typeSubject, s) }

// Syscall writes one fact.
func (w *Writer) Syscall(f Syscall) error { return w.record(typeSyscall, f) }

// Exec writes one fact.
func (w *Writer) Exec(f Exec) error { return w.record(typeExec, f) }

// File writes one fact.
func (w *Writer) File(f File) error { return w.record(typeFile, f) }

// Capability writes one fact.
func (w *Writer) Capability(f Capability) error { return w.record(typeCapability, f) }

// Socket writes one fact.
func (w *Writer) Socket(f Socket) error { return w.record(typeSocket, f) }

// Argument writes one fact.
func (w *Writer) Argument(f Argument) error { return w.record(typeArgument, f) }

// Operation writes that an operation has begun, and once more with all that is
// known when it has ended. The two are equal in Name and First.
func (w *Writer) Operation(o Operation) error { return w.record(typeOperation, o) }

// Hole writes a hole as soon as it is known. Written again, or in End, with
// the same Kind and Detail it is one hole with the greatest Count.
func (w *Writer) Hole(h Hole) error { return w.record(typeHole, h) }

// End closes the recording.
func (w *Writer) End(e End) error { return w.record(typeEnd, e) }

// record writes one line. After an error nothing more is written, since what
// follows half a line could not be told from it.
func (w *Writer) record(kind string, v any) error {
	if w.err != nil {
		return w.err
	}
	w.buf.Reset()
	w.buf.WriteString(`{"type":"` + kind + `",`)
	start := w.buf.Len()
	enc := json.NewEncoder(&w.buf)
	enc.SetEscapeHTML(false) // paths stay readable
	if err := enc.Encode(v); err != nil {
		return err // nothing was written: the next record may still be
	}
	line := w.buf.Bytes()
	copy(line[start:], line[start+1:]) // v's own opening brace
	_, w.err = w.w.Write(line[:len(line)-1])
	return w.err
}

// Write writes t as a file that Read gives back: its runs one after another,
// each with its own facts.
func Write(w io.Writer, t *Trace) error {
	out := NewWriter(w)
	for _, part := range t.split() {
		if err := out.run(part); err != nil {
			return err
		}
	}
	return nil
}

// run writes a trace of one run.
func (w *Writer) run(t *Trace) error {
	run := t.Runs[0]
	err := w.Header(run.Header)
	err = each(err, run.Operations, w.Operation)
	err = each(err, t.Subjects, w.Subject)
	err = each(err, t.Syscalls, w.Syscall)
	err = each(err, t.Execs, w.Exec)
	err = each(err, t.Files, w.File)
	err = each(err, t.Capabilities, w.Capability)
	err = each(err, t.Sockets, w.Socket)
	err = each(err, t.Arguments, w.Argument)
	err = each(err, t.unclosedHoles(), w.Hole)
	if run.End != nil {
		err = each(err, []End{*run.End}, w.End)
	}
	return err
}

// unclosedHoles are the holes that the closing record, or its absence, does not
// tell of.
func (t *Trace) unclosedHoles() []Hole {
	end := t.Runs[0].End
	return without(t.Holes, func(h Hole) bool {
		return end == nil && h.Kind == HoleTruncated || end != nil && slices.Contains(end.Holes, h)
	})
}

// each writes the records unless something failed before.
func each[T any](err error, records []T, write func(T) error) error {
	for _, r := range records {
		if err != nil {
			return err
		}
		err = write(r)
	}
	return err
}
