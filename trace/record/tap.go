package record

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"sync"
	"time"
)

// tap looks for a line in what the worker writes: into a file, or to its stdout
// and stderr, which then are pipes of the recorder's that it passes on.
type tap struct {
	finder *finder
	ends   []*os.File // the worker's ends of the pipes
	pipes  []pipe
	over   sync.WaitGroup
}

// pipe is the recorder's end, and where what comes out of it goes.
type pipe struct{ from, to *os.File }

// tapped gives the options that the worker is started with: its streams are
// pipes if the plan listens to them. The tap is nil if the plan does not look
// for a line at all.
func (o Options) tapped() (Options, *tap, error) {
	if o.Plan == nil || o.Plan.Ready.Line == nil {
		return o, nil, nil
	}
	t := &tap{finder: newFinder(o.Plan.Ready.Line, o.Plan.Ready.File)}
	if o.Plan.Ready.File != "" {
		return o, t, nil
	}
	for _, stream := range []**os.File{&o.Stdout, &o.Stderr} {
		if *stream == nil {
			continue
		}
		from, end, err := os.Pipe()
		if err != nil {
			t.close()
			return o, nil, err
		}
		t.pipes = append(t.pipes, pipe{from, *stream})
		t.ends = append(t.ends, end)
		*stream = end
		if o.Identity != nil {
			// So that the worker can open it by name, as /dev/stderr.
			if err := end.Chown(int(o.Identity.UID), int(o.Identity.GID)); err != nil {
				t.close()
				return o, nil, err
			}
		}
	}
	return o, t, nil
}

// pass begins to pass on, once the worker has its ends.
func (t *tap) pass() {
	if t == nil {
		return
	}
	for _, end := range t.ends {
		_ = end.Close()
	}
	t.ends = nil
	for _, p := range t.pipes {
		t.over.Go(func() {
			_, _ = io.Copy(p.to, io.TeeReader(p.from, t.finder.stream()))
			// Whoever reads the stream may be gone; the worker is not to notice.
			_, _ = io.Copy(t.finder.stream(), p.from)
		})
	}
}

// close passes on what is left. What outlives the worker, and so was not in
// scope, may hold a pipe open: it is not waited for.
func (t *tap) close() {
	if t == nil {
		return
	}
	for _, end := range t.ends {
		_ = end.Close()
	}
	over := make(chan struct{})
	go func() { t.over.Wait(); close(over) }()
	select {
	case <-over:
	case <-time.After(time.Second):
	}
	for _, p := range t.pipes {
		_ = p.from.Close()
	}
}

// finder looks for a line.
type finder struct {
	pattern *regexp.Regexp
	file    string
	known   os.FileInfo // of the file, as it was last
	offset  int64       // up to where it was read
	tail    lines

	mu  sync.Mutex
	has bool
}

// newFinder takes a file as it is now: what is in it already is not the
// worker's.
func newFinder(pattern *regexp.Regexp, file string) *finder {
	f := &finder{pattern: pattern, file: file}
	f.tail.to = f
	if info, err := os.Stat(file); file != "" && err == nil {
		f.known, f.offset = info, info.Size()
	}
	return f
}

// found says whether the line was there; for a file, it looks.
func (f *finder) found() bool {
	if f.file != "" {
		f.look()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.has
}

// look reads what has come to the file, from its beginning when it is another
// one or was cut.
func (f *finder) look() {
	file, err := os.Open(f.file)
	if err != nil {
		return
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return
	}
	if f.known == nil || !os.SameFile(info, f.known) || info.Size() < f.offset {
		f.offset, f.tail.rest = 0, nil
	}
	f.known = info
	n, _ := io.Copy(&f.tail, io.NewSectionReader(file, f.offset, 1<<62))
	f.offset += n
}

// stream is a writer for one stream of lines.
func (f *finder) stream() io.Writer { return &lines{to: f} }

// lines cuts what is written to it into lines.
type lines struct {
	to   *finder
	rest []byte
}

// maxRest is how much of a line is kept until its end comes.
const maxRest = 64 << 10

func (l *lines) Write(data []byte) (int, error) {
	n := len(data)
	for len(data) > 0 {
		line, after, whole := bytes.Cut(data, []byte("\n"))
		l.rest = append(l.rest, line[:min(len(line), maxRest-len(l.rest))]...)
		data = after
		if whole {
			l.to.see(l.rest)
			l.rest = l.rest[:0]
		}
	}
	return n, nil
}

func (f *finder) see(line []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.has = f.has || f.pattern.Match(bytes.TrimSuffix(line, []byte("\r")))
}
