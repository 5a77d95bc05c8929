package plan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/trace"
)

const ready = "ready: {port: 6379}\n"

func parse(t *testing.T, text string) *Plan {
	t.Helper()
	p, err := Parse("plan.yaml", "/plans", []byte(text))
	require.NoError(t, err)
	return p
}

func TestWholePlan(t *testing.T) {
	p := parse(t, `
ready:
  line: '^Ready to accept'
  file: log/redis.log
  timeout: 5s
timeout: 10s
settle: 2s
output: said.log
without: [reload]
operations:
  - name: set
    command: [redis-cli, set, key, 1]
    repeat: 3
  - name: wrong
    shell: redis-cli nonsense | grep -q OK
    expect: failure
    timeout: 1m
    settle: 0s
  - name: log-rotation
    signal: sigusr1
  - name: idle
  - name: shutdown
    command: [redis-cli, shutdown]
`)
	require.Equal(t, "^Ready to accept", p.Ready.Line.String())
	p.Ready.Line = nil
	require.Equal(t, &Plan{
		Dir: "/plans", Output: "/plans/said.log", Missing: []string{"reconnect"},
		Ready: Ready{File: "/plans/log/redis.log", Timeout: 5 * time.Second, Settle: 2 * time.Second},
		Operations: []Operation{
			{Name: "set", Command: []string{"redis-cli", "set", "key", "1"}, Repeat: 3, Timeout: 10 * time.Second, Settle: 2 * time.Second},
			{Name: "wrong", Command: []string{"/bin/sh", "-c", "redis-cli nonsense | grep -q OK"}, Repeat: 1, Timeout: time.Minute, Fails: true},
			{Name: "log-rotation", Signal: 10, Repeat: 1, Timeout: 10 * time.Second, Settle: 2 * time.Second},
			{Name: "idle", Wait: 30 * time.Second, Repeat: 1, Timeout: 10 * time.Second, Settle: 2 * time.Second},
			{Name: "shutdown", Command: []string{"redis-cli", "shutdown"}, Repeat: 1, Timeout: 90 * time.Second, Settle: 2 * time.Second},
		},
	}, p)
}

func TestDefaults(t *testing.T) {
	p := parse(t, ready+"operations: [{name: reload}]\n")
	require.Equal(t, &Plan{
		Dir: "/plans", Missing: []string{"idle", "log-rotation", "reconnect"},
		Ready: Ready{Port: "127.0.0.1:6379", Timeout: time.Minute, Settle: 500 * time.Millisecond},
		Operations: []Operation{
			{Name: "reload", Signal: 1, Repeat: 1, Timeout: time.Minute, Settle: 500 * time.Millisecond},
			{Name: "shutdown", Signal: 15, Repeat: 1, Timeout: 90 * time.Second},
		},
	}, p)
}

func TestAliases(t *testing.T) {
	p := parse(t, ready+"operations:\n  - {name: a, command: &c [x, y]}\n  - {name: b, command: *c}\n")
	require.Equal(t, []string{"x", "y"}, p.Operations[1].Command)
}

