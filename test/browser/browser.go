// Package browser opens pages in Debian's Chromium for tests: clicks, presses
// keys, and hears what the page complains of. It speaks the DevTools protocol over
// the pipe of --remote-debugging-pipe, of which the tests need a dozen methods;
// libraries for it bring along the whole protocol, which takes long to compile.
package browser

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/osapi-io/osapi-profile/test/need"
	"github.com/stretchr/testify/require"
)

// Patience is how long an answer of the browser may take on a busy machine.
const Patience = 3 * time.Minute

// Browser is a running Chromium.
type Browser struct {
	t       testing.TB
	out     *os.File
	file    *os.File
	in      *bufio.Reader
	last    int
	session string
	// Complaints are errors, warnings and refusals that the page caused since it
	// was opened.
	Complaints []string
	loaded     bool
}

// Start starts a browser that ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	need.Tools(t, "chromium")
	orders, out, err := os.Pipe()
	require.NoError(t, err)
	in, answers, err := os.Pipe()
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "chromium") // a helper of the browser may still write at the end
	require.NoError(t, err)
	cmd := exec.Command("chromium", "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
		"--user-data-dir="+dir)
	cmd.ExtraFiles = []*os.File{orders, answers}
	cmd.WaitDelay = 10 * time.Second
	require.NoError(t, cmd.Start())
	require.NoError(t, orders.Close())
	require.NoError(t, answers.Close())
	b := &Browser{t: t, out: out, file: in, in: bufio.NewReaderSize(in, 1<<20)}
	t.Cleanup(func() {
		b.session = ""
		_ = b.send("Browser.close", nil)
		ended := make(chan struct{})
		go func() {
			_ = cmd.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		_ = out.Close()
		_ = in.Close()
		_ = os.RemoveAll(dir)
	})
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})
	attached := b.call("Target.attachToTarget", map[string]any{"targetId": target["targetId"], "flatten": true})
	b.session = attached["sessionId"].(string)
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil)
	}
	return b
}

type message struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params map[string]any  `json:"params,omitempty"`
	Result map[string]any  `json:"result,omitempty"`
	Error  json.RawMessage `json:"error,omitempty"`
	// Session is the tab that it is about.
	Session string `json:"sessionId,omitempty"`
}

func (b *Browser) send(method string, params map[string]any) error {
	b.last++
	text, err := json.Marshal(message{ID: b.last, Method: method, Params: params, Session: b.session})
	if err == nil {
		_, err = b.out.Write(append(text, 0))
	}
	return err
}

// call makes a call and waits for its answer.
func (b *Browser) call(method string, params map[string]any) map[string]any {
	b.t.Helper()
	require.NoError(b.t, b.send(method, params))
	for {
		if m := b.next(); m.ID == b.last {
			require.Empty(b.t, string(m.Error), method)
			return m.Result
		}
	}
}

// next takes the next message, and notes what is an event.
func (b *Browser) next() message {
	b.t.Helper()
	require.NoError(b.t, b.file.SetReadDeadline(time.Now().Add(Patience)))
	text, err := b.in.ReadBytes(0)
	require.NoError(b.t, err, "Chromium ended, or said nothing for a long time")
	var m message
	require.NoError(b.t, json.Unmarshal(text[:len(text)-1], &m))
	switch m.Method {
	case "Page.loadEventFired":
		b.loaded = true
	case "Runtime.exceptionThrown", "Log.entryAdded":
		b.Complaints = append(b.Complaints, fmt.Sprint(m.Params))
	case "Runtime.consoleAPICalled":
		if kind := m.Params["type"]; kind == "error" || kind == "warning" || kind == "assert" {
			b.Complaints = append(b.Complaints, fmt.Sprint(m.Params))
		}
	}
	return m
}

// Show sets the size of the window and whether the user likes it dark.
func (b *Browser) Show(width, height int, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]any{{"name": "prefers-color-scheme", "value": scheme}}})
}

// Open opens an address anew and waits until it is loaded.
func (b *Browser) Open(url string) {
	b.t.Helper()
	for _, url := range []string{"about:blank", url} { // a mere change of #place would load nothing
		b.Complaints, b.loaded = nil, false
		answer := b.call("Page.navigate", map[string]any{"url": url})
		require.Empty(b.t, answer["errorText"])
		for !b.loaded {
			b.next()
		}
	}
}

// Eval evaluates an expression, or the promise of one.
func (b *Browser) Eval(expression string) any {
	b.t.Helper()
	answer := b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true})
	require.Nil(b.t, answer["exceptionDetails"], expression)
	return answer["result"].(map[string]any)["value"]
}

// Await evaluates an expression until it is true.
func (b *Browser) Await(expression string) {
	b.t.Helper()
	for end := time.Now().Add(Patience); ; time.Sleep(20 * time.Millisecond) {
		if b.Eval(expression) == true {
			return
		}
		require.True(b.t, time.Now().Before(end), "never true: %s", expression)
	}
}

// Click clicks in the middle of the element that a selector finds.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	at, ok := b.Eval(`(() => {
		const e = document.querySelector(` + quoted(selector) + `);
		if (!e) return null;
		e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.getClientRects()[0];
		return r ? [r.x + r.width / 2, r.y + r.height / 2] : null;
	})()`).([]any)
	require.True(b.t, ok, "nothing to click: %s", selector)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1})
	}
}

// codes are the keys that are not a letter.
var codes = map[string]int{
	"Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "/": 191,
}

// Press presses a key and lets go of it.
func (b *Browser) Press(key string) {
	b.t.Helper()
	text := map[string]string{"Enter": "\r", "/": "/"}[key]
	down := map[string]any{"type": "keyDown", "key": key, "code": strings.Replace(key, "/", "Slash", 1), "windowsVirtualKeyCode": codes[key], "text": text}
	b.call("Input.dispatchKeyEvent", down)
	down["type"] = "keyUp"
	delete(down, "text")
	b.call("Input.dispatchKeyEvent", down)
}

// Type puts text where the focus is, as a keyboard does.
func (b *Browser) Type(text string) {
	b.t.Helper()
	b.call("Input.insertText", map[string]any{"text": text})
}

// Nameless lists what can be used and has no name for a screen reader.
func (b *Browser) Nameless() []string {
	b.t.Helper()
	var out []string
	for _, n := range b.call("Accessibility.getFullAXTree", nil)["nodes"].([]any) {
		node := n.(map[string]any)
		value := func(key string) string {
			v, _ := node[key].(map[string]any)
			return fmt.Sprint(v["value"])
		}
		switch role := value("role"); role {
		case "button", "link", "tab", "tabpanel", "searchbox", "textbox", "radio", "navigation", "region", "DisclosureTriangle", "table", "columnheader":
			if name := value("name"); node["ignored"] != true && (name == "" || name == "<nil>") {
				out = append(out, role)
			}
		}
	}
	return out
}

// Screenshot writes what is seen.
func (b *Browser) Screenshot(file string) {
	b.t.Helper()
	picture, err := base64.StdEncoding.DecodeString(b.call("Page.captureScreenshot", nil)["data"].(string))
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(file, picture, 0o644))
}

func quoted(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}
