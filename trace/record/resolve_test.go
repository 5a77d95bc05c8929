package record

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	lacks "github.com/osapi-io/osapi-profile/test/need"
)

func TestResolve(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, d := range []string{"real/sub", "jail/etc", "jail/data", "etc"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "real/file"), nil, 0o600))
	for link, target := range map[string]string{
		"link": "real", "absolute": dir + "/real", "loop": "loop", "dangling": "nowhere/at/all",
		"jail/abs": "/data", "jail/out": "../../real", "tofile": "link/file",
	} {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, link)))
	}
	host, jail := view{root: "/", pid: 1}, view{root: dir + "/jail", pid: 1}
	for name, c := range map[string]struct {
		view    view
		base    string
		name    string
		follow  bool
		want    string
		missing bool
	}{
		"plain":                     {host, dir, "real/file", true, dir + "/real/file", false},
		"absolute name":             {host, "/nowhere", dir + "/real/file", true, dir + "/real/file", false},
		"through a link":            {host, dir, "link/file", false, dir + "/real/file", false},
		"through an absolute link":  {host, dir, "absolute/file", false, dir + "/real/file", false},
		"last link kept":            {host, dir, "link", false, dir + "/link", false},
		"last link followed":        {host, dir, "link", true, dir + "/real", false},
		"slash follows":             {host, dir, "link/", false, dir + "/real", false},
		"link to link":              {host, dir, "tofile", true, dir + "/real/file", false},
		"dots":                      {host, dir + "/real/sub", ".././../real//file", true, dir + "/real/file", false},
		"dots after a link":         {host, dir, "link/../etc", true, dir + "/etc", false},
		"new name in a linked dir":  {host, dir, "link/new", true, dir + "/real/new", false},
		"dangling":                  {host, dir, "dangling", true, dir + "/nowhere/at/all", true},
		"loop":                      {host, dir, "loop", true, dir + "/loop", true},
		"gone directory":            {host, dir, "gone/file", true, dir + "/gone/file", true},
		"chroot: absolute":          {jail, dir + "/jail", "/etc/x", true, dir + "/jail/etc/x", false},
		"chroot: absolute link":     {jail, dir + "/jail", "abs/x", true, dir + "/jail/data/x", false},
		"chroot: cannot climb out":  {jail, dir + "/jail", "../../../etc/x", true, dir + "/jail/etc/x", false},
		"chroot: link stays inside": {jail, dir + "/jail", "out/x", true, dir + "/jail/real/x", true},
		"self":                      {view{root: "/", pid: uint32(os.Getpid())}, "/", "/proc/self/status", true, "/proc/" + strconv.Itoa(os.Getpid()) + "/status", false},
		"empty":                     {host, dir, "", true, dir, false},
		"root":                      {host, dir, "/", true, "/", false},
	} {
		t.Run(name, func(t *testing.T) {
			got := newResolver().resolve(c.view, c.base, c.name, c.follow)
			assert.Equal(t, c.want, got.path)
			assert.Equal(t, c.missing, got.missing)
		})
	}
}

func TestResolveRemembersDirectories(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
	require.NoError(t, os.Symlink("real", filepath.Join(dir, "link")))
	r, v := newResolver(), view{root: "/", pid: 1}
	require.Equal(t, dir+"/real/a", r.resolve(v, dir, "link/a", true).path)
	require.NoError(t, os.Remove(filepath.Join(dir, "link")))
	got := r.resolve(v, dir, "link/b", true)
	assert.Equal(t, dir+"/real/b", got.path)
	assert.False(t, got.missing)
}

func TestResolveMagicLink(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	defer func() { _ = read.Close(); _ = write.Close() }()
	v := view{root: "/srv/jail", pid: uint32(os.Getpid())}
	got := newResolver().resolve(view{root: "/", pid: v.pid}, "/", "/proc/self/fd/"+strconv.Itoa(int(read.Fd())), true)
	assert.True(t, got.anon)
}

