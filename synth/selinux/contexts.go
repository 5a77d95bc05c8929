package selinux

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// Contexts says which type the files of a host have, by its policy's
// file_contexts(5).
type Contexts struct {
	lines  []contextLine
	subs   [][2]string // a directory and the one that stands for it, file_contexts.subs_dist
	bySpot map[string]string
}

type contextLine struct {
	path  *regexp.Regexp
	class string // of files that the line is about, "" for all
	typ   string // "" for <<none>>
}

// ErrContexts is returned for a file that is no file_contexts.
var ErrContexts = errors.New("not a file_contexts(5)")

// classesByMark are the marks of file_contexts(5).
var classesByMark = map[string]string{
	"--": "file", "-d": "dir", "-l": "lnk_file", "-c": "chr_file", "-b": "blk_file", "-s": "sock_file", "-p": "fifo_file",
}

// ReadContexts reads a policy's file_contexts, and its file_contexts.subs_dist
// unless that is nil. Of several lines that fit a path the last one counts.
func ReadContexts(lines, subs io.Reader) (*Contexts, error) {
	c := &Contexts{bySpot: map[string]string{}}
	err := eachLine(lines, func(number int, fields []string) error {
		line := contextLine{}
		if len(fields) == 3 {
			line.class = classesByMark[fields[1]]
		}
		context := fields[len(fields)-1]
		parts := strings.Split(context, ":")
		if len(fields) > 3 || len(fields) < 2 || context != "<<none>>" && len(parts) < 3 || len(fields) == 3 && line.class == "" {
			return fmt.Errorf("line %d: %w", number, ErrContexts)
		}
		if context != "<<none>>" {
			line.typ = parts[2]
			if !identifier.MatchString(line.typ) {
				return fmt.Errorf("line %d: type %q: %w", number, line.typ, ErrContexts)
			}
		}
		var err error
		if line.path, err = regexp.Compile(`(?s)^(?:` + fields[0] + `)$`); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		c.lines = append(c.lines, line)
		return nil
	})
	if err == nil && subs != nil {
		err = eachLine(subs, func(number int, fields []string) error {
			if len(fields) != 2 {
				return fmt.Errorf("line %d: %w", number, ErrContexts)
			}
			c.subs = append(c.subs, [2]string{fields[0], fields[1]})
			return nil
		})
	}
	if err == nil && len(c.lines) == 0 {
		err = fmt.Errorf("no lines: %w", ErrContexts)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

var identifier = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]*$`)

func eachLine(r io.Reader, do func(number int, fields []string) error) error {
	in := bufio.NewScanner(r)
	for number := 1; in.Scan(); number++ {
		fields := strings.Fields(in.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if err := do(number, fields); err != nil {
			return err
		}
	}
	return in.Err()
}

// kernelTypes are the types of file systems whose files the kernel labels by
// itself (genfscon): the ones of both the reference policy and Fedora's.
var kernelTypes = []struct {
	dir trace.Path
	typ string
}{
	{"/proc/sys/kernel", "sysctl_kernel_t"}, {"/proc/sys/vm", "sysctl_vm_t"}, {"/proc/sys/net", "sysctl_net_t"},
	{"/proc/sys/fs", "sysctl_fs_t"}, {"/proc/sys", "sysctl_t"}, {"/proc/net", "proc_net_t"}, {"/proc", "proc_t"},
	{"/sys/fs/cgroup", "cgroup_t"}, {"/sys", "sysfs_t"},
}

// Type is the type of a file, "" if the policy gives it none.
func (c *Contexts) Type(path trace.Path, class string) string {
	spot := class + "\x00" + string(path)
	if typ, ok := c.bySpot[spot]; ok {
		return typ
	}
	typ := c.typeOf(path, class)
	c.bySpot[spot] = typ
	return typ
}

func (c *Contexts) typeOf(path trace.Path, class string) string {
	for _, k := range kernelTypes {
		if path == k.dir || strings.HasPrefix(string(path), string(k.dir)+"/") {
			return k.typ
		}
	}
	name := string(path)
	for _, s := range c.subs {
		if rest, ok := strings.CutPrefix(name, s[0]); ok && (rest == "" || rest[0] == '/') {
			name = s[1] + rest
			break
		}
	}
	for _, l := range slices.Backward(c.lines) {
		if (l.class == "" || l.class == class) && l.path.MatchString(name) {
			return l.typ
		}
	}
	return ""
}
