package strace

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	for arg, want := range map[string]string{
		`""`:               "",
		"\"`/a b\n\xff`\"": "/a b\n\xff",
	} {
		got, err := Arg(hexed(arg)).Text()
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, arg := range []string{"NULL", "0x7ffe", `""...`, `"abcd"`, `"\x4"`, `"`} {
		_, err := Arg(arg).Text()
		assert.Error(t, err, arg)
	}
}

func TestFD(t *testing.T) {
	for arg, want := range map[string]struct {
		n    int
		file *File
	}{
		"AT_FDCWD":              {AtFDCWD, nil},
		"AT_FDCWD<`/a`>":        {AtFDCWD, &File{Path: "/a"}},
		"3":                     {3, nil},
		"-1":                    {-1, nil},
		"3<`/a> b`>":            {3, &File{Path: "/a> b"}},
		"3<`/tmp/#1`>(deleted)": {3, &File{Path: "/tmp/#1", Deleted: true}},
	} {
		n, file, err := Arg(hexed(arg)).FD()
		require.NoError(t, err)
		assert.Equal(t, want.n, n)
		assert.Equal(t, want.file, file)
	}
	for _, arg := range []string{"NULL", "", "3</a>", "AT_FDCWD<", "99999999999"} {
		_, _, err := Arg(arg).FD()
		assert.Error(t, err, arg)
	}
}

func TestFlags(t *testing.T) {
	assert.Equal(t, map[string]bool{"O_RDWR": true, "O_CREAT": true}, Arg("O_RDWR|O_CREAT").Flags())
	assert.Equal(t, map[string]bool{"0x8": true}, Arg("0x8 /* XX_??? */").Flags())
}

func TestField(t *testing.T) {
	a := Arg("{flags=CLONE_VM|CLONE_FS, tls={a=1, flags=2}} => {parent_tid=[7]}")
	assert.Equal(t, Arg("CLONE_VM|CLONE_FS"), a.Field("flags"))
	assert.Equal(t, Arg("{a=1, flags=2}"), a.Field("tls"))
	assert.Equal(t, Arg(""), a.Field("pidfd"))
	assert.Equal(t, Arg(""), Arg("NULL").Field("flags"))
}

func TestInner(t *testing.T) {
	got, ok := Arg("htons(80)").Inner("htons")
	assert.True(t, ok)
	assert.Equal(t, Arg("80"), got)
	_, ok = Arg("80").Inner("htons")
	assert.False(t, ok)
}
