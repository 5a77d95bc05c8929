package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
	"github.com/osapi-io/osapi-profile/trace/record"
)

// talk is what record says on stderr, which it shares with the worker.
type talk struct {
	mu    sync.Mutex
	to    io.Writer
	width int  // of the terminal, 0 if there is none
	quiet bool // warnings only
	drawn bool // the last line is a status
}

func newTalk(to io.Writer, quiet bool) *talk {
	t := &talk{to: to, quiet: quiet}
	if f, ok := to.(*os.File); ok {
		t.width = drawable(int(f.Fd()))
	}
	return t
}

// drawable is the width of the terminal to draw on, 0 if there is none. Under
// stty tostop there is none either: the worker is in front, and who draws from
// behind is stopped.
func drawable(fd int) int {
	size, err := unix.IoctlGetWinsize(fd, unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	if mode, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil || mode.Lflag&unix.TOSTOP != 0 {
		return 0
	}
	if size.Col == 0 {
		return 80 // a serial line or a pty whose size nobody set
	}
	return max(int(size.Col), 20)
}

// status gives the function that draws, nil where nothing is to be drawn.
func (t *talk) status() func(record.Status) {
	if t.width == 0 || t.quiet {
		return nil
	}
	return t.draw
}

// draw rewrites the status line.
func (t *talk) draw(s record.Status) { t.redraw(statusLine(s)) }

// redraw puts a line in the place of the last one. The cursor goes back to its
// beginning, so that what the worker says next overwrites it.
func (t *talk) redraw(line string) {
	if len(line) >= t.width {
		line = line[:t.width-1]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.to, "\r\x1b[K%s\r", line)
	t.drawn = true
}

// counted gives the function that draws how many of some things are done, nil where
// nothing is to be drawn.
func (t *talk) counted(what string) func(done, of int) {
	if t.width == 0 || t.quiet {
		return nil
	}
	return func(done, of int) {
		t.mu.Lock()
		defer t.mu.Unlock()
		fmt.Fprintf(t.to, "\r\x1b[K%d of %d %s\r", done, of, what)
		t.drawn = true
	}
}

// statusLine tells how far a recording is.
func statusLine(s record.Status) string {
	elapsed := s.Elapsed.Truncate(time.Second)
	line := fmt.Sprintf("%s: %s; %d new in 30 s; %d lost", elapsed, perKind(s.Facts), s.Recent, s.Lost)
	if s.Tasks > 0 {
		line += fmt.Sprintf("; %d processes", s.Tasks)
	}
	if s.Operation != "" {
		line += "; " + s.Operation
	}
	return line
}

// operation tells how one went. What was not as planned is told even when
// nothing else is.
func (t *talk) operation(o trace.Operation) {
	words := ""
	switch o.Outcome {
	case trace.OperationFailed:
		words = "failed"
	case trace.OperationSkipped:
		words = "never ran"
	}
	if words != "" {
		if o.Detail != "" {
			words += ": " + o.Detail
		}
		t.warn("operation " + o.Name + " " + words)
		return
	}
	if t.quiet {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	note(t.to, "operation %s: %s", o.Name, (time.Duration(o.Last-o.First) * time.Millisecond).Round(100*time.Millisecond))
}

// clear removes the status line.
func (t *talk) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
}

func (t *talk) erase() {
	if t.drawn {
		fmt.Fprint(t.to, "\r\x1b[K")
		t.drawn = false
	}
}

// warn tells of what makes the trace incomplete.
func (t *talk) warn(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	note(t.to, "warning: %s", text)
}

// summary closes a recording: where the trace is, what is in it, and what it
// cannot vouch for.
func (t *talk) summary(name string, result record.Result) {
	if t.quiet {
		return
	}
	note(t.to, "trace in %s: %s", name, perKind(result.Facts))
	if len(result.Holes) > 0 {
		note(t.to, "it has holes: %s", inWords(result.Holes))
	}
}
