package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/html"
	"github.com/osapi-io/osapi-profile/synth/markdown"
	"github.com/osapi-io/osapi-profile/synth/seccomp"
	"github.com/osapi-io/osapi-profile/synth/selinux"
	"github.com/osapi-io/osapi-profile/synth/systemd"
)

// format is one way to write a profile down.
type format struct {
	name     string
	what     string
	language string // of a fenced code block in Markdown; "" for what is Markdown itself
	write    func(io.Writer, *synth.Profile, emitOptions) error
}

func formats() []format {
	return []format{
		{"systemd", "a drop-in that confines an existing service", "ini", writeDropIn},
		{"unit", "a complete service file", "ini", writeUnit},
		{"apparmor", "AppArmor profiles: the worker's, for the unit to switch to, and those of what it executes", "text", writeAppArmor},
		{"seccomp", "a filter for a container's runtime (OCI, Docker, Kubernetes)", "json", writeSeccomp},
		{"selinux", "a CIL module for hosts with SELinux (experimental)", "text", writeSELinux},
		{"markdown", "tables for people to read", "", writeMarkdown},
		{"html", "one page to look around in: who needs what, why, what is open; works offline", "html", writeHTML},
		{"json", "the profile with its evidence, for other programs", "json", writeJSON},
	}
}

func formatOf(name string) *format {
	for _, f := range formats() {
		if f.name == name {
			return &f
		}
	}
	return nil
}

func formatNames() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// formatHelp is the table of formats for help texts.
func formatHelp() string {
	var b strings.Builder
	for _, f := range formats() {
		fmt.Fprintf(&b, "  %-9s %s\n", f.name, f.what)
	}
	return b.String()
}

func writeDropIn(w io.Writer, p *synth.Profile, opt emitOptions) error {
	return systemd.DropIn(w, p, opt.toSystemd())
}

func writeUnit(w io.Writer, p *synth.Profile, opt emitOptions) error {
	return systemd.Unit(w, p, opt.toSystemd())
}

func (o emitOptions) toSystemd() systemd.Options {
	return systemd.Options{
		Version: o.systemd, User: o.user, Group: o.group, ExecArguments: o.args, Limits: o.limits, Name: o.name, AppArmorProfile: o.apparmor,
		CallGroups: o.syscalls == grouped, LogCalls: o.logs, ExecFiles: o.execs, OnlyRequired: o.only, ReadAllowlist: o.reads,
	}
}

func writeSeccomp(w io.Writer, p *synth.Profile, opt emitOptions) error {
	return seccomp.Write(w, p, seccomp.Options{Prctl: opt.prctl, OnlyRequired: opt.only})
}

// writeSELinux needs to know how the hosts it is for label their files.
func writeSELinux(w io.Writer, p *synth.Profile, opt emitOptions) error {
	contexts, err := readContexts(opt.contexts)
	if err != nil {
		return err
	}
	return selinux.Write(w, p, selinux.Options{Contexts: contexts})
}

func writeMarkdown(w io.Writer, p *synth.Profile, opt emitOptions) error {
	return markdown.Report(w, p, markdown.Options{Level: opt.level})
}

func writeHTML(w io.Writer, p *synth.Profile, opt emitOptions) error {
	return html.Write(w, p, html.Options{Systemd: opt.toSystemd(), AppArmor: opt.toAppArmor(p), Outlook: opt.outlook})
}

func writeJSON(w io.Writer, p *synth.Profile, _ emitOptions) error { return synth.WriteJSON(w, p) }
