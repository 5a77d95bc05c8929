package recall

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/osapi-io/osapi-profile/test/recall/seen"
)

// toolWorkloads are programs of Debian's packages that do their work and end.
func toolWorkloads(t *testing.T) []workload {
	return []workload{
		{name: "archive", needs: []string{"tar", "gzip", "xz"}, what: "tar with gzip and xz through pipes, xz with threads", prepare: archive, command: script("archive.sh")},
		{name: "git", needs: []string{"git"}, what: "git: commit, branch, merge, clone, fetch, gc", prepare: func(l layout) {
			l.source("git.sh")
		}, command: script("git.sh"), replace: gitNames()},
		{name: "rsync", needs: []string{"rsync"}, what: "rsync: three processes that are one program", prepare: func(l layout) {
			coreutils(l)
			l.source("rsync.sh")
		}, command: script("rsync.sh"), replace: []seen.Replacement{
			{Match: regexp.MustCompile(`/\.([^/]+)\.[A-Za-z0-9]{3,7}$`), With: "/.${1}.RANDOM"}}},
		{name: "sqlite", needs: []string{"/usr/bin/sqlite3"}, what: "sqlite3: rollback journal, WAL and its shared memory", prepare: func(l layout) { l.source("base.sql") },
			command: func(layout) []string { return []string{"/usr/bin/sqlite3", "base", ".read base.sql"} }},
		{name: "gcc", needs: []string{"/usr/bin/gcc"}, what: "gcc: preprocessor, compiler, assembler and linker", prepare: func(l layout) {
			l.file("main.c", "#include <stdio.h>\n#include \"own.h\"\nint main(void) { return puts(TEXT) < 0; }\n", 0o644)
			l.file("include/own.h", "#define TEXT \"text\"\n", 0o644)
		}, command: func(layout) []string {
			return []string{"/usr/bin/gcc", "-Iinclude", "-O1", "-o", "program", "main.c"}
		}, replace: []seen.Replacement{{Match: regexp.MustCompile(`^/tmp/cc[A-Za-z0-9]{6}\.`), With: "/tmp/ccRANDOM."}}},
		{name: "dpkg", needs: []string{"dpkg", "dpkg-deb"}, what: "dpkg: build, install, upgrade and purge in a root of its own", prepare: packages,
			command: script("dpkg.sh"), replace: []seen.Replacement{temporary(`/dpkg-deb\.`, "/dpkg-deb.")}},
		{name: "tmpfiles", needs: []string{"/usr/bin/systemd-tmpfiles"}, what: "systemd-tmpfiles: names by O_PATH and /proc/self/fd", prepare: func(l layout) {
			l.source("tmpfiles.conf")
			text, err := os.ReadFile(l.path("tmpfiles.conf"))
			if err != nil {
				l.t.Fatal(err)
			}
			l.file("tmpfiles.conf", strings.ReplaceAll(string(text), "DIR", l.dir), 0o644)
			l.file("old/stale", "text\n", 0o644)
			l.file("from/sub/file", "text\n", 0o600)
		}, command: func(l layout) []string {
			return []string{"/usr/bin/systemd-tmpfiles", "--create", "--remove", l.path("tmpfiles.conf")}
		}},
		curl(t),
	}
}

// script runs a shell script of testdata in the tree.
func script(name string) func(layout) []string {
	return func(layout) []string { return []string{"/bin/sh", name} }
}

func archive(l layout) {
	coreutils(l)
	l.file("tree/large", strings.Repeat("some text to be packed\n", 100000), 0o644)
	l.source("archive.sh")
}

// gitNames are what git makes up, and what it calls after a process.
func gitNames() []seen.Replacement {
	return []seen.Replacement{
		{Match: regexp.MustCompile(`/tmp_(obj|pack|idx|rev|bitmap|mtimes)_[A-Za-z0-9]{6}$`), With: "/tmp_${1}_RANDOM"},
		{Match: regexp.MustCompile(`/\.tmp-[0-9]+-`), With: "/.tmp-PID-"},
		{Match: regexp.MustCompile(`(/refs_|/packs_|/\.git/t)[A-Za-z0-9]{6}$`), With: "${1}RANDOM"},
	}
}

// packages are two versions of a package, and an empty root with a database.
func packages(l layout) {
	for _, version := range []string{"1", "2"} {
		dir := "package" + version
		l.file(dir+"/DEBIAN/control", "Package: recall\nVersion: "+version+
			"\nArchitecture: all\nMaintainer: nobody <nobody@example.com>\nDescription: a package\n", 0o644)
		l.file(dir+"/DEBIAN/conffiles", "/etc/recall.conf\n", 0o644)
		l.file(dir+"/etc/recall.conf", "version "+version+"\n", 0o644)
		l.file(dir+"/usr/share/recall/only"+version, "text\n", 0o644)
		l.symlink("only"+version, dir+"/usr/share/recall/link")
	}
	l.mkdir("root/var/lib/dpkg/info", "root/var/lib/dpkg/updates")
	l.file("root/var/lib/dpkg/status", "", 0o644)
	l.file("root/var/lib/dpkg/available", "", 0o644)
	l.source("dpkg.sh")
}

// curl fetches over TLS and after looking up a name. The server is of this
// process.
func curl(t *testing.T) workload {
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("text\n")) })
	secure, plain := httptest.NewTLSServer(hello), httptest.NewServer(hello)
	t.Cleanup(secure.Close)
	t.Cleanup(plain.Close)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	return workload{name: "curl", needs: []string{"/usr/bin/curl"}, what: "curl: TLS, and a thread that looks up a name",
		prepare: func(l layout) { l.file("ca.pem", string(authority), 0o644) },
		command: func(layout) []string {
			return []string{"/usr/bin/curl", "-sSf", "--cacert", "ca.pem", "-o", "secure", secure.URL,
				"--next", "-sSf", "-4", "-o", "plain", strings.Replace(plain.URL, "127.0.0.1", "localhost", 1)}
		}}
}
