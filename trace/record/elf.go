package record

import (
	"debug/elf"
	"os"
	"path"
	"strings"
)

// image is what the ELF headers of an executable say about how it is started.
type image struct {
	loader  string // PT_INTERP, as it stands there
	runtime string // trace.Subject.Runtime
	compat  bool   // of 32 bits: its calls are of another ABI
}

// inspect reads the ELF headers of a file. Anything else, and what cannot be
// read, is an image without loader and runtime.
func inspect(name string) image {
	info, err := os.Stat(name) // a fifo or device would block
	if err != nil || !info.Mode().IsRegular() {
		return image{}
	}
	f, err := elf.Open(name)
	if err != nil {
		return image{}
	}
	defer func() { _ = f.Close() }()
	i := image{loader: interpreter(f), compat: f.Class == elf.ELFCLASS32}
	switch {
	case f.Section(".go.buildinfo") != nil || f.Section(".gopclntab") != nil:
		i.runtime = "go"
	case strings.HasPrefix(path.Base(i.loader), "ld-musl"):
		i.runtime = "musl"
	case i.loader != "" || f.Section("__libc_atexit") != nil || f.Section("__libc_IO_vtables") != nil:
		i.runtime = "glibc" // the sections are what its static programs carry
	}
	return i
}

func interpreter(f *elf.File) string {
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP || p.Filesz > 4096 {
			continue
		}
		data := make([]byte, p.Filesz)
		if _, err := p.ReadAt(data, 0); err != nil {
			return ""
		}
		loader, _, _ := strings.Cut(string(data), "\x00") // as the kernel takes it
		return loader
	}
	return ""
}
