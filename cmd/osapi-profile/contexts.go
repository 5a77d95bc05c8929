package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/osapi-io/osapi-profile/synth/selinux"
)

// readContexts reads how a host labels its files: this host, unless a file is
// named. Its policy may keep a list of directories that stand for others beside.
func readContexts(name string) (*selinux.Contexts, error) {
	if name == "" {
		found, err := filepath.Glob("/etc/selinux/*/contexts/files/file_contexts")
		if err != nil || len(found) == 0 {
			return nil, errors.New("this host has no SELinux policy; copy /etc/selinux/targeted/contexts/files/file_contexts " +
				"from one that the module is for, and name it by --file-contexts")
		}
		name = found[0]
	}
	lines, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer lines.Close()
	var substitutes io.Reader
	subs, err := os.Open(name + ".subs_dist")
	switch {
	case err == nil:
		defer subs.Close()
		substitutes = subs
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	contexts, err := selinux.ReadContexts(lines, substitutes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return contexts, nil
}
