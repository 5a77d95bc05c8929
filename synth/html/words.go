package html

import (
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/osapi-io/osapi-profile/trace"
)

// words gives each distinct name a number, in the order of their coming.
type words struct {
	list []string
	at   map[string]int
}

func newWords() *words { return &words{list: []string{}, at: map[string]int{}} }

func (w *words) index(name string) int {
	i, ok := w.at[name]
	if !ok {
		i = len(w.list)
		w.at[name] = i
		w.list = append(w.list, name)
	}
	return i
}

// nobody is the name of what started the worker, and of a program that could not
// be told. No program's name has a space in front of its first slash.
const nobody = "outside or unknown"

// programName is a program's name as the page has it.
func programName(p trace.Path) string {
	if p == "" {
		return nobody
	}
	return p.String()
}

// base is the last part of a program's name.
func base(p trace.Path) string {
	if p == "" {
		return nobody
	}
	return trace.Path(path.Base(string(p))).String()
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(n) + " " + what + "s"
}

// thousands writes a number with narrow gaps, as it is read.
func thousands(n int) string {
	s := strconv.Itoa(n)
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return strings.Join(append([]string{s}, parts...), "\u202f")
}

// clock writes milliseconds after a recording's start.
func clock(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	if d < time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	d = d.Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return strconv.Itoa(h) + " h " + strconv.Itoa(m) + " min"
	}
	return strconv.Itoa(m) + " min " + strconv.Itoa(s) + " s"
}
