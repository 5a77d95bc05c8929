package place

import (
	"bytes"
	"fmt"
	"os"

	"github.com/google/renameio/v2"
)

// RenewTable replaces what stands on a page for one place, between the lines
//
//	<!-- TOOL:begin container -->  or guest; of another Debian release with its name
//	<!-- TOOL:end -->
//
// by what is made of it. A page without these lines is left as it is, and an error.
func RenewTable(page, tool string, guest bool, renew func(old string) string) error {
	where := "container"
	if guest {
		where = "guest"
	}
	if suite := Suite(); suite != Bookworm {
		where += " " + suite
	}
	return between(page, fmt.Sprintf("<!-- %s:begin %s -->\n", tool, where), fmt.Sprintf("<!-- %s:end -->\n", tool), renew)
}

// Renew does that for what stands between the lines
//
//	<!-- TOOL:begin -->
//	<!-- TOOL:end -->
func Renew(page, tool string, renew func(old string) string) error {
	return between(page, fmt.Sprintf("<!-- %s:begin -->\n", tool), fmt.Sprintf("<!-- %s:end -->\n", tool), renew)
}

func between(page, begin, end string, renew func(old string) string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	old, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return fmt.Errorf("%s: no lines %q and %q", page, begin, end)
	}
	var b bytes.Buffer
	b.Write(before)
	fmt.Fprintf(&b, "%s\n<!-- prettier-ignore-start -->\n\n%s<!-- prettier-ignore-end -->\n\n%s", begin, renew(string(old)), end)
	b.Write(after)
	return renameio.WriteFile(page, b.Bytes(), 0o644)
}
