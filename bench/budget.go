package main

import "fmt"

// limit is what recording may cost at most.
type limit struct {
	what, setting, beside, task string
	most                        float64
	ratio                       bool // most is a multiple, else a difference in the task's unit
}

// limits are the hot-path budget.
func limits() []limit {
	return []limit{
		{"getppid, out of scope", others, empty, "getppid", 10, false},
		{"getppid, in scope", recorded, empty, "getppid", 20, false},
		{"open+close of a file already seen", recorded, empty, "open+close", 80, false},
		{script, recorded, nothing, script, 1.1, true},
	}
}

// budget says of each limit whether it was kept.
func budget(t *table) grid {
	rows := grid{{"", "at most", "measured", "kept"}}
	for _, l := range limits() {
		compare, digits := func(a, b float64) float64 { return a - b }, 0
		most := fmt.Sprintf("+%.0f ns over %s", l.most, "empty programs")
		if l.ratio {
			compare, digits = func(a, b float64) float64 { return a / b }, 2
			most = fmt.Sprintf("%.2f× of %s", l.most, l.beside)
		}
		values := t.paired(l.setting, l.beside, l.task, compare)
		if len(values) == 0 {
			continue
		}
		kept := "no"
		if median(values) <= l.most {
			kept = "yes"
		}
		rows = append(rows, []string{l.what, most, spread(values, digits), kept})
	}
	return rows
}
