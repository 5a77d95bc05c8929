package record

import (
	"fmt"
	"os"

	"github.com/osapi-io/osapi-profile/bpf"
)

// unitCommand is the size of a command's name in bpf/abi.h, its NUL included.
const unitCommand = 256

// aim tells the probes how to know the unit's cgroup and its commands.
func (u *unit) aim(p *probes) error {
	var name [unitCommand]byte
	if copy(name[:unitCommand-1], u.cgroup) < len(u.cgroup) {
		return fmt.Errorf("%s: the name is too long", u.name)
	}
	if err := p.variables.UnitName.Set(name); err != nil {
		return err
	}
	for command, lifted := range u.commands {
		var key [unitCommand]byte
		if copy(key[:unitCommand-1], command) < len(command) {
			return fmt.Errorf("%s: the command %s is too long", u.name, command)
		}
		if err := p.maps.Commands.Put(key, lifted); err != nil {
			return err
		}
		if lifted == liftedByLine && wordsTell(u.byLine[command]) {
			if err := putLines(p, key, u.byLine[command]); err != nil {
				return err
			}
		}
	}
	for _, manager := range []string{
		"/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd-executor",
		"/lib/systemd/systemd", "/lib/systemd/systemd-executor",
	} {
		if err := u.manager(p, manager); err != nil {
			return err
		}
	}
	return nil
}

// putLines tells the probes what lines a command has.
func putLines(p *probes, command [unitCommand]byte, lines map[string]uint32) error {
	for words, lifted := range lines {
		var key [2 * unitCommand]byte // struct unit_line
		copy(key[copy(key[:], command[:]):], words)
		if err := p.maps.Lines.Put(key, lifted); err != nil {
			return err
		}
	}
	return nil
}

// manager keeps one of systemd's own programs out of the trace, unless it is a
// command of the unit.
func (u *unit) manager(p *probes, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	for command := range u.commands {
		if other, err := os.Stat(command); err == nil && os.SameFile(info, other) {
			return nil
		}
	}
	inode, mount, err := openedInode(name)
	if err != nil {
		return nil
	}
	return p.maps.Managers.Put(bpf.RecorderProgramKey{Inode: inode, Device: mountDevice(mount)}, uint8(1))
}
