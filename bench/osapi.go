package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// osapiBinary is the agent's release of OSAPI (osapi agent start), "" if there is none.
func osapiBinary() string {
	name := os.Getenv("OSAPI")
	if name == "" {
		name = "osapi"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// commands is how many one measurement of the agent takes.
const commands = 30

// agent takes the time of one command that a watched agent is asked to execute. Of
// the operations of its plan (test/osapi) that is the one that needs no host of its
// own.
func agent(binary string) func(ground, setting) (float64, error) {
	return func(g ground, s setting) (perCommand float64, err error) {
		o, err := newOSAPI(g, binary)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, o.stop()) }()
		if err := errors.Join(o.start(o.command("nats", "server", "start")), listening(o.nats),
			o.start(o.command("controller", "start")), listening(o.controller)); err != nil {
			return 0, err
		}
		command := o.command("agent", "start")
		if s.wrap != nil {
			command = s.wrap(g, command)
		}
		if err := o.start(command); err != nil {
			return 0, err
		}
		var asked error
		for end := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
			if asked = o.ask(time.Minute); asked == nil {
				break
			}
			if time.Now().After(end) {
				return 0, fmt.Errorf("the agent does not answer: %w", asked)
			}
		}
		start := time.Now()
		for range commands {
			if err := o.ask(time.Minute); err != nil {
				return 0, err
			}
		}
		return float64(time.Since(start).Microseconds()) / 1000 / commands, nil
	}
}

// osapi is its servers and its agent.
type osapi struct {
	binary, dir, file, token string
	nats, controller         string // addresses
	started                  []*exec.Cmd
}

var tokenPattern = regexp.MustCompile(`ey[\w-]+\.[\w-]+\.[\w-]+`)

// newOSAPI writes the configuration that test/osapi has, with ports and a store of
// its own.
func newOSAPI(g ground, binary string) (*osapi, error) {
	o := &osapi{binary: binary, dir: filepath.Join(g.dir, "osapi"), file: filepath.Join(g.dir, "osapi", "osapi.yaml")}
	text, err := os.ReadFile("test/osapi/agent.yaml")
	if err != nil {
		return nil, err
	}
	replace := []string{"@KEY@", strings.Repeat("0123456789abcdef", 4), "@DELIVER@", "5", "/var/lib/osapi", o.dir}
	for _, port := range []string{"8080", "4222", "9090", "9091", "9092"} {
		free, err := freePort()
		if err != nil {
			return nil, err
		}
		switch port {
		case "8080":
			o.controller = "127.0.0.1:" + free
		case "4222":
			o.nats = "127.0.0.1:" + free
		}
		replace = append(replace, ": "+port, ": "+free, ":"+port, ":"+free)
	}
	settings := strings.NewReplacer(replace...).Replace(string(text))
	if err := errors.Join(os.RemoveAll(o.dir), os.Mkdir(o.dir, 0o755), os.WriteFile(o.file, []byte(settings), 0o600)); err != nil {
		return nil, err
	}
	command := o.command("token", "generate", "--roles", "admin", "--subject", "bench", "--json")
	said, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("osapi token: %w: %s", err, said)
	}
	o.token = string(tokenPattern.Find(said))
	return o, os.WriteFile(o.file, []byte(strings.ReplaceAll(settings, "@TOKEN@", o.token)), 0o600)
}

func (o *osapi) command(args ...string) []string {
	return append([]string{o.binary, "--osapi-file", o.file}, args...)
}

func (o *osapi) start(command []string) error {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = o.dir
	o.started = append(o.started, cmd)
	return cmd.Start()
}

// ask has the agent execute one command.
func (o *osapi) ask(patience time.Duration) error {
	request, err := http.NewRequest(http.MethodPost, "http://"+o.controller+"/api/node/_any/command/exec", bytes.NewBufferString(`{"command": "true"}`))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+o.token)
	request.Header.Set("Content-Type", "application/json")
	answer, err := (&http.Client{Timeout: patience}).Do(request)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusAccepted || !bytes.Contains(text, []byte(`"exit_code":0`)) {
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	return nil
}

// stop ends all of them at once; an agent that is asked to takes ten seconds. Who
// wraps the agent ends with it.
func (o *osapi) stop() error {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, file := range files {
		line, _ := os.ReadFile(file) // or it has ended
		var pid int
		if !bytes.HasPrefix(line, []byte(o.binary+"\x00--osapi-file\x00"+o.file+"\x00")) {
			continue
		}
		if _, err := fmt.Sscanf(file, "/proc/%d/", &pid); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	for _, cmd := range o.started {
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
			return err
		}
	}
	return nil
}
