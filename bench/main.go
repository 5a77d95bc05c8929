// Bench measures what recording costs: side by side and in turns, a program
// that nobody watches, the same with empty programs on the hooks that the
// recorder needs, with the recorder, and with strace(1). A second table says
// what a recording costs as a worker does more that is new. Both are Markdown.
// Nothing is asserted of the times.
//
// It needs root and BPF, gcc, strace, redis-server and nginx.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often each measurement is repeated")
	flag.Parse()
	if err := run(*rounds, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, out, talk io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "osapi-profile-bench")
	if err != nil {
		return err
	}
	defer func() {
		if e := os.RemoveAll(dir); err == nil {
			err = e
		}
	}()
	g, err := prepare(dir)
	if err != nil {
		return err
	}
	load := loadBefore()
	results := newTable(settings(), tasks())
	for round := range rounds {
		fmt.Fprintf(talk, "round %d of %d\n", round+1, rounds)
		if err := g.round(results, round); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s, %d CPUs, %s; %d rounds in turns: median (lowest–highest), ratio to nothing attached.\n\n",
		machine(), runtime.NumCPU(), load, rounds)
	if err := results.write(out); err != nil {
		return err
	}
	return g.growth(out, talk)
}

// round measures every task in every setting once. Each round begins with
// another setting, so that none is always the first. Slow ones sit out every
// other round.
func (g ground) round(results *table, round int) error {
	all := results.settings
	for i := range all {
		s := all[(i+round)%len(all)]
		if s.slow && round%2 == 1 {
			continue
		}
		if err := g.setting(s, results); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func (g ground) setting(s setting, results *table) (err error) {
	if s.around != nil {
		stop, err := s.around(g)
		if err != nil {
			return err
		}
		defer func() {
			if e := stop(); err == nil {
				err = e
			}
		}()
	}
	for _, task := range results.tasks {
		value, err := task.measure(g, s)
		if err != nil {
			return fmt.Errorf("%s: %w", task.name, err)
		}
		results.add(s.name, task.name, value)
	}
	return nil
}

// ground is where everything is measured.
type ground struct {
	dir      string
	recorder string
	loop     string
}

// prepare builds what is run, and the tree of files that is worked on.
func prepare(dir string) (ground, error) {
	g := ground{dir: dir, recorder: filepath.Join(dir, "osapi-profile"), loop: filepath.Join(dir, "loop")}
	for _, command := range [][]string{
		{"go", "build", "-o", g.recorder, "./cmd/osapi-profile"},
		{"gcc", "-O2", "-static", "-Wall", "-Werror", "-o", g.loop, "bench/testdata/loop.c"},
	} {
		if text, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return g, fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, text)
		}
	}
	for d := range 100 {
		sub := filepath.Join(dir, "tree", fmt.Sprint(d))
		if err := os.MkdirAll(sub, 0o755); err != nil {
			return g, err
		}
		for f := range 40 {
			if err := os.WriteFile(filepath.Join(sub, fmt.Sprint(f)), make([]byte, 4096), 0o644); err != nil {
				return g, err
			}
		}
	}
	return g, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644)
}

func machine() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return runtime.GOARCH
	}
	return fmt.Sprintf("Linux %s, %s", unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:]))
}

// loadBefore tells how busy the machine is with other things, which is in all
// the numbers that follow.
func loadBefore() string {
	text, err := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if err != nil || len(fields) == 0 {
		return "load unknown"
	}
	return "load " + fields[0] + " before"
}
