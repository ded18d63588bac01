// The explorer, after tools.js. Shapes of what the page holds are told in passages.py.

const facts = parsed("facts");
const passages = all("passages");
const SIGNS = { missed: "∅", boundary: "⇔", label: "≠", attribute: "?", nesting: "⊂", relation: "→" };
const PAGE = 25, PRINTED = 300, LANE = 20, TEXT = 27;

// --- what stands on the page, as lines that are looked through

/** Every line once: {passage, line, kind, names, pairs, words}. */
const lines = passages.flatMap((passage, at) => passage[7].map((line, place) => ({
  at, place, kind: line[0], names: line[1], pairs: line[3],
})));
const heard = later(() => passages.map(passage => [
  passage[0], passage[1] ?? "", passage[5],
  ...passage[7].flatMap(line => [line[2], ...line[4].map(side => side[1])]), ...passage[8].flatMap(note => note.slice(1)),
].join(" ").toLowerCase()));

const state = { kinds: new Set(), name: "", one: "", other: "", search: "", page: 0, now: -1 };
let found = []; // [passage, its lines that fit]

const within = (pairs, one, other) => pairs.filter(pair => (one === "" || pair.includes(one)) && (other === "" || pair.includes(other)));
const tests = {
  kinds: line => !state.kinds.size || state.kinds.has(line.kind),
  name: line => state.name === "" || line.names.includes(state.name),
  pairs: line => within(line.pairs, state.one, state.other).length > 0,
  search: line => !state.search || state.search.split(/\s+/).every(word => heard()[line.at].includes(word)),
};
const fits = (line, but) => Object.entries(tests).every(([name, test]) => name === but || test(line));
const weigh = line => within(line.pairs, state.one, state.other).length;

/** How many disagreements each choice of one filter would leave, all others as they are. */
function counted(filter, choices) {
  const counts = new Map();
  for (const line of lines) {
    if (fits(line, filter)) for (const choice of choices(line)) counts.set(choice, (counts.get(choice) ?? 0) + weigh(line));
  }
  return counts;
}

// --- the page

const status = h("p", { class: "status", role: "status" });
const cards = h("div", { class: "cards" });
const none = h("p", { class: "empty", hidden: true }, "Nothing fits. Clear the search or a filter.");
const before = h("button", { type: "button", click: () => leaf(-1) }, "Previous");
const after = h("button", { type: "button", click: () => leaf(1) }, "Next");
const place = h("span");
const pages = h("div", { class: "pages" }, before, place, after);
const chips = facts.kinds.map((kind, at) => h("button", {
  type: "button", class: "chip", "aria-pressed": "false", title: kind.means,
  click: () => { if (!state.kinds.delete(at)) state.kinds.add(at); choose(); },
}, h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[kind.name]), h("b", {}, kind.name), " ", h("span", { class: "count" })));

const select = (label, list, key) => {
  const field = h("select", { change: event => { state[key] = event.target.value === "" ? "" : Number(event.target.value); choose(); } },
    h("option", { value: "" }, "all"), list.map((name, at) => h("option", { value: at }, name)));
  field.key = key;
  return h("label", {}, label, field);
};
const soon = pause(() => choose(), 90);
const search = h("input", { type: "search", placeholder: "words that all stand in a sentence or its notes", input: event => { state.search = event.target.value.trim().toLowerCase(); soon(); } });
const controls = h("div", { class: "controls", role: "search", "aria-label": "Disagreements" },
  h("label", { class: "search" }, "Search", search), select("Label or relation", facts.names, "name"),
  select("Annotator", facts.annotators, "one"), select("and", facts.annotators, "other"),
  h("button", { type: "button", click: () => clear() }, "Clear"));

function clear() {
  Object.assign(state, { kinds: new Set(), name: "", one: "", other: "", search: "" });
  for (const field of controls.querySelectorAll("input, select")) field.value = "";
  choose();
}

