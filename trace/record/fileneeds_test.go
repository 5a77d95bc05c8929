package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

func fileNeeds() map[string]need {
	opens := func(flags int) func(string) error {
		return func(d string) error { _, err := unix.Open(d+"/file", flags, 0); return err }
	}
	locked := func(d string) error { return os.Chmod(d+"/file", 0) }
	own := func(d string) error { return os.Chown(d+"/file", nobodyUID, nobodyUID) }
	return map[string]need{
		"CAP_CHOWN":        {do: func(d string) error { return unix.Chown(d+"/file", 0, -1) }, prepare: own, errno: unix.EPERM, also: []string{"chown ok file"}},
		"CAP_DAC_OVERRIDE": {do: opens(unix.O_WRONLY), prepare: locked, errno: unix.EACCES, also: []string{"write ok file"}},
		"CAP_DAC_READ_SEARCH": {do: opens(unix.O_RDONLY), prepare: locked, errno: unix.EACCES, also: []string{"read ok file"},
			refused: []string{"CAP_DAC_OVERRIDE EPERM"}},
		"CAP_FOWNER": {do: func(d string) error { return unix.Chmod(d+"/file", 0o640) },
			prepare: func(d string) error { return os.Chown(d+"/file", 0, nobodyUID) }, errno: unix.EPERM, also: []string{"chmod ok file"}},
		"CAP_FSETID": {do: func(d string) error { return unix.Chmod(d+"/file", unix.S_ISGID|0o755) },
			prepare: func(d string) error { return os.Chown(d+"/file", nobodyUID, 0) }, also: []string{"chmod ok file", "fchmodat mode S_ISGID  ok"}},
		"CAP_LINUX_IMMUTABLE": {do: func(d string) error {
			fd, err := unix.Open(d+"/file", unix.O_RDONLY, 0)
			if err != nil {
				return err
			}
			flags, err := unix.IoctlGetInt(fd, unix.FS_IOC_GETFLAGS)
			if errors.Is(err, unix.ENOTTY) {
				return absent("attributes of files")
			}
			err2 := unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, flags|0x20) // FS_APPEND_FL
			return errorsOf(err, err2, unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, flags))
		}, prepare: own, errno: unix.EPERM, made: []string{"read ok file"}},
		"CAP_LEASE": {do: func(d string) error {
			fd, err := unix.Open(d+"/file", unix.O_RDONLY, 0)
			_, err2 := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
			return errorsOf(err, err2)
		}, errno: unix.EACCES, made: []string{"read ok file"}},
		"CAP_MKNOD": {do: func(d string) error { return unix.Mknod(d+"/device", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 3))) },
			errno: unix.EPERM, also: []string{"create ok device"}},
		"CAP_SETFCAP": {do: func(d string) error {
			data := make([]byte, 20) // VFS_CAP_REVISION_2, cap_net_raw
			binary.LittleEndian.PutUint32(data, 0x02000000)
			binary.LittleEndian.PutUint32(data[4:], 1<<unix.CAP_NET_RAW)
			return unix.Setxattr(d+"/file", "security.capability", data, 0)
		}, prepare: own, errno: unix.EPERM, also: []string{"attr ok file"}},
		"CAP_SYS_CHROOT": {do: unix.Chroot, errno: unix.EPERM, also: []string{"stat ok "}},
		"CAP_CHECKPOINT_RESTORE": {do: func(string) error {
			mapping, err := os.ReadDir("/proc/self/map_files")
			if err != nil || len(mapping) == 0 {
				return fmt.Errorf("no mappings: %w", err)
			}
			fd, err := unix.Open("/proc/self/map_files/"+mapping[0].Name(), unix.O_RDONLY, 0)
			_ = unix.Close(fd)
			time.Sleep(lingering) // the name leads nowhere without the process
			return err
		}, errno: unix.EPERM, also: []string{"read ok ^act"}, made: []string{"read ok ^/proc/PID/map_files"}, refused: []string{"CAP_SYS_ADMIN EPERM"}},
	}
}

func processNeeds() map[string]need {
	return map[string]need{
		"CAP_KILL":   {do: func(string) error { return unix.Kill(outside(), 0) }, errno: unix.EPERM, also: []string{"kill signal 0 outside ok"}},
		"CAP_SETUID": {do: func(string) error { return call(unix.SYS_SETUID, 0) }, errno: unix.EPERM},
		"CAP_SETGID": {do: func(string) error { return call(unix.SYS_SETGID, 0) }, errno: unix.EPERM},
		"CAP_SETPCAP": {do: func(string) error { return unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_CHOWN, 0, 0, 0) }, errno: unix.EPERM,
			also: []string{"prctl prctl PR_CAPBSET_DROP  ok"}},
		"CAP_SYS_PTRACE": {do: func(string) error { return call(unix.SYS_KCMP, os.Getpid(), outside(), 1 /* KCMP_VM */) }, errno: unix.EPERM,
			also: []string{"kcmp ptrace PTRACE_MODE_READ_REALCREDS outside ok"}},
		"CAP_SYS_NICE": {do: func(string) error { return unix.Setpriority(unix.PRIO_PROCESS, 0, -1) }, errno: unix.EACCES},
		"CAP_SYS_RESOURCE": {do: func(string) error {
			lower, higher := unix.Rlimit{Cur: 0, Max: 10}, unix.Rlimit{Cur: 0, Max: 11}
			return errorsOf(unix.Setrlimit(unix.RLIMIT_MSGQUEUE, &lower), unix.Setrlimit(unix.RLIMIT_MSGQUEUE, &higher))
		}, errno: unix.EPERM},
		"CAP_IPC_LOCK": {do: func(string) error {
			page, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
			return errorsOf(err, unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{}), unix.Mlock(page))
		}, errno: unix.EPERM},
		"CAP_IPC_OWNER": {do: func(string) error { return call(unix.SYS_SHMGET, sharedKey, 0, 0o600) }, errno: unix.EACCES,
			also: []string{fmt.Sprintf("shmget ipc %#x  ok", sharedKey)},
			prepare: func(string) error {
				_, err := unix.SysvShmGet(sharedKey, 4096, unix.IPC_CREAT|0o600)
				return err
			}},
	}
}
