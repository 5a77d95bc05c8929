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

// cell writes the values of one setting and task.
func (t *table) cell(setting string, task task) string {
	values := t.values[[2]string{setting, task.name}]
	if len(values) == 0 {
		return ""
	}
	text := fmt.Sprintf("%.*f (%.*f–%.*f)", task.digits, median(values), task.digits, slices.Min(values), task.digits, slices.Max(values))
	if base := median(t.values[[2]string{nothing, task.name}]); setting != nothing && base > 0 {
		text += fmt.Sprintf(" %.2f×", median(values)/base)
	}
	return text
}

// write prints Markdown, its columns aligned as prettier(1) leaves them.
func (t *table) write(w io.Writer) error {
	rows := [][]string{{""}}
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
	widths := make([]int, len(rows[0]))
	rule := make([]string, len(rows[0]))
	for i := range widths {
		for _, row := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]), 3)
		}
		rule[i] = strings.Repeat("-", widths[i])
	}
	for _, row := range slices.Insert(rows, 1, rule) {
		for i, cell := range row {
			row[i] = cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		}
		if _, err := fmt.Fprintln(w, "| "+strings.Join(row, " | ")+" |"); err != nil {
			return err
		}
	}
	return nil
}
