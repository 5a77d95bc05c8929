package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// writeTo writes what produce makes to the named file, or to stdout for "" and
// "-". Nothing is written unless all of it could be made.
func writeTo(name string, perm fs.FileMode, stdout io.Writer, produce func(io.Writer) error) error {
	var b bytes.Buffer
	if err := produce(&b); err != nil {
		return err
	}
	if name == "" || name == "-" {
		_, err := stdout.Write(b.Bytes())
		return err
	}
	return replace(name, b.Bytes(), perm)
}

// replace puts data in the place of the named file as a whole. A symbolic link
// stays and its target is replaced; a device or a pipe is written to.
func replace(name string, data []byte, perm fs.FileMode) error {
	target, err := filepath.EvalSymlinks(name)
	if errors.Is(err, fs.ErrNotExist) {
		target = name
	} else if err != nil {
		return err
	}
	if info, err := os.Stat(target); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(target, data, 0)
	}
	return renameio.WriteFile(target, data, perm,
		renameio.WithTempDir(filepath.Dir(target)), renameio.WithExistingPermissions())
}
