package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/diff"
	"github.com/osapi-io/osapi-profile/synth/markdown"
)

// changesFormat is that of a region with what changed since an older trace.
const changesFormat = "changes"

// changes renders such a region of a page.
func (p *profiles) changes(page string, r markdown.Region) (string, error) {
	opt := markdown.Options{Page: true}
	var infer synth.Options
	for key, value := range r.Values {
		var err error
		switch key {
		case "since":
		case "level":
			opt.Level, err = strconv.Atoi(value)
		case "strict":
			infer.Strict, err = yes(value)
		default:
			err = fmt.Errorf("unknown key; a region of changes has trace, since, level and strict")
		}
		if err != nil {
			return "", fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	if r.Values["since"] == "" {
		return "", fmt.Errorf("a region of changes needs since=, the older trace")
	}
	before, err := p.traces(filepath.Dir(page), []string{r.Values["since"]})
	if err != nil {
		return "", err
	}
	after, err := p.traces(filepath.Dir(page), r.Traces)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = markdown.Changes(&b, diff.Of(synth.Infer(before, infer), synth.Infer(after, infer)), opt)
	return b.String(), err
}
