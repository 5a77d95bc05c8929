// Package apparmor writes a profile in the language of apparmor.d(5), and reads
// one back to say what it admits.
//
// What comes out is accepted by apparmor_parser 3.0 and 4.x: one named profile for
// the worker, attached to no program, and one for each program that it executes,
// or for several that ask for little. It is for AppArmorProfile= of the worker's
// unit: attached to the program it would also confine the command line client that
// often is the same file.
package apparmor

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/synth"
)

// Options steer what is written, not what is granted.
type Options struct {
	// Name of the profile, see CheckName; "" for the worker's own name.
	Name string
	// User is the identity that the unit gives the worker; "" for the one it
	// was recorded as. Rules for a file's owner hold for the recorded one only.
	User string
	// Children says which programs get a profile of their own; "" is ChildrenNone.
	Children Children
	// Stacked is for a unit with NoNewPrivileges=: programs then run under their
	// own profile on top of the worker's, since they cannot leave it.
	Stacked bool
	// Complain lets everything pass and has the kernel log what would be refused.
	Complain bool
	// OnlyRequired leaves out what the profile's marks say is tolerated.
	OnlyRequired bool
	// ABI is the set of features that rules are written for, "3.0" or "4.0"; "" is
	// the former, which both releases of AppArmor know.
	ABI string
	// Abstractions includes what AppArmor ships for the needs that most programs
	// have in common, which grants more than was needed.
	Abstractions bool
}

// settled fills in what was left open.
func (o Options) settled(p *synth.Profile) Options {
	o.Name = cmp.Or(o.Name, p.Worker.Name)
	o.ABI = cmp.Or(o.ABI, abis()[0])
	o.Children = cmp.Or(o.Children, ChildrenNone)
	return o
}

// Write writes the profile. It fails, writing nothing, when the name is unfit or
// when no probe stands behind files or programs: a profile that cannot say what
// may be opened and executed would only look like one.
func Write(w io.Writer, p *synth.Profile, opt Options) error {
	opt = opt.settled(p)
	if err := CheckName(opt.Name); err != nil {
		return err
	}
	if !slices.Contains(abis(), opt.ABI) {
		return fmt.Errorf("apparmor: ABI %q: there are %s", opt.ABI, strings.Join(abis(), ", "))
	}
	for _, kind := range []string{"file", "exec"} {
		if !p.Sees(kind) {
			return fmt.Errorf("apparmor: the trace has no probe for facts of kind %q, so that no profile can be made; "+
				"osapi-profile doctor says what the kernel lacks", kind)
		}
	}
	var out bytes.Buffer
	policy := newPolicy(p, opt)
	if err := policy.layout.check(); err != nil {
		return err
	}
	policy.write(&out)
	text := out.Bytes()
	if opt.OnlyRequired {
		text = Without(text, p.Marks.With(synth.MarkTolerated))
	}
	_, err := w.Write(text)
	return err
}

// abis are the sets of features that can be written for.
func abis() []string { return []string{"3.0", "4.0"} }

// Rules are the generalisations that this format adds of its own, by the names
// that the comments use.
func Rules() []synth.Rule {
	return []synth.Rule{
		{Name: ruleImage, Grants: "reading and mapping the file that is executed, and its ELF interpreter",
			Why: "the kernel does both for the program; AppArmor asks for them where executing changes the profile"},
		{Name: ruleFlock, Grants: "writing a file that flock(2) locks",
			Why: "AppArmor asks for it when the lock is exclusive, and a trace does not say which kind it was"},
		{Name: ruleManager, Grants: "signals from, and being looked at and traced by, what is not confined",
			Why: "AppArmor asks the receiver's profile too, so that the service manager could not stop the worker"},
		{Name: ruleOwn, Grants: "signals within the profile, reading each other's entries in /proc",
			Why: "a process's signals to itself are asked about too, and so are the processes of a worker under one profile"},
		{Name: ruleJournal, Grants: "UNIX stream sockets",
			Why: "the service manager hands the worker one as standard output and standard error"},
		{Name: ruleOthers, Grants: "reading or tracing any process",
			Why: "the worker may have done so to others than its own, and not every trace says to whom"},
		{Name: ruleInit, Grants: "reading the entries in /proc of what is not confined",
			Why: "the worker looks at process 1, as programs do to learn whether they are in a chroot or container"},
		{Name: ruleMount, Grants: "mounting, unmounting or changing the root, anything anywhere",
			Why: "the worker did so, and the trace does not say where"},
		{Name: ruleMountAt, Grants: "mounting anything, with any options, where something was mounted",
			Why: "a trace does not say which options belong to which mount"},
		{Name: ruleAbstraction, Grants: "what AppArmor ships for needs that most programs have in common",
			Why: "it was asked for (--abstractions); it grants more than was seen"},
		{Name: ruleBus, Grants: "all messages on the system bus",
			Why: "the worker connects to it, and a trace does not say what it says there; only some kernels ask"},
		{Name: ruleFamily, Grants: "all socket types of a family",
			Why: "AppArmor has no name for the type that was used"},
		{Name: ruleChild, Grants: "executing a program, which then runs under a profile of its own",
			Why: "the unit does not set NoNewPrivileges=, so that a program can change to it"},
		{Name: ruleStacked, Grants: "executing a program, which then runs under a profile of its own as well as under the one it is executed from",
			Why: "under NoNewPrivileges= a program cannot leave a profile, only come under a further one"},
		{Name: ruleSame, Grants: "executing a program under the profile as it is",
			Why: "it shares the profile, its name is made up anew each time, or no program was seen to come of it"},
		{Name: ruleStandard, Grants: "reading and writing /dev/null",
			Why: "it is what the service manager, and programs that start others, open as standard input, output and error"},
		{Name: ruleHuge, Grants: "listing the root directory, which is the name that AppArmor has for memory of huge pages",
			Why: "a mapping found no memory, as one of huge pages does where there are none"},
		{Name: ruleUnknown, Grants: "in every profile, what a program did that could not be told",
			Why: "it may have been any of them"},
		{Name: ruleBlind, Grants: "everything of a kind",
			Why: "no probe saw facts of that kind, so that nothing can be refused"},
	}
}

// Names of the rules.
const (
	ruleImage   = "exec-image"
	ruleFlock   = "flock"
	ruleManager = "service-manager"
	ruleOwn     = "own-processes"
	ruleJournal = "journal-socket"
	ruleOthers  = "other-processes"
	ruleInit    = "first-process"
	ruleMount   = "any-mount"
	ruleMountAt = "mount-point"
	ruleBus     = "system-bus"
	ruleFamily  = "socket-family"
	ruleBlind   = "no-probe"

	ruleChild       = "child-profile"
	ruleStacked     = "stacked-profile"
	ruleSame        = "same-profile"
	ruleStandard    = "standard-files"
	ruleHuge        = "huge-pages"
	ruleAbstraction = "abstraction"

	ruleUnknown = "unknown-program"
)
