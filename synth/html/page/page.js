
const byId = (id) => document.getElementById(id);

// --- Tabs: arrow keys, Home and End, as in any list of tabs.

const panels = [...document.querySelectorAll(".text")];
const tabs = panels.map((panel) => {
  const tab = el("button", { type: "button", role: "tab", id: panel.id + "-tab", "aria-controls": panel.id }, texts[panel.id]);
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  tab.addEventListener("click", () => select(tab));
  return tab;
});

function select(tab) {
  tabs.forEach((t, i) => {
    t.setAttribute("aria-selected", String(t === tab));
    t.tabIndex = t === tab ? 0 : -1;
    panels[i].hidden = t !== tab;
  });
}

byId("tabs").setAttribute("role", "tablist");
byId("tabs").setAttribute("aria-label", "Profiles");
byId("tabs").append(...tabs);
byId("tabs").parentElement.classList.add("tabbed");
select(tabs[0]);
byId("tabs").addEventListener("keydown", (event) => {
  const to = step(event, tabs, tabs.indexOf(document.activeElement), "ArrowLeft", "ArrowRight");
  if (to) select(to);
});

// step moves the focus within a list by keys, and gives what it moved to.
function step(event, list, at, back, forth) {
  const n = list.length;
  const to = { [back]: (at - 1 + n) % n, [forth]: (at + 1) % n, Home: 0, End: n - 1 }[event.key];
  if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return null;
  event.preventDefault();
  list[to].focus();
  return list[to];
}

// --- Lines: one of them can be reached by Tab, the others by arrow keys.

for (const box of document.querySelectorAll(".lines")) {
  const buttons = [...box.querySelectorAll(":scope > div > button")];
  buttons.forEach((b, i) => { b.tabIndex = i ? -1 : 0; });
  box.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(event.target);
    if (at >= 0) step(event, buttons, at, "ArrowUp", "ArrowDown");
  });
  box.addEventListener("focusin", (event) => {
    if (buttons.includes(event.target)) buttons.forEach((b) => { b.tabIndex = b === event.target ? 0 : -1; });
  });
  box.addEventListener("click", (event) => {
    const line = event.target.closest(".why");
    if (line && !event.target.closest(".reasons") && !String(getSelection())) toggle(line);
  });
}

function toggle(line, open) {
  const b = line.querySelector("button");
  const shown = line.querySelector(":scope > .reasons");
  if (open && shown) return;
  if (shown) {
    shown.remove();
  } else {
    const [, id, number] = /^(.*)-(\d+)$/.exec(line.id);
    line.append(reasons(id, number));
  }
  b.setAttribute("aria-expanded", String(!shown));
  line.classList.toggle("now", !shown);
}

// --- Search.

const query = byId("query");
const kindInputs = [...document.querySelectorAll("input[name=kind]")];
const shownAtOnce = 60;
const nothing = { q: "", kind: "", in: "", by: "", is: "" };
let state = nothing;

byId("search").hidden = false;
byId("search").addEventListener("submit", (event) => { event.preventDefault(); reveal(); });

// matcher tells whether a need has to do with what was typed. A path is also
// found in the pattern that it became part of.
function matcher(text) {
  const low = text.toLowerCase();
  return (need) => need.n.toLowerCase().includes(low) || need.w && need.w !== need.no && need.w.toLowerCase().includes(low) ||
    text.startsWith("/") && need.n.includes("<") && pattern(need.n).test(text);
}

const wildcards = { digits: "[0-9]+", hex: "[0-9a-fA-F]+", uuid: "[0-9a-fA-F-]{36}", alnum: "[0-9A-Za-z_]+", version: "[0-9][0-9.]*", name: "[^/]+" };

