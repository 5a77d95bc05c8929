package oracle

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/osapi-io/osapi-profile/test/recall/strace"
)

var readable = regexp.MustCompile("`[^`]*`")

// look reads a log, in which what stands in backquotes becomes hexadecimal and
// DIR the directory that the workload began in.
func look(t *testing.T, dir, log string) ([]string, error) {
	t.Helper()
	log = readable.ReplaceAllStringFunc(strings.ReplaceAll(log, "DIR", dir), func(s string) string {
		var b strings.Builder
		for _, c := range []byte(strings.Trim(s, "`")) {
			b.WriteString(`\x` + hex.EncodeToString([]byte{c}))
		}
		return b.String()
	})
	records, err := strace.Parse(strings.NewReader(log))
	require.NoError(t, err)
	set, err := Read(records, dir)
	var items []string
	for _, item := range set.Without(nil) {
		if item.Kind != "syscall" && item.Kind != "outcome" {
			items = append(items, item.Kind+" "+strings.ReplaceAll(item.Name, dir, "DIR"))
		}
	}
	return items, err
}

// tree is what the workloads below begin with.
func tree(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, d := range []string{"real/sub", "jail/etc"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	for link, target := range map[string]string{"alias": "real", "jail/link": "/etc", "loop": "loop"} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, link)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "real/old"), nil, 0o600))
	return dir
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		log  string
		want []string
	}{
		"open": {"7 openat(AT_FDCWD<`DIR`>, \"`alias/old`\", O_RDONLY) = 3<`DIR/real/old`>\n", []string{"read DIR/real/old"}},
		"create what is there": {"7 openat(AT_FDCWD<`DIR`>, \"`alias/old`\", O_WRONLY|O_CREAT, 0600) = 3<`DIR/real/old`>\n",
			[]string{"write DIR/real/old"}},
		"create": {"7 open(\"`alias/new`\", O_RDWR|O_CREAT|O_TRUNC, 0600) = 3<`DIR/real/new`>\n",
			[]string{"create DIR/real/new", "read DIR/real/new", "truncate DIR/real/new", "write DIR/real/new"}},
		"failed":         {"7 unlink(\"`alias/none`\") = -1 ENOENT (No such file or directory)\n", nil},
		"removed":        {"7 unlink(\"`alias/sub/../old`\") = 0\n", []string{"delete DIR/real/old"}},
		"link itself":    {"7 unlink(\"`alias`\") = 0\n", []string{"delete DIR/alias"}},
		"link followed":  {"7 chmod(\"`alias`\", 0700) = 0\n", []string{"chmod DIR/real"}},
		"flag follows":   {"7 linkat(AT_FDCWD<`DIR`>, \"`alias`\", AT_FDCWD<`DIR`>, \"`new`\", AT_SYMLINK_FOLLOW) = 0\n", []string{"link-from DIR/real", "link-to DIR/new"}},
		"flag does not":  {"7 fchownat(AT_FDCWD<`DIR`>, \"`alias`\", 1, 1, AT_SYMLINK_NOFOLLOW) = 0\n", []string{"chown DIR/alias"}},
		"descriptor":     {"7 fchmod(3<`DIR/real/old`>, 0600) = 0\n", []string{"chmod DIR/real/old"}},
		"at descriptor":  {"7 mkdirat(3<`DIR/real`>, \"`new`\", 0700) = 0\n", []string{"create DIR/real/new"}},
		"empty path":     {"7 fchownat(3<`DIR/real/old`>, \"\", 1, 1, AT_EMPTY_PATH) = 0\n", []string{"chown DIR/real/old"}},
		"by proc":        {"7 dup(3<`DIR/real/old`>) = 4<`DIR/real/old`>\n7 chmod(\"`/proc/self/fd/4`\", 0600) = 0\n", []string{"chmod DIR/real/old"}},
		"without a name": {"7 openat(AT_FDCWD<`DIR`>, \"`/proc/self/fd/3`\", O_RDONLY) = 4<`pipe:[12]`>\n", nil},
		"moved tree":     {"7 rename(\"`alias/sub`\", \"`new`\") = 0\n7 mkdir(\"`new/x`\", 0700) = 0\n", []string{"create DIR/new/x", "rename-from DIR/real/sub", "rename-to DIR/new"}},
		"new link":       {"7 symlink(\"`real/sub`\", \"`s`\") = 0\n7 rmdir(\"`s/`\") = 0\n", []string{"create DIR/s", "delete DIR/real/sub"}},
		"chdir":          {"7 chdir(\"`alias/sub`\") = 0\n7 unlink(\"`../old`\") = 0\n", []string{"delete DIR/real/old"}},
		"chroot": {"7 chroot(\"`jail`\") = 0\n7 chdir(\"`/`\") = 0\n7 mkdir(\"`link/../../../new`\", 0700) = 0\n7 unlink(\"`/link/x`\") = 0\n",
			[]string{"create DIR/jail/new", "delete DIR/jail/etc/x"}},
		"child before clone returns": {"7 chdir(\"`real`\") = 0\n7 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n8 chdir(\"`sub`\") = 0\n8 mkdir(\"`x`\", 0700) = 0\n7 <... clone resumed>) = 8\n7 unlink(\"`old`\") = 0\n",
			[]string{"create DIR/real/sub/x", "delete DIR/real/old"}},
		"shared directory": {"7 clone3({flags=CLONE_FS|CLONE_THREAD}, 88) = 8\n8 chdir(\"`real`\") = 0\n7 unlink(\"`old`\") = 0\n",
			[]string{"delete DIR/real/old"}},
		"connect goes on": {"7 connect(3<`socket:[1]`>, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr(\"`127.0.0.1`\")}, 16) = -1 EINPROGRESS (Operation now in progress)\n",
			[]string{"connect AF_INET 127.0.0.1 9"}},
		"socket":   {"7 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3<`socket:[1]`>\n", []string{"socket AF_UNIX SOCK_STREAM 0"}},
		"bind":     {"7 bind(3<`socket:[1]`>, {sa_family=AF_UNIX, sun_path=\"`alias/s`\"}, 16) = 0\n", []string{"bind AF_UNIX DIR/real/s", "bound DIR/real/s", "create DIR/real/s"}},
		"sent":     {"7 sendto(3<`socket:[1]`>, \"\"..., 4, 0, {sa_family=AF_UNIX, sun_path=\"`alias/s`\"}, 16) = 4\n", []string{"reached DIR/real/s", "send AF_UNIX DIR/real/s"}},
		"answered": {"7 sendto(3<`socket:[1]`>, \"\"..., 4, 0, NULL, 0) = 4\n", nil},
		"message": {"7 sendmsg(3<`socket:[1]`>, {msg_name={sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr(\"`127.0.0.1`\")}, msg_namelen=16, msg_iov=[...]}, 0) = 4\n",
			[]string{"send AF_INET 127.0.0.1 9"}},
		"abstract": {"7 bind(3<`socket:[1]`>, {sa_family=AF_UNIX, sun_path=@\"`s`\"}, 6) = 0\n", []string{"bind AF_UNIX @s"}},
		"mapped":   {"7 mmap(NULL, 1, PROT_READ|PROT_EXEC, MAP_PRIVATE, 3<`DIR/real/old`>, 0) = 0x7f0000\n", []string{"exec-map DIR/real/old"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := look(t, tree(t), c.log)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestReadExec(t *testing.T) {
	dir := tree(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "script"), []byte("#!/bin/sh -e\n"), 0o755))
	sh, err := filepath.EvalSymlinks("/bin/sh")
	require.NoError(t, err)
	got, err := look(t, dir, "7 execve(\"`./script`\", [...], 0x7f /* 1 var */) = 0\n7 unlink(\"`real/old`\") = 0\n")
	require.NoError(t, err)
	assert.Contains(t, got, "exec DIR/script ("+sh+")")
	assert.Contains(t, got, "delete DIR/real/old")
}

func TestReadRefuses(t *testing.T) {
	for name, log := range map[string]string{
		"nothing":                "",
		"nobody's child":         "7 getpid() = 7\n8 getpid() = 8\n",
		"unknown call":           "7 frobnicate(\"`/etc/passwd`\") = 0\n",
		"no path for descriptor": "7 open(\"`real/old`\", O_RDONLY) = 3\n",
		"no access mode":         "7 open(\"`real/old`\", O_EVERYTHING) = 3<`DIR/real/old`>\n",
		"another directory":      "7 mkdirat(AT_FDCWD<`DIR/real`>, \"`x`\", 0700) = 0\n",
		"renames nothing":        "7 rename(\"`none`\", \"`x`\") = 0\n",
		"loop":                   "7 chmod(\"`loop`\", 0700) = 0\n",
		"through a file":         "7 chmod(\"`real/old/x`\", 0700) = 0\n",
		"too few arguments":      "7 fchownat(3) = 0\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := look(t, tree(t), log)
			assert.Error(t, err)
		})
	}
}
