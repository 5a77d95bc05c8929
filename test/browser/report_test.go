package browser

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/osapi-io/osapi-profile/synth"
	"github.com/osapi-io/osapi-profile/synth/html"
	"github.com/osapi-io/osapi-profile/trace"
	"github.com/stretchr/testify/require"
)

// report is the address of the page of a trace.
func report(t testing.TB, file string) string {
	t.Helper()
	in, err := trace.ReadFile(file)
	require.NoError(t, err)
	out, err := os.Create(filepath.Join(t.TempDir(), "report.html"))
	require.NoError(t, err)
	require.NoError(t, html.Write(out, synth.Infer(in, synth.Options{}), html.Options{Outlook: "One run."}))
	require.NoError(t, out.Close())
	return "file://" + out.Name()
}

// picture keeps what is seen in the directory that REPORT_PICTURES names.
func picture(b *Browser, name string) {
	if dir := os.Getenv("REPORT_PICTURES"); dir != "" {
		b.Screenshot(filepath.Join(dir, name+".png"))
	}
}

// TestReport goes through the page of a real trace by mouse and by keyboard.
func TestReport(t *testing.T) {
	b := Start(t)
	b.Show(1280, 900, false)
	address := report(t, "../../docs/traces/osapi-2026-02.jsonl")
	b.Open(address)
	picture(b, "desktop-light")
	require.Empty(t, b.Nameless())
	t.Run("mouse", func(t *testing.T) { byMouse(t, b) })
	require.Empty(t, b.Complaints)
	b.Open(address)
	t.Run("keyboard", func(t *testing.T) { byKeyboard(t, b) })
	t.Run("each number leads to what it counts", func(t *testing.T) { numbers(t, b, 1) })
	require.Empty(t, b.Nameless())
	require.Empty(t, b.Complaints)

	b.Show(400, 850, true)
	b.Open(address + "#find?q=resolvectl")
	picture(b, "phone-dark-search")
	b.Open(address)
	picture(b, "phone-dark")
	// Tables scroll by themselves; the page does not go beyond the screen.
	require.LessOrEqual(t, b.Eval("document.documentElement.scrollWidth"), 400.0)
	require.Empty(t, b.Complaints)
}

func byMouse(t *testing.T, b *Browser) {
	b.Click("#apparmor-tab")
	require.Equal(t, []any{true, false}, b.Eval(`["unit", "apparmor"].map((id) => document.getElementById(id).hidden)`))
	b.Click("#apparmor .why code")
	require.Equal(t, "true", b.Eval(`document.querySelector("#apparmor .why button").getAttribute("aria-expanded")`))
	b.Click("#unit-tab")
	line := `[...document.querySelectorAll("#unit .why")].find((e) => e.querySelector("code").textContent.startsWith("ExecPaths=-/usr/bin"))`
	id := b.Eval(line + ".id").(string)
	b.Click("#" + id + " code")
	b.Click("#" + id + " .item summary")
	b.Await(`document.querySelector("#` + id + ` .facts td")?.textContent.startsWith("/")`)
	picture(b, "desktop-light-line")
	b.Click("#" + id + " .item .also a") // to a line of the other text
	b.Await(`/^#(unit|apparmor)-/.test(location.hash) && document.querySelector(location.hash + " .reasons") !== null`)
	figure := func(kind string) string {
		return `parseInt(document.querySelector(".figures a[href='#find?kind=` + kind + `']").textContent)`
	}
	b.Click(".figures a[href='#find?kind=socket']")
	b.Await(`!document.getElementById("find").hidden && document.querySelectorAll("#results .item").length === ` + figure("socket"))
	b.Click("input[name=kind][value=syscall]")
	b.Await(`document.getElementById("found").textContent === ` + figure("syscall") + ` + " needs"`)
	b.Click("#more")
	b.Await(`document.querySelectorAll("#results .item").length === ` + figure("syscall"))
	b.Click("#close")
	b.Await(`document.getElementById("find").hidden`)
}

