package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"osapi-profile": main})
}

// TestScripts runs testdata/*.txtar. Each has a small trace at hand as
// $WORK/worker.jsonl, a state directory of its own, and the sources as $TOP.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("OSAPI_PROFILE_STATE", filepath.Join(env.WorkDir, "state"))
			top, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			env.Setenv("TOP", top)
			data, err := os.ReadFile("testdata/worker.jsonl")
			if err != nil {
				return err
			}
			// A trace of another architecture is told to be one.
			data = bytes.ReplaceAll(data, []byte(`"arch":"amd64"`), []byte(`"arch":"`+runtime.GOARCH+`"`))
			return os.WriteFile(filepath.Join(env.WorkDir, "worker.jsonl"), data, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"mode":  mode,
		},
		Condition: condition,
	})
}

// exits N CMD… runs a command and wants exit status N.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N CMD [ARG]...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, not %d", got, want)
	}
}

// mode BITS FILE wants a file to have these permission bits.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode BITS FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("mode %s, not %s", got, args[0])
	}
}

// condition knows [root] and [recording]. Under CI=true what they ask for must
// be there: a skipped test would prove nothing.
func condition(name string) (bool, error) {
	var holds bool
	switch name {
	case "root":
		holds = os.Geteuid() == 0
	case "recording":
		_, err := os.Stat("/sys/kernel/btf/vmlinux")
		holds = os.Geteuid() == 0 && err == nil
	default:
		return false, fmt.Errorf("unknown condition %q", name)
	}
	if !holds && os.Getenv("CI") == "true" {
		return false, fmt.Errorf("condition %q does not hold, and CI=true forbids to skip", name)
	}
	return holds, nil
}