function pattern(name) {
  const parts = name.split(/<(digits|hex|uuid|alnum|version|name)>/);
  return new RegExp("^" + parts.map((p, i) => (i % 2 ? wildcards[p] : p.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"))).join("") + "$");
}

function matches(need, s, text) {
  if (!need.k || s.kind && !(need.k === s.kind || s.kind === "read" && need.k === "change" && (s.in || s.by))) return false;
  if (s.q && !text(need) || s.is && need.n !== s.is) return false;
  for (const [want, names, at, changed, read] of [[s.in, data.operations, 1, need.ci, need.ri], [s.by, data.programs, 0, need.cb, need.rb]]) {
    if (!want) continue;
    const i = names.indexOf(want);
    const kinds = { change: changed, read };
    if (kinds[s.kind] !== undefined || s.kind === "read" || s.kind === "change") {
      if (!(kinds[s.kind] || []).includes(i)) return false;
    } else if (!(need.f || []).some((v, j) => j % 7 === at && v === i)) {
      return false;
    }
  }
  return true;
}

function search() {
  const asked = Object.values(state).some(Boolean);
  byId("find").hidden = !asked;
  query.value = state.q;
  kindInputs.forEach((k) => { k.checked = k.value === state.kind; });
  if (!asked) return;
  const text = matcher(state.q);
  const hits = [];
  data.needs.forEach((need, i) => { if (matches(need, state, text)) hits.push(i); });
  const exact = (i) => (data.needs[i].n === state.q ? 0 : 1);
  hits.sort((a, b) => exact(a) - exact(b) || a - b);
  const refused = hits.filter((i) => data.needs[i].no).length;
  const granted = hits.length - refused;
  byId("found").textContent = hits.length === 0 ? "Nothing of the recording has to do with that." :
    granted + (granted === 1 ? " need" : " needs") + (refused ? ", and " + refused + " that nothing is granted for" : "");
  byId("filters").replaceChildren(...[["is", ""], ["in", "in operation "], ["by", "by program "]].filter(([key]) => state[key]).map(([key, words]) =>
    button(words + state[key] + "  ✕", () => { go({ ...state, [key]: "" }); query.focus(); })));
  const results = byId("results");
  results.replaceChildren();
  const more = () => {
    const from = results.childElementCount;
    results.append(...hits.slice(from, from + shownAtOnce).map((i) => needItem(i, "")));
    byId("more").hidden = results.childElementCount >= hits.length;
  };
  byId("more").onclick = () => {
    const next = results.childElementCount;
    more();
    results.children[next].querySelector("summary").focus();
  };
  more();
}

// go makes a search and its address.
function go(next) {
  state = next;
  history.replaceState(null, "", Object.values(state).some(Boolean) ? finding(state) : "#overview");
  search();
}

function reveal() {
  if (byId("find").hidden) return;
  byId("find").scrollIntoView({ block: "start", behavior: "instant" });
}

let waiting = 0;
query.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => { go({ ...state, q: query.value }); reveal(); }, 120);
});
query.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && state.q) { event.preventDefault(); go({ ...state, q: "" }); }
});
kindInputs.forEach((k) => k.addEventListener("change", () => go({ ...state, kind: k.value })));
byId("close").addEventListener("click", () => { go(nothing); query.focus(); });
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.altKey && !event.metaKey) {
    event.preventDefault();
    query.focus();
    query.select();
  }
});

// --- Addresses: #find?… is a search, #unit-40 a line.

function arrive() {
  const hash = location.hash;
  if (hash.startsWith("#find?")) {
    const asked = new URLSearchParams(hash.slice(6));
    state = Object.fromEntries(Object.keys(nothing).map((key) => [key, asked.get(key) || ""]));
    search();
    reveal();
    const title = byId("find-title");
    title.tabIndex = -1;
    title.focus({ preventScroll: true });
    return;
  }
  const line = /^#(unit|apparmor)-(\d+)$/.test(hash) && byId(hash.slice(1));
  if (line) {
    select(tabs[panels.indexOf(line.closest(".text"))]);
    if (line.classList.contains("why")) {
      toggle(line, true);
      line.querySelector("button").focus({ preventScroll: true });
    }
    line.scrollIntoView({ block: "center", behavior: "instant" });
  }
}
addEventListener("hashchange", arrive);
arrive();

// --- Print: what is folded away is shown.

let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("main details:not([open])")];
  folded.forEach((d) => { d.open = true; });
});
addEventListener("afterprint", () => folded.forEach((d) => { d.open = false; }));