func byKeyboard(t *testing.T, b *Browser) {
	b.Press("/")
	b.Type("/proc/4321/stat")
	b.Await(`document.querySelectorAll("#results .item").length > 0`) // a path in the pattern that it became part of
	require.Contains(t, b.Eval(`document.getElementById("results").textContent`), "/proc/<digits>/stat")
	b.Press("Escape")
	b.Await(`document.getElementById("find").hidden`)
	b.Type("resolvectl")
	b.Await(`!document.getElementById("find").hidden && document.querySelectorAll("#results .item").length > 0`)
	picture(b, "desktop-light-search")
	b.until("document.activeElement.matches('#results summary')")
	b.Press("Enter")
	b.Await(`document.querySelector("#results .item[open] .facts td") !== null`)

	b.Eval(`document.getElementById("unit-tab").focus()`)
	b.Press("ArrowRight")
	require.Equal(t, "apparmor-tab", b.Eval("document.activeElement.id"))
	b.Press("Home")
	require.Equal(t, true, b.Eval(`document.getElementById("apparmor").hidden`))
	b.Press("Tab")
	b.Press("ArrowDown")
	b.Press("ArrowDown")
	b.Press("ArrowUp")
	first := b.Eval(`document.querySelectorAll("#unit .why")[1].id`)
	require.Equal(t, first, b.Eval("document.activeElement.parentElement.id"))
	require.NotEqual(t, "none", b.Eval("getComputedStyle(document.activeElement).outlineStyle"), "the focus must be seen")
	b.Press("Enter")
	require.Equal(t, true, b.Eval("document.activeElement.parentElement.querySelector('.reasons') !== null"))
	b.Press("End")
	b.Press("Tab") // out of the lines by one step
	require.Equal(t, false, b.Eval("document.activeElement.matches('.lines > div > button')"))
}

// until goes on by Tab until something holds.
func (b *Browser) until(expression string) {
	b.t.Helper()
	for range 60 {
		b.Press("Tab")
		if b.Eval(expression) == true {
			return
		}
	}
	b.t.Fatalf("60 steps of Tab do not lead to: %s", expression)
}

// numbers follows each nth link of the tables and compares.
func numbers(t *testing.T, b *Browser, n int) {
	wrong := b.Eval(`[...document.querySelectorAll(".matrix td a, .figures a, .touches a")].filter((_, i) => i % ` + strconv.Itoa(n) + ` === 0).map((a) => {
		state = {...nothing, ...Object.fromEntries(new URLSearchParams(a.getAttribute("href").slice(6)))};
		search();
		const want = a.closest(".figures") ? parseInt(a.textContent.replace(/\D/g, "")) : parseInt(a.textContent) || 1;
		const have = parseInt(document.getElementById("found").textContent) || 0;
		return want === have ? "" : a.getAttribute("href") + ": " + want + " leads to " + have;
	}).filter(Boolean)`)
	require.Empty(t, wrong)
	b.Eval(`go(nothing)`)
}

// TestHostileNames opens all there is to open of a trace whose names are markup.
func TestHostileNames(t *testing.T) {
	b := Start(t)
	b.Show(1280, 900, true)
	b.Open(report(t, "testdata/hostile.jsonl"))
	b.Eval(`document.querySelectorAll(".why").forEach((e) => toggle(e, true))`)
	b.Press("/")
	b.Type("img")
	b.Await(`document.querySelectorAll("#results .item").length > 0`)
	b.Eval(`document.querySelectorAll("details").forEach((e) => { e.open = true; })`)
	b.Await(`[...document.querySelectorAll("#results .item")].every((e) => e.childElementCount > 1)`)
	b.Eval(`[...document.querySelectorAll("#results a, #matrix a, .touches a")].slice(0, 200).forEach((a) => { location.hash = a.hash; arrive(); })`)
	require.Equal(t, 0.0, b.Eval(`document.querySelectorAll("img, iframe, object, embed, link, base, b b, [onerror], [onclick], [style]").length`))
	require.Equal(t, 2.0, b.Eval(`document.scripts.length`))
	require.Equal(t, "undefined", b.Eval("typeof pwned"))
	require.Contains(t, b.Eval(`document.body.innerText`), `<img src=x onerror=pwned=1>`)
	require.Empty(t, b.Nameless())
	require.Empty(t, b.Complaints)
	picture(b, "hostile-dark")
}

// TestLargeReport opens the page of the largest trace.
func TestLargeReport(t *testing.T) {
	b := Start(t)
	b.Show(1280, 900, true)
	address := report(t, "../../docs/traces/osapi-agent-2026-08.jsonl.gz")
	b.Open(address)
	picture(b, "agent-dark")
	t.Logf("loaded after %v ms", b.Eval("Math.round(performance.timing.loadEventEnd - performance.timing.navigationStart)"))
	b.Press("/")
	b.Type("/etc/passwd")
	b.Await(`document.querySelectorAll("#results .item").length > 0`)
	require.Contains(t, b.Eval(`document.querySelector("#results .item").textContent`), "/etc/passwd")
	numbers(t, b, 25)
	require.Empty(t, b.Complaints)
	b.Show(1280, 4200, false)
	b.Open(address)
	picture(b, "agent-light-long")
}
