// Package page has what a page tells of services that were run under their profiles.
package page

import (
	"fmt"
	"strings"
)

// Table has a row for each service and, below, lists with an item for some of them.
type Table struct {
	Head  string   // as Markdown, two lines
	Lists []string // what introduces each list
	Order []string // names of services, of which there is a row or not

	rows  map[string]string
	items []map[string]string
}

// Put sets the row of a service, without its name. Its items are gone.
func (t *Table) Put(name, cells string) {
	t.make()
	t.rows[name] = fmt.Sprintf("| %s | %s |\n", name, cells)
	for _, list := range t.items {
		delete(list, name)
	}
}

// Item sets that of a service in one of the lists.
func (t *Table) Item(list int, name string, all []string) {
	t.make()
	text := strings.NewReplacer("<", "&lt;", "{", `\{`, "\n", " ").Replace(strings.Join(all, "; "))
	t.items[list][name] = fmt.Sprintf("- %s: %s.\n", name, text)
}

func (t *Table) make() {
	if t.rows != nil {
		return
	}
	t.rows = map[string]string{}
	for range t.Lists {
		t.items = append(t.items, map[string]string{})
	}
}

// Read takes in what a page said before.
func (t *Table) Read(old string) {
	t.make()
	into, sign, end := t.rows, "| ", " |"
	for line := range strings.Lines(old) {
		for i, begin := range t.Lists {
			if strings.TrimSpace(line) == begin {
				into, sign, end = t.items[i], "- ", ":"
			}
		}
		if rest, ok := strings.CutPrefix(line, sign); ok {
			name, _, _ := strings.Cut(rest, end)
			into[name] = line
		}
	}
}

// String is Markdown, in the services' order.
func (t *Table) String() string {
	t.make()
	var b strings.Builder
	b.WriteString(t.Head)
	write := func(of map[string]string) {
		for _, name := range t.Order {
			b.WriteString(of[name])
		}
	}
	write(t.rows)
	for i, of := range t.items {
		if len(of) > 0 {
			fmt.Fprintf(&b, "\n%s\n\n", t.Lists[i])
			write(of)
		}
	}
	return b.String()
}
