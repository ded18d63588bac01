// A sentence with every annotator's spans under it, after tools.js. Shapes of what the page holds: passages.py.

const facts = parsed("facts");
const passages = all("passages");
const SIGNS = { missed: "∅", boundary: "⇔", label: "≠", attribute: "?", nesting: "⊂", relation: "→" };
const PAGE = 25, PRINTED = 300, LANE = 20, TEXT = 27;

// --- one passage

let made = 0;

/** A passage with those of its lines whose places are ``mine``, and the rows of the annotators that are in ``only``. */
function card(at, mine, only = null) {
  const [docId, title, campaign, pass, start, text, readers, all_] = passages[at];
  const shown = readers.filter(reader => !only || only.includes(reader[0]));
  const chosen = new Set(mine), id = `card-${++made}`;
  const staff = h("div", { class: "staff" }, h("p", { class: "words" }, text));
  staff.passage = { text, readers: readers.map(reader => shown.includes(reader) ? reader : null), lines: all_.map((line, number) => chosen.has(number) ? line : null) };
  const list = h("ul", { class: "lines" }, mine.map(place => lineOf(all_[place], place, staff)));
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

/** Show everything that is disagreed about in one sentence, whatever was chosen. */
function widen(event, at) {
  const here = event.target.closest(".card"), whole = card(at, passages[at][7].map((line, place) => place));
  here.replaceWith(whole);
  lay(whole.querySelector(".staff"));
  whole.focus({ preventScroll: true });
}

const layer = name => facts.labels.indexOf(name);
const nameTag = at => h("span", { class: `label ${layer(facts.names[at]) >= 0 ? `layer-${layer(facts.names[at])}` : ""}` }, facts.names[at]);

function lineOf(line, number, staff) {
  const [kind, names, detail, pairs, sides] = line;
  const name = facts.kinds[kind].name;
  const called = name === "missed" && facts.alone && sides.at(-1)[1].startsWith("nothing") ? facts.alone : name;
  const light = on => () => {
    staff.classList.toggle("picking", on);
    for (const element of staff.querySelectorAll("[data-lines]")) {
      element.classList.toggle("lit", on && element.dataset.lines.split(" ").includes(String(number)));
    }
  };
  const people = who => who.map(one => facts.annotators[one]).join(", ");
  return h("li", { pointerenter: light(true), pointerleave: light(false) },
    h("p", { class: "what" },
      h("span", { class: "kind", title: facts.kinds[kind].means }, h("span", { class: "sign", "aria-hidden": "true" }, SIGNS[name]), called),
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

const layAll = () => { for (const staff of document.querySelectorAll(".staff")) if (staff.offsetParent) lay(staff); };
let wide = innerWidth;
addEventListener("resize", pause(() => { if (innerWidth !== wide) { wide = innerWidth; layAll(); } }, 60));
const onPaper = on => document.documentElement.classList.toggle("on-paper", on);
