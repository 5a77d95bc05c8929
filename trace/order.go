package trace

import "cmp"

// The orders facts are listed in. Each is total, every field taking part, so
// that equal sets of facts give equal files; what a reader would look for
// first comes first.

func compareSubjects(a, b Subject) int {
	return cmp.Or(
		cmp.Compare(a.Exe, b.Exe),
		cmp.Compare(a.Script, b.Script),
		cmp.Compare(a.Loader, b.Loader),
		cmp.Compare(a.Runtime, b.Runtime),
		cmp.Compare(a.Lifted, b.Lifted),
		cmp.Compare(a.ID, b.ID),
	)
}

func compareSeen(a, b Seen) int {
	return cmp.Or(
		cmp.Compare(a.Subject, b.Subject),
		cmp.Compare(a.Operation, b.Operation),
		cmp.Compare(a.Outcome, b.Outcome),
		cmp.Compare(a.First, b.First),
		cmp.Compare(a.Last, b.Last),
		cmp.Compare(a.Count, b.Count),
	)
}

func compareSyscalls(a, b Syscall) int {
	return cmp.Or(
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.ABI, b.ABI),
		compareSeen(a.Seen, b.Seen),
	)
}

func compareExecs(a, b Exec) int {
	return cmp.Or(
		cmp.Compare(a.Subject, b.Subject),
		cmp.Compare(a.Target, b.Target),
		cmp.Compare(a.Called, b.Called),
		compareBool(a.UID, b.UID),
		compareBool(a.GID, b.GID),
		compareBool(a.Caps, b.Caps),
		compareSeen(a.Seen, b.Seen),
	)
}

func compareFiles(a, b File) int {
	return cmp.Or(
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Access, b.Access),
		cmp.Compare(a.Target, b.Target),
		compareSeen(a.Seen, b.Seen),
		cmp.Compare(a.Syscall, b.Syscall),
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.UID, b.UID),
		cmp.Compare(a.GID, b.GID),
		cmp.Compare(a.Mode, b.Mode),
		cmp.Compare(a.FSUID, b.FSUID),
		cmp.Compare(a.FSGID, b.FSGID),
		cmp.Compare(a.FS, b.FS),
		cmp.Compare(a.Device, b.Device),
		compareBool(a.Anon, b.Anon),
	)
}

func compareCapabilities(a, b Capability) int {
	return cmp.Or(
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Optional, b.Optional),
		compareBool(a.UserNS, b.UserNS),
		cmp.Compare(a.Syscall, b.Syscall),
		cmp.Compare(a.Argument, b.Argument),
		cmp.Compare(a.Caller, b.Caller),
		compareSeen(a.Seen, b.Seen),
	)
}

func compareSockets(a, b Socket) int {
	return cmp.Or(
		cmp.Compare(a.Family, b.Family),
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Protocol, b.Protocol),
		cmp.Compare(a.Action, b.Action),
		cmp.Compare(a.Address, b.Address),
		cmp.Compare(a.Port, b.Port),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Abstract, b.Abstract),
		compareSeen(a.Seen, b.Seen),
	)
}

func compareArguments(a, b Argument) int {
	return cmp.Or(
		cmp.Compare(a.Name, b.Name),
		cmp.Compare(a.Value, b.Value),
		cmp.Compare(a.Syscall, b.Syscall),
		cmp.Compare(a.Target, b.Target),
		compareSeen(a.Seen, b.Seen),
	)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
