// Bench measures what recording costs: side by side and in turns, a program
// that nobody watches, the same with empty programs on the hooks that the
// recorder needs, with the recorder, and with strace(1). A second table holds that
// against the hot-path budget, a third says what a recording costs as a worker does
// more that is new. Nothing is asserted of the times.
//
// It needs root and BPF, gcc, strace, redis-server and nginx. OSAPI's agent is
// measured too where OSAPI names its binary, or osapi is in PATH.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	rounds := flag.Int("rounds", 5, "how often each measurement is repeated")
	markdown := flag.Bool("markdown", false, "print tables for docs/docs/sidebar/cost.md, not for a terminal")
	only := flag.String("run", "", "measure only the tasks whose names match this expression, and nothing that grows")
	flag.Parse()
	chosen, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: -run:", err)
		os.Exit(2)
	}
	if *rounds < 1 || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "bench: takes no arguments, and at least one round")
		os.Exit(2)
	}
	if err := run(*rounds, *markdown, chosen, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, markdown bool, only *regexp.Regexp, out, talk io.Writer) (err error) {
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
	results := newTable(settings(), slices.DeleteFunc(tasks(), func(t task) bool { return !only.MatchString(t.name) }))
	for round := range rounds {
		fmt.Fprintf(talk, "round %d of %d\n", round+1, rounds)
		if err := g.round(results, round); err != nil {
			return err
		}
	}
	var growth grid
	if only.String() == "" {
		if growth, err = g.growth(talk); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s, %d CPUs, %s; %d rounds in turns: median (lowest–highest), ratio to nothing attached.\n\n",
		machine(), runtime.NumCPU(), load, rounds)
	err = results.write(out, markdown)
	fmt.Fprintf(out, "\nThe budget, in differences and ratios within a round:\n\n")
	err = errors.Join(err, budget(results).write(out, markdown))
	if growth == nil {
		return err
	}
	fmt.Fprintf(out, "\nWhat grows with the worker, once each:\n\n")
	return errors.Join(err, growth.write(out, markdown))
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
