package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/markdown"
	"github.com/osapi-io/osapi-profile/trace"
)

// profiles makes the regions of pages. It reads each set of traces once.
type profiles struct {
	stderr io.Writer
	read   map[string]*trace.Trace
}

func newProfiles(stderr io.Writer) *profiles {
	return &profiles{stderr, map[string]*trace.Trace{}}
}

// renderer makes the regions of one page.
func (p *profiles) renderer(page string) func(markdown.Region) (string, error) {
	return func(r markdown.Region) (string, error) {
		if r.Format == changesFormat {
			return p.changes(page, r)
		}
		opt, err := regionOptions(r)
		if err != nil {
			return "", err
		}
		t, err := p.traces(filepath.Dir(page), r.Traces)
		if err != nil {
			return "", err
		}
		opt.settle(t)
		profile := opt.infer(t)
		if f := formatOf(r.Format); f != nil {
			var b bytes.Buffer
			err := f.write(&b, profile, opt)
			if err != nil || f.language == "" {
				return b.String(), err
			}
			return markdown.Fence(f.language, b.String()), nil
		}
		return markdown.Table(r.Format, profile)
	}
}

// traces reads traces whose names are relative to a directory.
func (p *profiles) traces(dir string, names []string) (*trace.Trace, error) {
	names = slices.Clone(names)
	for i, name := range names {
		if !filepath.IsAbs(name) {
			names[i] = filepath.Join(dir, name)
		}
	}
	key := strings.Join(names, "\x00")
	if t := p.read[key]; t != nil {
		return t, nil
	}
	t, err := load(names, p.stderr)
	if err == nil {
		p.read[key] = t
	}
	return t, err
}

// regionOptions are those of emit, as keys of a region.
func regionOptions(r markdown.Region) (emitOptions, error) {
	opt := emitOptions{format: r.Format, syscalls: listed, fold: string(synth.FoldStable)}
	if formatOf(r.Format) == nil && !slices.Contains(markdown.Tables(), r.Format) {
		return opt, fmt.Errorf("unknown format %q; there are %s, %s, %s", r.Format,
			strings.Join(formatNames(), ", "), strings.Join(markdown.Tables(), ", "), changesFormat)
	}
	for key, value := range r.Values {
		var err error
		switch key {
		case "user":
			opt.user = value
		case "group":
			opt.group = value
		case "arguments":
			opt.args = value
		case "name":
			opt.name = value
		case "apparmor-profile":
			opt.apparmor = value
		case "systemd-version":
			opt.systemd, err = strconv.Atoi(value)
		case "level":
			opt.level, err = strconv.Atoi(value)
		case "fold":
			opt.fold = value
		case "children":
			opt.aa.children = value
		case "no-new-privileges":
			opt.aa.privileges = value
		case "apparmor-abi":
			opt.aa.abi = value
		case "complain":
			opt.aa.complain, err = yes(value)
		case "abstractions":
			opt.aa.abstractions, err = yes(value)
		case "limits":
			opt.limits, err = yes(value)
		case "prctl":
			opt.prctl, err = yes(value)
		case "syscalls":
			opt.syscalls = value
		case "exec-files":
			opt.execs, err = yes(value)
		case "read-allowlist":
			opt.reads, err = yes(value)
		case "strict":
			opt.strict, err = yes(value)
		default:
			err = fmt.Errorf("unknown key; there are format, trace, user, group, arguments, name, apparmor-profile, systemd-version, syscalls, exec-files, read-allowlist, limits, prctl, strict, fold, " +
				"children, no-new-privileges, apparmor-abi, complain, abstractions and level")
		}
		if err != nil {
			return opt, fmt.Errorf("%s=%s: %w", key, value, err)
		}
	}
	return opt, opt.check()
}

func yes(value string) (bool, error) {
	switch value {
	case "yes":
		return true, nil
	case "no":
		return false, nil
	}
	return false, fmt.Errorf("write yes or no")
}

// infer makes the profile that the options ask for.
func (o emitOptions) infer(t *trace.Trace) *synth.Profile {
	p := synth.Infer(t, synth.Options{Strict: o.strict, User: o.user, Fold: synth.Fold(o.fold)})
	if o.name != "" {
		p.Worker.Name = o.name
	}
	return p
}