function choose() {
  const by = new Map();
  let total = 0;
  for (const line of lines) {
    if (!fits(line)) continue;
    total += weigh(line);
    if (by.has(line.at)) by.get(line.at).push(line); else by.set(line.at, [line]);
  }
  found = [...by];
  Object.assign(state, { page: 0, now: -1 });
  const documents = new Set(found.map(([at]) => passages[at][0])).size;
  const passed = found.length === passages.length ? plural(found.length, "sentence") : `${format(found.length)} of ${plural(passages.length, "sentence")}`;
  status.textContent = `${plural(total, "disagreement")} in ${passed}, ${plural(documents, "document")}`;
  tell();
  draw();
}

/** Put the counts beside the choices. */
function tell() {
  const kinds = counted("kinds", line => [line.kind]);
  chips.forEach((chip, at) => {
    chip.setAttribute("aria-pressed", state.kinds.has(at));
    chip.querySelector(".count").textContent = format(kinds.get(at) ?? 0);
  });
  const people = key => line => new Set(line.pairs.flatMap(pair => key === "other" && state.one !== "" && !pair.includes(state.one) ? [] : pair).filter(one => key === "one" || one !== state.one));
  const lists = { name: counted("name", line => line.names), one: counted("pairs", people("one")), other: counted("pairs", people("other")) };
  const names = { name: facts.names, one: facts.annotators, other: facts.annotators };
  for (const field of controls.querySelectorAll("select")) {
    for (const option of field.options) {
      if (option.value === "") continue;
      const at = Number(option.value), count = lists[field.key].get(at) ?? 0;
      option.textContent = field.key === "name" ? `${names.name[at]} (${format(count)})` : names[field.key][at];
      option.hidden = field.key === "name" && !count && state.name !== at;
      option.disabled = field.key === "other" && at === state.one;
    }
  }
}

function draw(from = state.page * PAGE, to = from + PAGE) {
  cards.replaceChildren(...found.slice(from, to).map(([at, mine]) => card(at, mine)));
  pages.hidden = found.length <= PAGE;
  place.textContent = `${format(from + 1)}–${format(Math.min(to, found.length))} of ${format(found.length)}`;
  before.disabled = from === 0;
  after.disabled = to >= found.length;
  none.hidden = found.length > 0;
  layAll();
}
function leaf(step) {
  state.page += step;
  state.now = -1;
  draw();
  scrollTo({ top: cards.getBoundingClientRect().top + scrollY - 70, behavior: "instant" });
}

// --- one passage

function card(at, mine) {
  const [docId, title, campaign, pass, start, text, readers, all_] = passages[at];
  const shown = readers.filter(reader => state.one === "" || state.other === "" || [state.one, state.other].includes(reader[0]));
  const chosen = new Set(mine.map(line => line.place));
  const id = `card-${at}`;
  const staff = h("div", { class: "staff" }, h("p", { class: "words" }, text));
  staff.passage = { text, readers: readers.map(reader => shown.includes(reader) ? reader : null), lines: all_.map((line, number) => chosen.has(number) ? line : null) };
  const list = h("ul", { class: "lines" }, mine.map(line => lineOf(all_[line.place], line, staff)));
  const rest = all_.length - mine.length;
  const links = readers.filter(reader => facts.address && reader[2] !== null);
  const tasks = new Map(links.map(reader => [`${facts.address}/projects/${reader[1]}/data?task=${reader[2]}`, reader[2]]));
  return h("article", { class: "card", tabindex: "-1", "aria-labelledby": id, "data-at": at },
    h("header", {}, h("h2", { id }, title ?? docId), title ? h("span", {}, docId) : null, h("span", {}, `from ${format(start)}`),
      facts.campaigns.length > 1 ? h("span", {}, facts.campaigns[campaign]) : null,
      facts.interfaces.length > 1 ? h("span", {}, facts.interfaces[pass]) : null,
      tasks.size ? h("span", { class: "links" }, [...tasks].map(([address, task], n) => [n ? ", " : "", h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, `Task ${task} in Label Studio`)])) : null),
    staff, list, notesOf(passages[at][8]),
    rest ? h("p", { class: "others" }, h("button", { type: "button", class: "link", click: event => widen(event, at) }, `${plural(rest, "other")} in this sentence`)) : null);
}

/** Show everything that is disagreed about in one sentence, whatever the filters say. */
function widen(event, at) {
  const here = event.target.closest(".card"), whole = card(at, lines.filter(line => line.at === at));
  here.replaceWith(whole);
  lay(whole.querySelector(".staff"));
  whole.focus({ preventScroll: true });
}