func TestThroughMagic(t *testing.T) {
	for path, want := range map[string]bool{
		"/proc/1/fd/3": true, "/proc/1/root/etc/passwd": true, "/proc/1/cwd": true, "/proc/1/map_files/0-1": true,
		"/proc/1/status": false, "/proc/1/fd": false, "/proc": false, "/srv/root/etc": false,
	} {
		assert.Equal(t, want, throughMagic(path), path)
	}
}

func TestClimb(t *testing.T) {
	for walk, want := range map[string]string{
		"": "/", "etc\x00": "/etc", "a b\x00etc\x00": "/etc/a b", "x\n\x00\"\x00": "/\"/x\n",
	} {
		assert.Equal(t, want, climb(walk))
	}
}

// TestMountOfWhatIsRemoved: the name of the mount leads to the file.
func TestMountOfWhatIsRemoved(t *testing.T) {
	lacks.Root(t)
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	require.NoError(t, os.WriteFile(from, nil, 0o600))
	require.NoError(t, os.WriteFile(to, nil, 0o600))
	info, err := lstat(from)
	require.NoError(t, err)
	leads := func(name string) bool { return (view{}).leads(name, kernelDevice(info.Dev), info.Ino) }
	assert.False(t, leads(from), "it has its name yet")
	require.NoError(t, syscall.Mount(from, to, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(to, 0)) })
	require.NoError(t, os.Remove(from))
	assert.True(t, leads(to))
	assert.False(t, leads(from))
	assert.False(t, (view{}).leads(to, kernelDevice(info.Dev), info.Ino+1))
}

func TestDevice(t *testing.T) {
	assert.Equal(t, "1:3", device(0o020666, 1<<20|3))
	assert.Equal(t, "", device(0o100644, 1<<20|3))
	assert.EqualValues(t, 8<<20|1, kernelDevice(8<<8|1))
	assert.EqualValues(t, 259<<20|0x12345, kernelDevice(0x12300000|259<<8|0x45))
}

// A name that waited is taken to have led where a later walk found its directory,
// unless what the worker did in between says otherwise.
func TestResolveWaitingNames(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for _, d := range []string{"one", "two"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, d), 0o755))
	}
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink("one", link))
	r := newResolver()
	at := func(time uint64) string {
		return filepath.Base(filepath.Dir(r.resolve(view{root: "/", pid: 1, time: time}, "/", link+"/file", true).path))
	}
	before := monotonic()
	assert.Equal(t, "one", at(before))
	require.NoError(t, os.Remove(link))
	require.NoError(t, os.Symlink("two", link))
	assert.Equal(t, "one", at(before), "used before the link was changed")
	assert.Equal(t, "two", at(monotonic()), "used after it was")
	r.memory.link(0, link, "one")
	assert.Equal(t, "one", at(before), "what the worker did counts")
	r.memory.rename(0, link, link+".old")
	assert.Equal(t, "two", at(before))
}

// What /proc/self leads to is another thing for each process.
func TestResolveOwnNames(t *testing.T) {
	r := newResolver()
	for _, pid := range []uint32{1, uint32(os.Getpid())} {
		got := r.resolve(view{root: "/", pid: pid}, "/", "/proc/self/task/none", true)
		assert.Equal(t, "/proc/"+strconv.Itoa(int(pid))+"/task/none", got.path)
	}
}

// Nothing can be looked at in a mount namespace that has gone with its process. A
// name in a directory that is known leads nowhere else, but for a symlink at its end.
func TestResolveInNamespaceThatIsGone(t *testing.T) {
	r, v := newResolver(), view{prefix: "/proc/self/fd/999999", root: "/", pid: 1, mntns: 7}
	r.memory.directory(7, "/srv/known")
	for name, c := range map[string]struct {
		name    string
		follow  bool
		missing bool
	}{
		"it may be a symlink":   {"/srv/file", true, true},
		"not followed":          {"/srv/file", false, false},
		"a directory":           {"/srv/known", true, false},
		"below what is unknown": {"/srv/unknown/file", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			got := r.resolve(v, "/", c.name, c.follow)
			assert.Equal(t, c.name, got.path)
			assert.Equal(t, c.missing, got.missing)
		})
	}
}
