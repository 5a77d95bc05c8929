package markdown

import (
	"strings"
	"unicode/utf8"
)

// table is written as Prettier writes it: every cell padded to its column's
// width. Cells hold text of this package and code spans of escape.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// String leaves out columns that are empty in every row.
func (t *table) String() string {
	t.drop()
	widths := make([]int, len(t.head))
	for i := range widths {
		widths[i] = 3 // what a delimiter needs
		for _, row := range append([][]string{t.head}, t.rows...) {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	var b strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			b.WriteString("| " + c + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c)+1))
		}
		b.WriteString("|\n")
	}
	line(t.head)
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w)
	}
	line(rule)
	for _, row := range t.rows {
		line(row)
	}
	return b.String()
}

func (t *table) drop() {
	for i := len(t.head) - 1; i > 0; i-- {
		empty := true
		for _, row := range t.rows {
			empty = empty && row[i] == ""
		}
		if !empty {
			continue
		}
		t.head = append(t.head[:i:i], t.head[i+1:]...)
		for j, row := range t.rows {
			t.rows[j] = append(row[:i:i], row[i+1:]...)
		}
	}
}
