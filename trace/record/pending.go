package record

import "io"

// pending gathers lines of the trace while more of them are coming, since a write for
// each would be what a busy recorder does most. It is flushed whenever the recorder
// has nothing else to do, so that a kill takes no more than what was waiting.
type pending struct {
	to      io.Writer
	waiting []byte
	err     error
}

// flushAt is how much may wait.
const flushAt = 1 << 16

// Write takes whole lines.
func (p *pending) Write(text []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	p.waiting = append(p.waiting, text...)
	if len(p.waiting) < flushAt {
		return len(text), nil
	}
	return len(text), p.flush()
}

// flush writes what waits. After an error nothing more is written: what follows half
// a line could not be told from it.
func (p *pending) flush() error {
	if p.err != nil || len(p.waiting) == 0 {
		return p.err
	}
	_, p.err = p.to.Write(p.waiting)
	p.waiting = p.waiting[:0]
	return p.err
}
