//go:build !amd64

package record

import "golang.org/x/sys/unix"

const sysNewfstatat = unix.SYS_FSTATAT

func legacySpellings() []spelledCall { return nil }
