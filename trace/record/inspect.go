package record

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/osapi-io/osapi-profile/trace"
)

// Check is one thing that recording, or proving a profile, rests on.
type Check struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Required bool   `json:"required"` // recording cannot work without it
	Detail   string `json:"detail"`
	Remedy   string `json:"remedy,omitempty"` // what to do when it is not OK
}

// Report is what this machine allows.
type Report struct {
	Kernel  string        `json:"kernel"`
	Systemd int           `json:"systemd"`
	Checks  []Check       `json:"checks"`
	Probes  []trace.Probe `json:"probes"` // those that a recording would use; a Hook of "" is a hole
}

// Ready says whether a recording can work here.
func (r Report) Ready() bool {
	for _, c := range r.Checks {
		if c.Required && !c.OK {
			return false
		}
	}
	return true
}

// Inspect finds out what this machine allows, by loading the probes for real and
// recording a process that ends at once. It leaves nothing behind.
func Inspect() Report {
	r := Report{Kernel: kernelRelease(), Systemd: SystemdVersion()}
	r.Checks = append(r.Checks, privileges(), kernel(r.Kernel), typeInformation(), lockdown())
	probes, err := load(capabilityChoices(), functionWays())
	check := Check{Name: "probes", OK: err == nil, Required: true, Detail: "loaded and attached"}
	if err != nil {
		check.Detail, check.Remedy = err.Error(), "mend what is said above this line; without probes nothing can be recorded"
	} else {
		r.Probes = probes.chosen
		defer probes.close()
	}
	r.Checks = append(r.Checks, check, scope(probes), capabilityHook(r.Probes), callChains(), ioURing(r.Probes), enforcement(r.Systemd), appArmor())
	return r
}

// scope proves that a process is seen, and not only that probes load. Nil stands for
// probes that could not be loaded.
func scope(p *probes) Check {
	c := Check{Name: "scope", Required: true, Detail: "not tried without probes", Remedy: "mend what is said above this line"}
	if p == nil {
		return c
	}
	if err := p.rehearse(); err != nil {
		c.Detail, c.Remedy = err.Error(), "report this, with the output of osapi-profile doctor --json: no cause is known"
		return c
	}
	c.OK, c.Detail = true, "a process was recorded for a trial"
	return c
}

func privileges() Check {
	c := Check{Name: "privileges", OK: os.Geteuid() == 0, Required: true, Detail: "running as root",
		Remedy: "run as root, for example with sudo"}
	if !c.OK {
		c.Detail = fmt.Sprintf("running as uid %d, which may not load probes", os.Geteuid())
	}
	return c
}

// kernel is required by what the probes need of it, not by its number: a vendor may
// have brought that to an older one.
func kernel(release string) Check {
	c := Check{Name: "kernel", OK: !tooOld(release), Detail: "Linux " + release, Remedy: "boot Linux " + oldestKernel + " or newer"}
	if !c.OK {
		c.Detail += " is older than any that recording is tried on"
	}
	return c
}

func typeInformation() Check {
	const file = "/sys/kernel/btf/vmlinux"
	_, err := os.Stat(file)
	c := Check{Name: "BTF", OK: err == nil, Required: true, Detail: file + " is there",
		Remedy: "use a kernel built with CONFIG_DEBUG_INFO_BTF=y; the distributions' kernels of 6.1 and newer are"}
	if err != nil {
		c.Detail = err.Error()
	}
	return c
}

// lockdown reads kernel_lockdown(7): in confidentiality mode no probe may read
// kernel memory.
func lockdown() Check {
	data, err := os.ReadFile("/sys/kernel/security/lockdown")
	confidential := strings.Contains(string(data), "[confidentiality]")
	c := Check{Name: "lockdown", OK: !confidential, Required: true, Detail: "not in confidentiality mode",
		Remedy: "boot without lockdown=confidentiality"}
	switch {
	case errors.Is(err, os.ErrNotExist):
		c.Detail = "unknown: securityfs is not mounted"
	case confidential:
		c.Detail = "confidentiality mode: probes may not read kernel memory"
	}
	return c
}

func capabilityHook(probes []trace.Probe) Check {
	c := Check{Name: "capability checks", Detail: "no hook works: capabilities would be a hole, and no capability could be derived",
		Remedy: "use a kernel with the tracepoint cap_capable (6.14), or with BPF trampolines or kprobes"}
	for _, p := range probes {
		if p.Fact == "capability" && p.Hook != "" {
			c.OK, c.Detail, c.Remedy = true, "seen by "+p.Hook, ""
		}
	}
	return c
}

func callChains() Check {
	s := readSymbols()
	c := Check{Name: "kernel symbols", OK: len(s.table) > 0, Detail: "readable: capability checks can name who asked",
		Remedy: "set kernel.kptr_restrict to 0 or 1, and record as root"}
	if !c.OK {
		c.Detail = "hidden: optional capability checks may not be told from needed ones"
	}
	return c
}

func ioURing(probes []trace.Probe) Check {
	data, err := os.ReadFile("/proc/sys/kernel/io_uring_disabled")
	c := Check{Name: "io_uring", OK: err == nil && strings.TrimSpace(string(data)) == "2", Detail: "disabled on this machine",
		Remedy: "nothing, if the worker does not use it; the trace says so if it does"}
	switch {
	case c.OK:
	case slices.ContainsFunc(probes, func(p trace.Probe) bool { return strings.HasSuffix(p.Hook, "/security_file_open") }):
		c.OK, c.Detail, c.Remedy = true, "available, and what a worker does through it is seen by function probes", ""
	default:
		c.Detail = "available: which operations a worker asks of it is seen, on which files and addresses is not and would be a hole"
	}
	return c
}

func enforcement(version int) Check {
	c := Check{Name: "systemd", OK: version > 0, Detail: fmt.Sprintf("version %d installed", version),
		Remedy: "none is needed to record; say --systemd-version N when emitting for another host"}
	if !c.OK {
		c.Detail = "not installed: units can be emitted, not tried"
	} else if _, err := os.Stat("/run/systemd/system"); err != nil {
		c.OK, c.Detail = false, c.Detail+", but not running as PID 1: units can be emitted, not tried"
	}
	return c
}

func appArmor() Check {
	data, err := os.ReadFile("/sys/module/apparmor/parameters/enabled")
	c := Check{Name: "AppArmor", OK: err == nil && strings.TrimSpace(string(data)) == "Y", Detail: "enabled",
		Remedy: "boot a kernel with AppArmor (security=apparmor) to enforce a profile; emitting needs none"}
	if !c.OK {
		c.Detail = "not enabled in this kernel: profiles can be emitted, not enforced"
	} else if unix.Access("/sys/kernel/security/apparmor", unix.R_OK) != nil {
		c.Detail = "enabled; securityfs is not mounted"
	}
	return c
}
