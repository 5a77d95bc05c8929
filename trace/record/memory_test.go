package record

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMemory(t *testing.T) {
	m := newMemory()
	m.directory(1, "/srv/a/b")
	assert.True(t, m.dirs[spot{1, "/srv"}], "what is above a directory is one too")
	assert.False(t, m.dirs[spot{2, "/srv"}], "another namespace is another tree")

	m.rename(1, "/srv/a", "/srv/c")
	assert.True(t, m.dirs[spot{1, "/srv/c/b"}], "what is below moves along")

	m.link(1, "/srv/c", "elsewhere")
	assert.False(t, m.dirs[spot{1, "/srv/c"}], "a symlink is no directory")
	m.rename(1, "/srv/c", "/srv/d")
	assert.Equal(t, map[spot]string{{1, "/srv/d"}: "elsewhere"}, m.links)
	m.rename(1, "/srv/file", "/srv/d")
	assert.Empty(t, m.links, "something else was put in its place")
}

func TestResolveAsTheWorkerLeftIt(t *testing.T) {
	dir := t.TempDir()
	r, v := newResolver(), view{root: "/", pid: 1}
	r.memory.directory(0, dir+"/gone")
	r.memory.link(0, dir+"/link", "gone")
	for _, name := range []string{"gone/file", "link/file"} {
		got := r.resolve(v, dir, name, true)
		assert.Equal(t, dir+"/gone/file", got.path)
		assert.False(t, got.missing)
	}
	assert.True(t, r.resolve(v, dir, "other/file", true).missing)
}
