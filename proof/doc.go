// Proof runs Debian's daemons again under the profiles that were derived from
// watching them.
//
// Each daemon in proof/daemons is a service by Debian's own unit, with a training
// plan that puts it through its life: real clients and a client's error, idleness,
// rotation of its log, an upgrade's replacement of files, reload, restart, shutdown.
// The plan is recorded once without a profile. Then the emitted drop-in is put
// beside the unit and, in the guest, the emitted AppArmor profile is enforced, and
// the plan is recorded again. All of its operations must do what they did, and
// nothing may be refused that was not refused before. Then the forbidden acts
// (prove/acts) are tried in the sandbox: each is to be denied, or to be possible by
// something that the profile grants.
//
// The container has the files of the guest's image, so that nothing is installed on
// this machine, and VM_SUITE=trixie gives a later systemd there too. -own takes this
// machine's own files.
//
//	go run ./proof [-guest|-own] [-minimize] [-write PAGE] [-keep DIR] [DAEMON]...
package main
