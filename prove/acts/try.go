package acts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/prove/unit"
)

// ended is how an act went.
type ended struct {
	errno  syscall.Errno // 0 if it was possible
	signal syscall.Signal
}

func (e ended) possible() bool { return e.errno == 0 && e.signal == 0 }

// notLoaded is the exit status of a program whose libraries could not be loaded (ld.so).
const notLoaded = 127

// String is the errno's or signal's name, "ok" for what was possible.
func (e ended) String() string {
	switch {
	case e.signal != 0:
		return unix.SignalName(e.signal)
	case e.errno == notLoaded:
		return "its libraries could not be loaded"
	case e.errno != 0:
		return unix.ErrnoName(e.errno)
	}
	return "ok"
}

// variant is a service that does the acts under some of the profile's lines.
type variant struct {
	what    string // "the profile", "no profile", "the profile without X", "X alone"
	service *unit.Service
	output  string // file
	results []ended
	failed  string // why it could not be started, "" if it could
}

// helps are the calls that the program makes for itself (act.c), without which it
// could not tell the acts apart. None of the acts is one of them.
const helps = "clone wait4 write exit_group close execve fstat"

// hides finds lines by which the program may be out of sight.
var hides = regexp.MustCompile(`(?m)^(RootDirectory|RootImage|TemporaryFileSystem)=`)

// unit writes a service that does the acts.
func (v *variant) unit(lines, command, dir, profile string) unit.Unit {
	text := "[Unit]\nDescription=forbidden acts under " + strings.ReplaceAll(v.what, "%", "%%") + "\n[Service]\n" + lines +
		"Type=oneshot\nExecStart=" + command + "\nStandardInput=null\nStandardOutput=null\nStandardError=file:" + v.output +
		"\nTimeoutStartSec=60\nLimitCORE=1\nExecPaths=" + dir + "\n" // 1: nothing is told of a core (core(5))
	if hides.MatchString(lines) {
		text += "BindReadOnlyPaths=" + dir + "\n"
	}
	if strings.Contains("\n"+lines, "\nSystemCallFilter=") {
		text += "SystemCallFilter=" + helps + "\n"
	}
	if profile != "" {
		text += appArmor + "=" + strings.ReplaceAll(profile, "%", "%%") + "\n"
	}
	name := unit.Name("acts")
	return unit.Unit{Name: name, Files: []unit.File{{Name: name, Text: []byte(text)}}}
}

// run has the acts done, and removes what they made.
func (v *variant) run(ctx context.Context, count int, made []string) error {
	defer func() {
		for _, name := range made {
			_ = os.Remove(name)
		}
	}()
	result, err := v.service.Start(ctx)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(v.output)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	v.results = parse(string(text), count)
	if result != "done" || v.results == nil {
		o, err := v.service.Outcome(ctx)
		if err != nil {
			return err
		}
		talk, _ := v.service.Talk(ctx, talked)
		v.failed = strings.TrimSpace(fmt.Sprintf("%s\n%s%s", o, talk, text))
		v.results = nil
	}
	return nil
}

// talked is how many lines are told of what a service said that could not be started.
const talked = 5

// parse reads what the program tells, nil if it does not tell of each act.
func parse(text string, count int) []ended {
	out := make([]ended, count)
	seen := 0
	for line := range strings.Lines(text) {
		var place int
		var e ended
		if n, _ := fmt.Sscanf(line, "%d %d %d\n", &place, &e.errno, &e.signal); n != 3 || place != seen || seen == count {
			continue // something that was executed said it
		}
		out[place] = e
		seen++
	}
	if seen != count {
		return nil
	}
	return out
}

// install puts the program where services can execute it.
func install(host *unit.Host) (dir string, err error) {
	if dir, err = host.Scratch("acts"); err != nil {
		return "", err
	}
	for name, mode := range map[string]os.FileMode{"act": 0o755, "privileged": 0o755 | os.ModeSetgid} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, program, 0o755); err != nil {
			return "", err
		}
		if mode&os.ModeSetgid != 0 {
			if err := errors.Join(os.Chown(file, 0, atoi(nobodys)), os.Chmod(file, mode)); err != nil {
				return "", err
			}
		}
	}
	return dir, nil
}