const layer = name => facts.labels.indexOf(name);
const nameTag = at => h("span", { class: `label ${layer(facts.names[at]) >= 0 ? `layer-${layer(facts.names[at])}` : ""}` }, facts.names[at]);

function lineOf(line, { place: number }, staff) {
  const [kind, names, detail, pairs, sides] = line;
  const name = facts.kinds[kind].name;
  const light = on => () => {
    staff.classList.toggle("picking", on);
    for (const element of staff.querySelectorAll("[data-lines]")) {
      element.classList.toggle("lit", on && element.dataset.lines.split(" ").includes(String(number)));
    }
  };
  const people = who => who.map(one => facts.annotators[one]).join(", ");
  return h("li", { pointerenter: light(true), pointerleave: light(false) },
    h("p", { class: "what" },
      h("span", { class: "kind", title: facts.kinds[kind].means }, h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[name]), name),
      h("span", {}, names.map(nameTag)), detail ? h("span", { class: "detail" }, detail) : null,
      pairs.length > 1 ? h("span", { class: "pairs" }, plural(pairs.length, "pair")) : null),
    h("dl", { class: "sides" }, sides.map(([who, words]) => [h("dt", {}, people(who)), h("dd", { class: words.startsWith("nothing") ? "nothing" : null }, words)])));
}

function notesOf(notes) {
  if (!notes.length) return null;
  return h("ul", { class: "notes" }, notes.map(([who, words, flag, note]) => h("li", {},
    h("span", { class: "who-said" }, facts.annotators[who]), words ? ` on ${words}: ` : " on the document: ",
    flag ? [h("span", { class: "flag" }, flag), " "] : null, note)));
}

// --- spans under their words

/** Where each code point stands among the UTF-16 units of a text; the last entry is its length. */
function unitsOf(text) {
  const units = [0];
  for (const point of text) units.push(units[units.length - 1] + point.length);
  return units;
}

/** What each row shows, in lanes: outer spans above those inside them. */
function rowsOf({ readers, lines: told }) {
  return readers.map((reader, row) => {
    if (!reader) return null;
    const linesAt = place => told.flatMap((line, number) => line?.[4].some(side => side[2].some(([r, p]) => r === row && p === place)) ? [number] : []);
    const short = numbers => numbers.flatMap(number => told[number][4].filter(side => side[0].includes(reader[0]) && side[3]).map(side => side[3]));
    const items = reader[3].map(([start, end, label, answers], place) => {
      const numbers = linesAt(place);
      return { start, end, label, answers, lines: numbers, short: short(numbers) };
    });
    told.forEach((line, number) => {
      for (const [r, start, end] of line?.[5] ?? []) if (r === row) items.push({ start, end, gap: true, lines: [number] });
    });
    items.sort((a, b) => a.start - b.start || b.end - a.end || Number(a.gap ?? 0) - Number(b.gap ?? 0));
    const lanes = [];
    for (const item of items) {
      let lane = lanes.findIndex(end => end <= item.start);
      if (lane < 0) lane = lanes.push(0) - 1;
      lanes[lane] = item.end;
      item.lane = lane;
    }
    return { name: facts.annotators[reader[0]], items, lanes: Math.max(lanes.length, 1) };
  });
}

