package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// table holds the measurements: a row for each setting, a column for each task.
type table struct {
	settings []setting
	tasks    []task
	values   map[[2]string][]float64 // by names of setting and task
}

func newTable(settings []setting, tasks []task) *table {
	return &table{settings: settings, tasks: tasks, values: map[[2]string][]float64{}}
}

func (t *table) add(setting, task string, value float64) {
	at := [2]string{setting, task}
	t.values[at] = append(t.values[at], value)
}

// median is the middle of the values, the mean of the two where there are two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// paired are the values of one setting beside those of another, taken in the same
// round, so that what else the machine did at the time is in both.
func (t *table) paired(setting, beside, task string, compare func(value, other float64) float64) (values []float64) {
	one, other := t.values[[2]string{setting, task}], t.values[[2]string{beside, task}]
	for i := range min(len(one), len(other)) {
		values = append(values, compare(one[i], other[i]))
	}
	return values
}

// spread writes the median with the lowest and the highest.
func spread(values []float64, digits int) string {
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, median(values), digits, slices.Min(values), digits, slices.Max(values))
}

// cell writes the values of one setting and task.
func (t *table) cell(setting string, task task) string {
	values := t.values[[2]string{setting, task.name}]
	if len(values) == 0 {
		return ""
	}
	text := spread(values, task.digits)
	if base := median(t.values[[2]string{nothing, task.name}]); setting != nothing && base > 0 {
		text += fmt.Sprintf(" %.2f×", median(values)/base)
	}
	return text
}

// write prints the table.
func (t *table) write(w io.Writer, markdown bool) error {
	rows := grid{{""}}
	for _, task := range t.tasks {
		rows[0] = append(rows[0], task.name+", "+task.unit)
	}
	for _, s := range t.settings {
		row := []string{s.name}
		for _, task := range t.tasks {
			row = append(row, t.cell(s.name, task))
		}
		rows = append(rows, row)
	}
	return rows.write(w, markdown)
}

// grid is what is printed as a table, its head first.
type grid [][]string

// write prints it for a terminal, or as Markdown with its columns aligned as
// prettier(1) leaves them.
func (g grid) write(w io.Writer, markdown bool) error {
	left, between, right, fill := "", "  ", "", " "
	if markdown {
		left, between, right, fill = "| ", " | ", " |", "-"
	}
	widths := make([]int, len(g[0]))
	rule := make([]string, len(g[0]))
	for i := range widths {
		for _, row := range g {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]), 3)
		}
		rule[i] = strings.Repeat(fill, widths[i])
	}
	rows := slices.Clone(g)
	if markdown {
		rows = slices.Insert(rows, 1, rule)
	}
	for _, row := range rows {
		padded := make([]string, len(row))
		for i, cell := range row {
			padded[i] = cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		}
		line := left + strings.Join(padded, between) + right
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}
