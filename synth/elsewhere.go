package synth

import (
	"slices"
	"strings"

	"github.com/osapi-io/osapi-profile/trace"
)

// Elsewhere says that an operation went well as root and failed as a user whom
// the kernel refused nothing: what decides it is no capability and no permission
// of a file, but another process that asks who calls (polkit, PAM), or the
// program itself. What may follow from an earlier failure is left out.
type Elsewhere struct {
	Users []string     `json:"users"` // as whom it failed
	Asked []trace.Path `json:"asked"` // UNIX sockets that it spoke to: who decides is behind one of them, if anybody is
	Evidence
}

// rootUser is the identity that a user is compared with.
const rootUser = "root"

// decidedElsewhere compares the runs as root with those as somebody else, by
// what the plan says of each operation.
func decidedElsewhere(t *trace.Trace, operations []Operation) {
	by := subjectsOf(t)
	well := map[string]map[string]bool{} // operation → user → it went well at least once
	for _, r := range t.Runs {
		for _, o := range r.Operations {
			if o.Outcome != trace.OperationOK && o.Outcome != trace.OperationFailed {
				continue
			}
			if well[o.Name] == nil {
				well[o.Name] = map[string]bool{}
			}
			well[o.Name][r.User] = well[o.Name][r.User] || o.Outcome == trace.OperationOK
		}
	}
	for i := range operations {
		o := &operations[i]
		if !well[o.Name][rootUser] || refusedByKernel(t, o.Name) {
			continue
		}
		var users []string
		for user, ok := range well[o.Name] {
			if !ok && !follows(t, user, o.Name) {
				users = append(users, user)
			}
		}
		if len(users) == 0 {
			continue
		}
		o.Elsewhere = &Elsewhere{Users: sortedSet(users), Asked: []trace.Path{}}
		for _, s := range t.Sockets {
			if s.Operation == o.Name && s.Path != "" && !logs(s.Path) && (s.Action == "connect" || s.Action == "send") && restsOnPermission(s.Outcome) {
				o.Elsewhere.Asked = append(o.Elsewhere.Asked, s.Path)
				o.Elsewhere.Facts = append(o.Elsewhere.Facts, by.ref(s.Seen, s.Action))
			}
		}
		o.Elsewhere.Asked = sortedSet(o.Elsewhere.Asked)
		o.Elsewhere.normalise()
	}
}

// follows says whether an operation of a user's may have failed because one before it
// did, of the same provider (the name up to its first dot) and for something that the
// kernel refused: who could not be made cannot be looked up.
func follows(t *trace.Trace, user, operation string) bool {
	provider, _, _ := strings.Cut(operation, ".")
	return slices.ContainsFunc(t.Runs, func(r trace.Run) bool {
		i := slices.IndexFunc(r.Operations, func(o trace.Operation) bool { return o.Name == operation })
		return i >= 0 && r.User == user && slices.ContainsFunc(r.Operations[:i], func(o trace.Operation) bool {
			before, _, _ := strings.Cut(o.Name, ".")
			return before == provider && o.Outcome == trace.OperationFailed && refusedByKernel(t, o.Name)
		})
	})
}

// logs says whether a socket is only told what happens.
func logs(socket trace.Path) bool {
	return socket == "/dev/log" || Within(socket, "/run/systemd/journal")
}

// refusedByKernel says whether something in an operation was refused that a
// capability, an owner or a mode could give.
func refusedByKernel(t *trace.Trace, operation string) bool {
	refused := func(s trace.Seen) bool {
		return s.Operation == operation && (s.Outcome == "EPERM" || s.Outcome == "EACCES")
	}
	failed := failedCalls(t)
	return slices.ContainsFunc(t.Capabilities, func(c trace.Capability) bool {
		return refused(c.Seen) && notNeeded(c) == reasonDenied && failed[failedCall{c.Subject, c.Operation, c.Syscall}]
	}) || slices.ContainsFunc(t.Files, func(f trace.File) bool {
		return refused(f.Seen) && f.FSUID != 0
	}) || slices.ContainsFunc(t.Sockets, func(s trace.Socket) bool { return refused(s.Seen) })
}