/** Draw the rows of one passage under each of its lines, as the lines are broken now. */
function lay(staff) {
  const words = staff.firstElementChild, node = words.firstChild;
  const rows = rowsOf(staff.passage).filter(Boolean);
  const lanes = rows.reduce((sum, row) => sum + row.lanes, 0), height = lanes * LANE + rows.length * 3 + 6;
  words.style.lineHeight = `${TEXT + height}px`;
  words.style.top = `${-height / 2}px`;
  for (const drawn of [...staff.children].slice(1)) drawn.remove();
  const origin = staff.getBoundingClientRect(), units = unitsOf(staff.passage.text);
  const boxes = (start, end) => {
    const range = document.createRange();
    range.setStart(node, units[start]);
    range.setEnd(node, units[end]);
    return [...range.getClientRects()].filter(box => box.width > 0.5);
  };
  const edge = words.getBoundingClientRect().right;
  /** One box for each line that a span runs through; white space that hangs over the edge is none. */
  const parts = (start, end) => {
    const byLine = new Map();
    for (const box of boxes(start, end)) {
      const line = lineAt(box), known = byLine.get(line);
      byLine.set(line, { left: Math.min(box.left, known?.left ?? box.left), right: Math.max(Math.min(box.right, edge), known?.right ?? 0) });
    }
    return [...byLine].filter(([, box]) => box.right - box.left > 0.5);
  };
  const left = words.getBoundingClientRect().left - origin.left;
  const tops = [...new Set(boxes(0, units.length - 1).map(box => Math.round(box.bottom - origin.top)))].sort((a, b) => a - b)
    .filter((top, at, list) => !at || top - list[at - 1] > TEXT / 2);
  const lineAt = box => tops.reduce((best, top) => Math.abs(top - box.bottom + origin.top) < Math.abs(best - box.bottom + origin.top) ? top : best, tops[0]);
  const pieces = [];
  const put = (element, x, y, wide) => {
    element.style.top = `${y}px`;
    if (x !== null) element.style.left = `${x}px`;
    if (wide) element.style.width = `${wide}px`;
    pieces.push(element);
  };
  let down = 2;
  for (const row of rows) {
    for (const top of tops) {
      put(h("span", { class: "stave" }), left, top + down - 2);
      put(h("span", { class: "who", title: row.name }, row.name), null, top + down + 1);
    }
    for (const item of row.items) {
      const pieces_ = parts(item.start, item.end);
      pieces_.forEach(([line, box], number) => {
        const element = item.gap ? h("span", { class: "gap" }) : bar(item, number, pieces_.length);
        element.dataset.lines = item.lines.join(" ");
        put(element, box.left - origin.left, line + down + item.lane * LANE, box.right - box.left);
      });
    }
    down += row.lanes * LANE + 3;
  }
  staff.append(h("div", { "aria-hidden": "true" }, pieces));
}

const bar = ({ label, answers, short, lines: told }, number, of) => h("span", {
  class: `span layer-${label} ${told.length ? "rival" : ""} ${number < of - 1 ? "goes-on" : ""} ${number ? "came" : ""}`,
  title: `${facts.labels[label]}${answers ? `: ${answers}` : ""}`,
}, number ? "…" : [facts.labels[label], short.length ? h("span", { class: "value" }, ` ${short.join(" · ")}`) : null]);

const layAll = () => { for (const staff of cards.querySelectorAll(".staff")) lay(staff); };
let wide = innerWidth;
addEventListener("resize", pause(() => { if (innerWidth !== wide) { wide = innerWidth; layAll(); } }, 60));
const paper = on => { document.documentElement.classList.toggle("on-paper", on); };
addEventListener("beforeprint", () => { paper(true); draw(0, PRINTED); });
addEventListener("afterprint", () => { paper(false); draw(); });

// --- keys

function go(step) {
  const shown = [...cards.children];
  const next = state.now + step;
  if (next >= shown.length && !after.disabled) { leaf(1); go(1); return; }
  if (next < 0 && !before.disabled) { leaf(-1); state.now = cards.children.length; go(-1); return; }
  const to = shown[Math.max(0, Math.min(next, shown.length - 1))];
  if (!to) return;
  for (const each of shown) each.classList.toggle("now", each === to);
  state.now = shown.indexOf(to);
  to.focus({ preventScroll: true });
  to.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
}
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
  const moves = { j: () => go(1), k: () => go(-1), "/": () => search.focus() };
  if (!(event.key in moves)) return;
  moves[event.key]();
  event.preventDefault();
});

$("explorer").append(
  controls, h("fieldset", { class: "kinds" }, h("legend", {}, "Kind"), chips),
  h("div", { class: "bar stick" }, status, h("span", { class: "keys" }, h("kbd", {}, "j"), " next, ", h("kbd", {}, "k"), " previous, ", h("kbd", {}, "/"), " search")),
  none, cards, pages);
choose();
document.fonts.ready.then(() => { document.documentElement.dataset.ready = "yes"; });
