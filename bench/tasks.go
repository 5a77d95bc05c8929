package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// task is something of which the time is taken.
type task struct {
	name    string
	unit    string
	digits  int // after the point
	measure func(g ground, s setting) (float64, error)
}

// script is the task that most looks like an operator's.
const script = "find, tar, 300 forks"

// tasks are all that are measured; OSAPI's agent, where there is one.
func tasks() []task {
	all := []task{
		{"getppid", "ns", 0, looped(1, "getppid", "200")},
		{"open+close", "ns", 0, looped(1, "open", "200", "file")},
		{"mmap+munmap", "ns", 0, looped(1, "mmap", "200")},
		{script, "s", 2, looped(1e9, "run", "sh", "-c", workload)},
		{"redis GET", "µs", 1, redis},
		{"nginx GET", "µs", 1, nginx},
	}
	if binary := osapiBinary(); binary != "" {
		all = append(all, task{"OSAPI command.exec", "ms", 1, agent(binary)})
	}
	return all
}

// workload is what a maintenance script does. The archive goes through a pipe:
// tar reads nothing when it writes to /dev/null, and a disk has moods.
const workload = `
find tree -type f -newer tree/0/0 | wc -l
tar -cf - tree | wc -c
i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done
`

// looped runs testdata/loop.c and takes the nanoseconds that it prints, so that
// starting and ending the recorder does not count.
func looped(per float64, args ...string) func(ground, setting) (float64, error) {
	return func(g ground, s setting) (float64, error) {
		command := append([]string{g.loop}, args...)
		if s.wrap != nil {
			command = s.wrap(g, command)
		}
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir, cmd.Stderr = g.dir, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return 0, err
		}
		lines := strings.Fields(string(out))
		if len(lines) == 0 {
			return 0, errors.New("the loop printed nothing")
		}
		ns, err := strconv.ParseFloat(lines[len(lines)-1], 64)
		return ns / per, err
	}
}

// requests is how many one measurement of redis takes.
const requests = 20000

// redis takes the time of one request to a server that is watched, by a client
// that is not.
func redis(g ground, s setting) (perRequest float64, err error) {
	port, err := freePort()
	if err != nil {
		return 0, err
	}
	command := []string{"redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", g.dir}
	if s.wrap != nil {
		command = s.wrap(g, command)
	}
	server := exec.Command(command[0], command[1:]...)
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := server.Start(); err != nil {
		return 0, err
	}
	defer func() {
		shut := exec.Command("redis-cli", "-p", port, "shutdown", "nosave")
		if e := shut.Run(); e != nil {
			err = errors.Join(err, e, syscall.Kill(-server.Process.Pid, syscall.SIGKILL))
		}
		err = errors.Join(err, server.Wait())
	}()
	if err := listening("127.0.0.1:" + port); err != nil {
		return 0, err
	}
	start := time.Now()
	client := exec.Command("redis-benchmark", "-p", port, "-n", strconv.Itoa(requests), "-c", "10", "-t", "get", "-q")
	if text, err := client.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("redis-benchmark: %w: %s", err, text)
	}
	return float64(time.Since(start).Microseconds()) / requests, nil
}

func freePort() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

func listening(address string) error {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			return c.Close()
		}
	}
	return fmt.Errorf("nobody listens on %s", address)
}
