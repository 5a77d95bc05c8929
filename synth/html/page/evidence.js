"use strict";
// Everything that comes from the recording is put into the page as text: no
// markup is ever made of it.
const data = JSON.parse(document.getElementById("data").textContent);
const texts = { unit: "systemd unit", apparmor: "AppArmor profile" };

function el(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) e.setAttribute(key, value);
  e.append(...children.filter((c) => c !== null && c !== ""));
  return e;
}

// finding is the address of a search in this page.
function finding(query) {
  return "#find?" + new URLSearchParams(Object.entries(query).filter(([, v]) => v));
}

function clock(ms) {
  if (ms < 60000) return (ms / 1000).toFixed(1) + " s";
  const s = Math.round(ms / 1000);
  return s < 3600 ? Math.floor(s / 60) + " min " + (s % 60) + " s" : Math.floor(s / 3600) + " h " + (Math.floor(s / 60) % 60) + " min";
}

// factsOf unpacks the facts behind a need.
function factsOf(need) {
  const out = [];
  const f = need.f || [];
  for (let i = 0; i < f.length; i += 7) {
    out.push({
      program: data.programs[f[i]], operation: data.operations[f[i + 1]], call: data.calls[f[i + 2]],
      outcome: data.outcomes[f[i + 3]], count: f[i + 4], first: f[i + 5], last: f[i + 5] + f[i + 6],
    });
  }
  return out;
}

const factsShown = 12;

function factsTable(need) {
  const facts = factsOf(need);
  const box = el("div", { class: "facts" });
  if (!facts.length) return box;
  const body = el("tbody");
  const add = (f) => body.append(el("tr", {},
    el("td", {}, el("a", { href: finding({ by: f.program }) }, el("code", {}, f.program))),
    el("td", {}, el("code", {}, f.call)),
    el("td", {}, f.outcome),
    el("td", {}, f.operation && el("a", { href: finding({ in: f.operation }) }, f.operation)),
    el("td", {}, f.count + "×"),
    el("td", {}, f.first === f.last ? clock(f.first) : clock(f.first) + " – " + clock(f.last)),
  ));
  facts.slice(0, factsShown).forEach(add);
  const head = ["Program", "Call", "Outcome", "Operation", "Seen", "After"].map((h) => el("th", { scope: "col" }, h));
  box.append(el("table", { "aria-label": "Facts" }, el("thead", {}, el("tr", {}, ...head)), body));
  if (facts.length > factsShown) {
    box.append(button("Show all " + facts.length + " facts", (b) => {
      facts.slice(factsShown).forEach(add);
      b.remove();
    }));
  }
  return box;
}

function button(text, act) {
  const b = el("button", { type: "button" }, text);
  b.addEventListener("click", () => act(b));
  return b;
}

function ruleText(name) {
  const [grants, why] = data.rules[name] || ["", ""];
  return el("p", { class: "rule" }, "Rule ", el("b", {}, name), ": " + grants + "; " + why);
}

// linesOf lists where in the texts a need is granted.
let granted = null;
function linesOf(index) {
  if (!granted) {
    granted = new Map();
    for (const id of Object.keys(texts)) {
      for (const [number, line] of Object.entries(data.lines[id] || {})) {
        for (const g of line.g || []) {
          if (!granted.has(g)) granted.set(g, []);
          granted.get(g).push([id, number]);
        }
      }
    }
  }
  return granted.get(index) || [];
}

const kindTitles = { capability: "capability", change: "file", read: "file", socket: "socket", syscall: "call", argument: "argument", absent: "absent" };

// needItem is one need that opens to what stands behind it.
function needItem(index, here) {
  const need = data.needs[index];
  const head = el("summary", {}, el("span", { class: "tag" }, need.k === "exec" ? need.w : kindTitles[need.k] || need.l || ""), el("code", {}, need.n));
  if (need.w && need.w !== need.no && need.k !== "exec") head.append(" ", el("span", { class: "what" }, need.w.replaceAll(",", ", ")));
  if (need.no) head.append(el("span", { class: "no" }, "not granted: " + need.no));
  const item = el("details", { class: "item" }, head);
  item.addEventListener("toggle", () => {
    if (item.childElementCount > 1) return;
    item.append(factsTable(need));
    for (const r of need.r || []) item.append(ruleText(r));
    const also = linesOf(index).filter(([id, n]) => id + "-" + n !== here);
    if (also.length) {
      const links = also.slice(0, 20).map(([id, n]) => el("a", { href: "#" + id + "-" + n }, texts[id] + ", line " + n));
      item.append(el("p", { class: "also" }, here ? "Also behind: " : "Granted in: ", ...links, also.length > 20 ? "and " + (also.length - 20) + " more" : ""));
    }
  });
  return item;
}

const needsShown = 8;

// reasons is what stands behind a line of a text.
function reasons(id, number) {
  const line = data.lines[id][number];
  const box = el("div", { class: "reasons", role: "group", "aria-label": "Reasons for line " + number });
  if (line.m) box.append(el("p", {}, line.m));
  for (const r of line.r || []) box.append(ruleText(r));
  const needs = line.g || [];
  const add = (g) => needItem(g, id + "-" + number);
  box.append(...needs.slice(0, needsShown).map(add));
  if (needs.length > needsShown) {
    box.append(button("Show all " + needs.length + " needs", (b) => {
      b.replaceWith(...needs.slice(needsShown).map(add));
    }));
  }
  return box;
}
