package synth

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// rotatedNames grants what logrotate(8) makes of the files that a worker appends to in
// directories of logs. It renames the file while the worker still writes to it, and
// puts a new one in its place for the worker to open. A mount of the old file would
// hide the new one, so systemd has to be given the directory; AppArmor asks anew under
// the new name for the first write after it.
func rotatedNames(files []FileGrant) (rotated []FileGrant) {
	for _, f := range files {
		special := f.Type != "file" && f.Type != "" // "" where several were seen
		if f.Access&trace.AccessAppend == 0 || special || !holdsLogs(string(f.Name().Dir())) {
			continue
		}
		for _, between := range []string{".", "-"} { // app.log.1, and app.log-20260131 by dateext
			g := FileGrant{
				Pattern: f.Name().followedBy(trace.Path(between), VaryDigits), Access: trace.AccessAppend,
				Type: f.Type, FS: f.FS, Systems: f.Systems, Owned: f.Owned, Others: f.Others, Mode: f.Mode, Subjects: f.Subjects,
				Evidence: Evidence{Facts: f.Facts, Rules: []string{RuleRotation}},
			}
			if !slices.ContainsFunc(files, func(have FileGrant) bool { return have.Name().key() == g.Name().key() }) {
				rotated = append(rotated, g)
			}
		}
	}
	return rotated
}

// holdsLogs says whether a directory is for logs, by its name or one above it.
func holdsLogs(dir string) bool {
	return slices.ContainsFunc(strings.Split(dir, "/"), func(name string) bool { return name == "log" || name == "logs" })
}

// followedBy is the pattern of the same names with a text and a wildcard behind them.
func (p Pattern) followedBy(text trace.Path, vary Vary) Pattern {
	p = slices.Clone(p)
	if last := len(p) - 1; p[last].Vary == "" {
		p[last].Text += text
	} else {
		p = append(p, Piece{Text: text})
	}
	return append(p, Piece{Vary: vary})
}