// Each fault is told with its line and with what to do.
func TestFaults(t *testing.T) {
	const some = ready + "operations:\n  - name: a\n"
	for text, want := range map[string]string{
		"":                                  "plan.yaml: empty; say when the worker is ready, and list operations",
		"# nothing\n":                       "plan.yaml: empty; say when the worker is ready, and list operations",
		"a: b: c\n":                         "plan.yaml:1: no YAML: mapping values are not allowed in this context; see docs/docs/sidebar/plan.md for an example",
		"just words\n":                      "plan.yaml:1: a plan is a mapping of ready, timeout, settle, output, without, operations, reset, and this is a text",
		ready + "---\nx: y\n":               "plan.yaml:2: a second document; a plan is one",
		ready + "steps: []\n":               `plan.yaml:2: a plan has no key "steps"; there are ready, timeout, settle, output, without, operations, reset`,
		ready + ready:                       "plan.yaml:2: ready: is there already, in line 1; leave out one of the two",
		ready + "settle:\n":                 "plan.yaml:2: settle: has no value; give it one, or leave it out",
		"operations: [{name: idle}]\n":      "plan.yaml:1: nothing says when the worker is ready; add ready: with command:, shell:, port:, line: or wait:",
		ready:                               "plan.yaml:1: no operations; list under operations: what the worker is there for",
		ready + "operations: ping\n":        "plan.yaml:2: operations: is a list, and this is a text; begin each item with a hyphen",
		ready + "operations: [idle]\n":      "plan.yaml:2: an operation is a mapping of name, command, shell, signal, wait, timeout, settle, repeat, expect, and this is a text",
		ready + "operations: [{wait: 1s}]":  "plan.yaml:2: an operation without a name; add name:",
		ready + "operations: [{name: [a]}]": "plan.yaml:2: a text belongs here, and this is a list",
		ready + "operations:\n- name: 'a b'\n  wait: 1s":                                           `plan.yaml:3: "a b" is no name for an operation: letters, digits and, after the first, . _ - only`,
		ready + "operations:\n- {name: a, wait: 1s}\n- {name: b, wait: 1s}\n- {name: a, wait: 1s}": "plan.yaml:5: operation a is there already, in line 3; give it another name, or let that one repeat:",
		some:                                                     "plan.yaml:3: operation a needs one of command:, shell:, signal: or wait:",
		some + "    wait: 1s\n    signal: HUP\n":                 "plan.yaml:3: operation a needs one of command:, shell:, signal: or wait:, and has signal: and wait:",
		some + "    command: redis-cli ping\n":                   "plan.yaml:4: command: is a list of words, such as [redis-cli, ping]; for a line of shell use shell:",
		some + "    command: []\n":                               "plan.yaml:4: command: names no program",
		some + "    shell: ' '\n":                                "plan.yaml:4: shell: is empty; say what to do",
		some + "    command: [a, \"b\\0\"]\n":                    "plan.yaml:4: a text with a NUL byte in it, which no program can be given",
		some + "    signal: HANGUP\n":                            `plan.yaml:4: "HANGUP" is no signal; name one as signal(7) does, such as HUP`,
		some + "    wait: 30\n":                                  "plan.yaml:4: 30 has no unit; write 30s, 30ms or 30m",
		some + "    wait: soon\n":                                `plan.yaml:4: "soon" is no time up to a day; write it as 500ms, 30s or 1m30s`,
		some + "    wait: 48h\n":                                 `plan.yaml:4: "48h" is no time up to a day; write it as 500ms, 30s or 1m30s`,
		some + "    wait: 0s\n":                                  "plan.yaml:4: a time above 0 belongs here, such as 30s",
		some + "    wait: 1s\n    repeat: 0\n":                   "plan.yaml:5: repeat: is a number from 1 to 1000",
		some + "    wait: 1s\n    expect: failure\n":             "plan.yaml:5: expect: is about the exit status of command: or shell:",
		some + "    shell: x\n    expect: maybe\n":               "plan.yaml:5: expect: is success or failure",
		some + "    shell: x\n    Timeout: 1s\n":                 `plan.yaml:5: an operation has no key "Timeout"; there are name, command, shell, signal, wait, timeout, settle, repeat, expect`,
		ready + "operations:\n- name: startup\n  wait: 1s\n":     "plan.yaml:3: startup runs by itself before all others; say under ready: when it is over",
		ready + "operations: [{name: shutdown, repeat: 2}]":      "plan.yaml:2: shutdown lasts until the worker has ended: it takes no repeat:, wait: or settle:",
		ready + "operations:\n- name: shutdown\n- name: idle":    "plan.yaml:3: shutdown ends the worker; put it last",
		ready + "without: [startup]\noperations: [{name: idle}]": `plan.yaml:2: without "startup": only idle, reload, log-rotation, reconnect can be declared to mean nothing to a worker, each once`,
		ready + "without: [idle]\noperations: [{name: idle}]":    "plan.yaml:2: without idle, yet line 3 has it; leave out one of the two",
		"ready: {port: 70000}\n" + "operations: [{name: idle}]":  `plan.yaml:1: "70000" is no port; write 8080, 127.0.0.1:8080 or [::1]:8080`,
		"ready: {port: 1, wait: 1s}\n":                           "plan.yaml:1: ready needs one of command:, shell:, port:, line: or wait:, and has port: and wait:",
		"ready: {line: '('}\n":                                   "plan.yaml:1: error parsing regexp: missing closing ): `(`; line: is a regular expression (https://go.dev/s/re2syntax)",
		"ready: {wait: 1s, file: x}\n":                           "plan.yaml:1: file: without line:; say which line of it to wait for",
		"ready: {}\n":                                            "plan.yaml:1: ready needs one of command:, shell:, port:, line: or wait:",
		"ready: {wait: *x}\n":                                    "plan.yaml: no YAML: unknown anchor 'x' referenced; see docs/docs/sidebar/plan.md for an example",
		"x: " + strings.Repeat("y", maxSize):                     "plan.yaml: larger than 1 MiB; a plan is a list of what to do",
	} {
		_, err := Parse("plan.yaml", "/plans", []byte(text))
		assert.EqualError(t, err, want, "%.200s", text)
		assert.IsType(t, &Error{}, err)
	}
}

