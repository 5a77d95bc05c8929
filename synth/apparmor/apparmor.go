// Package apparmor writes a profile in the language of apparmor.d(5), and reads
// one back to say what it admits.
//
// What comes out is accepted by apparmor_parser 3.0 and 4.x: one named profile,
// attached to no program, that everything the worker starts stays in. It is for
// AppArmorProfile= of the worker's unit: attached to the program it would also
// confine the command line client that often is the same file.
package apparmor

import (
	"bytes"
	"fmt"
	"io"

	"github.com/osapi-io/osapi-profile/synth"
)

// Options steer what is written, not what is granted.
type Options struct {
	// Name of the profile, see CheckName; "" for the worker's own name.
	Name string
	// User is the identity that the unit gives the worker; "" for the one it
	// was recorded as. Rules for a file's owner hold for the recorded one only.
	User string
}

// Write writes the profile. It fails, writing nothing, when the name is unfit or
// when no probe stands behind files or programs: a profile that cannot say what
// may be opened and executed would only look like one.
func Write(w io.Writer, p *synth.Profile, opt Options) error {
	if opt.Name == "" {
		opt.Name = p.Worker.Name
	}
	if err := CheckName(opt.Name); err != nil {
		return err
	}
	for _, kind := range []string{"file", "exec"} {
		if !p.Sees(kind) {
			return fmt.Errorf("apparmor: the trace has no probe for facts of kind %q, so that no profile can be made; "+
				"osapi-profile doctor says what the kernel lacks", kind)
		}
	}
	var out bytes.Buffer
	document{profile: p, opt: opt}.write(&out)
	_, err := w.Write(out.Bytes())
	return err
}

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
			Why: "the worker did so, and a trace does not yet say what and where"},
		{Name: ruleBus, Grants: "all messages on the system bus",
			Why: "the worker connects to it, and a trace does not say what it says there; only some kernels ask"},
		{Name: ruleFamily, Grants: "all socket types of a family",
			Why: "AppArmor has no name for the type that was used"},
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
	ruleBus     = "system-bus"
	ruleFamily  = "socket-family"
	ruleBlind   = "no-probe"
)
