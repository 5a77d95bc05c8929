package record

import (
	"bufio"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
)

// Of the kernel: BINPRM_BUF_SIZE, and how often an interpreter may have one
// itself (exec_binprm).
const (
	scriptLine      = 256
	maxInterpreters = 5
)

// interpreters tells of the scripts between one that was executed and the
// program that it led to. The kernel opens them by itself, which only function
// probes see; without those their names are read from the scripts.
func (o *observer) interpreters(v view, e *event, script, program trace.Path) error {
	if o.opens {
		return nil
	}
	for range maxInterpreters {
		name := interpreterOf(v.prefix + string(script))
		if name == "" {
			return nil // no script: binfmt_misc has an interpreter for it
		}
		if !strings.HasPrefix(name, "/") && e.text[textWalk2] == "" {
			o.holes.add(trace.HoleUnresolved, "a script's interpreter has no absolute name, and where it begins was not told")
			return nil
		}
		at := o.names.resolve(v, climb(e.text[textWalk2]), name, true)
		if script = trace.Path(at.path); script == program {
			return nil
		}
		f := o.fact(e)
		f.Access = trace.AccessExec
		o.place(&f, at)
		if err := o.see(f); err != nil {
			return err
		}
	}
	return nil
}

// interpreterOf is the name behind #! in a file, "" if there is none.
func interpreterOf(name string) string {
	f, err := os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "" // something else stands there by now, which may never answer
	}
	line, _ := bufio.NewReader(io.LimitReader(f, scriptLine)).ReadString('\n')
	rest, ok := strings.CutPrefix(strings.TrimRight(line, " \t\n"), "#!")
	rest, _, _ = strings.Cut(strings.TrimLeft(rest, " \t"), "\x00")
	if fields := strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == '\t' }); ok && len(fields) > 0 {
		return fields[0]
	}
	return ""
}