func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "p.yaml")
	require.NoError(t, os.WriteFile(name, []byte(ready+"operations: [{name: idle}]\n"), 0o600))
	p, err := ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, filepath.Dir(name), p.Dir)
	_, err = ReadFile(name + ".none")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// The example in the page is a plan.
func TestPageExample(t *testing.T) {
	data, err := os.ReadFile("../../../docs/docs/sidebar/plan.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(data), "```yaml\n")
	require.True(t, found)
	for i := 0; found; i++ {
		example, after, _ := strings.Cut(rest, "```")
		_, err := Parse("plan.md", "/", []byte(example))
		require.NoError(t, err, example)
		_, rest, found = strings.Cut(after, "```yaml\n")
	}
}

// Whatever is read is a plan that can be run: no panic, a fault that names the
// file, or names, actions and times within their limits.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", "x", "- a", ready, ready + "operations: [{name: idle}]", "ready: {line: '.*', file: x}\noperations: [{name: a, shell: b}]",
		"a: &a [*a]", "ready: &r {wait: 1s}\noperations: [*r]", "? {a: b}\n: c", "operations: !!binary aGk=", "ready: {wait: 1s}\n---\n",
		ready + "operations:\n- {name: a, command: [b, 1, ~, yes], timeout: 1h, settle: 0, repeat: 9, expect: failure}\n- name: shutdown\n",
		"%YAML 1.1\n---\nready: {<<: {wait: 1s}}", "\xff", "\"\\ud800\"", "ready: {port: '[::1]:80'}\noperations: [{name: b, signal: 9}]",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse("plan.yaml", "/plans", data)
		if err != nil {
			require.Nil(t, p)
			require.Regexp(t, `^plan\.yaml(:[0-9]+)?: .`, err.Error())
			return
		}
		require.NotEmpty(t, p.Operations)
		seen := map[string]bool{}
		for i, o := range p.Operations {
			require.False(t, seen[o.Name])
			seen[o.Name] = true
			require.NoError(t, trace.CheckOperation(o.Name))
			require.Equal(t, i == len(p.Operations)-1, o.Name == "shutdown")
			require.True(t, (len(o.Command) > 0) != (o.Signal > 0) != (o.Wait > 0))
			require.True(t, o.Timeout > 0 && o.Timeout <= maxDuration && o.Settle >= 0 && o.Settle <= maxDuration && o.Wait <= maxDuration)
			require.True(t, o.Repeat >= 1 && o.Repeat <= maxRepeat)
			for _, word := range o.Command {
				require.NotContains(t, word, "\x00")
			}
		}
		require.True(t, p.Ready.Timeout > 0)
		require.True(t, p.Output == "" || filepath.IsAbs(p.Output))
	})
}
