// The views of the report, after tools.js.

// --- the corpus, as the page holds it; shapes are told in compact.py

const facts = parsed("facts");
const listed = all("listed");
const claims = later(() => all("rows"));
const numberOf = later(() => new Map(listed.map((row, number) => [row[0], number])));
const unpacked = new Map();

/** A document's text and readings; a few blocks stay unpacked. */
function documentAt(number) {
  const block = Math.floor(number / facts.block);
  if (!unpacked.has(block)) {
    if (unpacked.size > 3) unpacked.delete(unpacked.keys().next().value);
    unpacked.set(block, parsed(`documents-${block}`));
  }
  return unpacked.get(block)[number % facts.block];
}

const nameOf = (list, place) => typeof place === "number" ? list[place].name : place ?? "";
const labelOf = mention => facts.labels[mention[3]];
const claimLabel = facts.labels.find(label => label.name === facts.claim);
const asked = facts.asked.map(name => claimLabel.attributes.find(attribute => attribute.name === name));
const valueOf = (attribute, value) => attribute.values.length && typeof value === "number" ? attribute.values[value] : value ?? "";
const readerName = ([name, kind, campaign, pass]) =>
  kind === "gold" ? `adjudicated · ${campaign}` : `${name} (${kind}) · ${campaign}${pass ? ` · ${pass}` : ""}`;
const readerKey = ([name, , campaign, pass]) => [name, campaign, pass].filter(Boolean).join(" ");
const severalReaders = facts.readers.length > 1;
const inWords = { source: "who says", cue: "cue", agent: "who did it", target: "to whom", where: "where", quantity: "how many" };

// --- small tools

const spoken = written => written.replace("≥", "at least").replace("≤", "at most").replace("≈", "about").replace("..", " to ").replace("?", "an unknown number");

/** A number as it is written, told in words to those who hear it. */
const number = written => spoken(written) === written ? h("span", { class: "many" }, written) : h("span", { class: "many" }, h("span", { "aria-hidden": "true" }, written), h("span", { class: "sr" }, spoken(written)));

// --- tables that are searched, filtered, sorted and leafed through

const PAGE = 100;

/**
 * A table over many rows; only a page of them is ever in the document.
 * columns: {name, head, told, text(row), key(row), cell(row), wide, filter: "text" | [values], chosen(row)}
 */
function sheet({ section, title, hint, columns, rows, extra, noun, csv }) {
  const state = { search: "", filters: new Map(), sort: null, down: false, page: 0 };
  let found = [], words = null;
  const head = h("tr"), body = h("tbody"), status = h("p", { class: "status", role: "status" }), pages = h("div", { class: "pages" });
  const before = h("button", { type: "button", click: () => leaf(-1) }, "Previous");
  const after = h("button", { type: "button", click: () => leaf(1) }, "Next");
  const place = h("span");
  pages.append(before, place, after);

  const matches = (row, index) => {
    if (state.search && !state.search.split(/\s+/).every(word => words[index].includes(word))) return false;
    for (const [column, wanted] of state.filters) {
      if (Array.isArray(column.filter) ? column.chosen(row) !== wanted : !column.text(row).toLowerCase().includes(wanted)) return false;
    }
    return true;
  };
  const choose = () => {
    const list = rows();
    if (state.search) words ??= list.map(row => columns.map(column => column.text(row)).join(" ").toLowerCase());
    found = [];
    list.forEach((row, index) => { if (matches(row, index)) found.push(row); });
    if (state.sort) order();
    state.page = 0;
    draw();
  };
  const order = () => {
    const keys = new Map(found.map(row => [row, state.sort.key ? state.sort.key(row) : state.sort.text(row)]));
    const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b);
    const missing = key => key === "" || key === null;  // last, up or down
    found.sort((a, b) => {
      const [one, other] = [keys.get(a), keys.get(b)];
      if (missing(one) || missing(other)) return missing(one) - missing(other);
      return state.down ? compare(other, one) : compare(one, other);
    });
  };
  const shown = (from, to) => found.slice(from, to).map(row => h("tr", {}, columns.map(column =>
    h("td", { class: column.style ?? null, "data-name": column.head }, column.cell(row)))));
  const draw = (from = state.page * PAGE, to = from + PAGE) => {
    body.replaceChildren(...shown(from, to));
    const total = rows().length;
    status.textContent = found.length === total ? plural(total, noun) : `${format(found.length)} of ${plural(total, noun)}`;
    pages.hidden = found.length <= PAGE;
    place.textContent = `${format(from + 1)}–${format(Math.min(from + PAGE, found.length))} of ${format(found.length)}`;
    before.disabled = from === 0;
    after.disabled = from + PAGE >= found.length;
    none.hidden = found.length > 0;
  };
  const leaf = step => { state.page += step; draw(); table.scrollIntoView({ block: "start" }); };
  const sorted = column => {
    if (state.sort === column) state.down = !state.down; else Object.assign(state, { sort: column, down: false });
    for (const cell of head.children) cell.setAttribute("aria-sort", cell.column !== column ? "none" : state.down ? "descending" : "ascending");
    order();
    state.page = 0;
    draw();
  };
  for (const column of columns) {
    const cell = h("th", { scope: "col", "aria-sort": "none" }, h("button", { type: "button", title: column.told, click: () => sorted(column) }, column.head));
    cell.column = column;
    head.append(cell);
  }
  const soon = pause(choose, 90);
  const filter = column => {
    const set = value => { if (value) state.filters.set(column, value); else state.filters.delete(column); };
    if (!Array.isArray(column.filter)) {
      return h("label", { class: "narrow" }, column.head, h("input", { type: "search", input: event => { set(event.target.value.trim().toLowerCase()); soon(); } }));
    }
    return h("label", {}, column.head, h("select", { change: event => { set(event.target.value); choose(); } },
      h("option", { value: "" }, "all"), column.filter.map(value => h("option", { value }, value))));
  };
  const search = h("input", { type: "search", placeholder: "words that all stand in a row", input: event => { state.search = event.target.value.trim().toLowerCase(); soon(); } });
  const clear = () => {
    state.search = "";
    state.filters.clear();
    for (const field of controls.querySelectorAll("input, select")) field.value = "";
    choose();
  };
  const controls = h("div", { class: "controls", role: "search", "aria-label": title },
    h("label", { class: "search" }, "Search", search), h("button", { type: "button", click: clear }, "Clear"),
    h("details", { open: innerWidth > 700 }, h("summary", {}, "Filter by column"),
      h("div", { class: "controls" }, columns.filter(column => column.filter).map(filter))));
  const none = h("p", { class: "empty", hidden: true }, "No row fits. Clear the search or a filter.");
  const table = h("table", { class: "rows" }, h("thead", {}, head), body);
  const heading = h("h1", { id: `${section.id}-title`, tabindex: "-1" }, title);
  table.addEventListener("keydown", rove);
  section.replaceChildren(heading, hint ? h("p", { class: "hint" }, hint) : "", controls,
    h("div", { class: "bar" }, status, csv ? h("button", { type: "button", click: () => csv(found) }, "Save these rows as CSV") : null, extra ?? null),
    h("div", { class: "rows-frame" }, table), none, pages);
  const PRINTED = 2000;
  addEventListener("beforeprint", () => { if (!section.hidden) draw(0, PRINTED); });
  addEventListener("afterprint", () => { if (!section.hidden) draw(); });
  choose();
}

/** Up and down go from row to row. */
function rove(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = event.target.closest("tbody tr");
  if (!step || !row) return;
  const links = element => [...element.querySelectorAll("a")];
  const to = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  if (to) links(to)[Math.max(links(row).indexOf(event.target), 0)]?.focus();
  event.preventDefault();
}

// --- claims

const addressOf = (document, key, mention) => `#document/${[listed[document][0], key ?? "", mention ?? ""].map(encodeURIComponent).join("/")}`;
const address = (document, reader, mention) => addressOf(document, reader === undefined ? "" : readerKey(facts.readers[reader]), mention);
/** How the readings of a document are told apart: an annotator may have answered twice. */
const keysOf = readings => readings.map(([reader], at) => {
  const before = readings.slice(0, at).filter(other => other[0] === reader).length;
  return readerKey(facts.readers[reader]) + (before ? ` (${before + 1})` : "");
});
const endWords = ([text, gloss]) => gloss ? `${text} ${gloss}` : text;

function endCell(name, ends) {
  const item = ([text, gloss]) => name === "quantity" && gloss
    ? [number(gloss), " ", h("span", { class: "gloss" }, text)]
    : [text, gloss && !text.includes(gloss) ? h("span", { class: "gloss" }, ` = ${gloss}`) : null];
  return ends.length > 1 ? h("ul", {}, ends.map(end => h("li", {}, item(end)))) : ends.length ? item(ends[0]) : null;
}

function claimColumns() {
  const end = name => {
    const at = facts.ends.indexOf(name);
    const ends = row => row[8][at] ?? [];
    return {
      name, head: inWords[name] ?? name, told: facts.relations.find(each => each.name === name).means, filter: "text",
      text: row => ends(row).map(endWords).join(" "), cell: row => endCell(name, ends(row)),
      key: name === "quantity" ? row => ends(row).length ? ends(row)[0][2] ?? ends(row)[0][3] ?? null : null : null,
    };
  };
  const closed = (attribute, at) => ({
    name: attribute.name, head: attribute.name, told: attribute.means, filter: attribute.values,
    text: row => String(valueOf(attribute, row[7][at])), chosen: row => valueOf(attribute, row[7][at]),
    key: row => row[7][at] ?? null,
    cell: row => h("span", { class: `word ${valueOf(attribute, row[7][at]) === "negative" ? "negative" : ""}` }, String(valueOf(attribute, row[7][at]))),
  });
  const what = {
    name: "claim", head: "claim", told: "What is claimed; opens the claim where it stands.", style: "wide", filter: "text", text: row => row[5],
    cell: row => [h("a", { href: address(row[0], row[1], row[2]) }, row[5]), nameOf(facts.flags, row[6]) ? [" ", h("span", { class: "flag" }, nameOf(facts.flags, row[6]))] : null],
  };
  const reader = {
    name: "reading", head: "reading", told: "Whose reading it is.", filter: facts.readers.map(readerName),
    text: row => readerName(facts.readers[row[1]]), chosen: row => readerName(facts.readers[row[1]]), cell: row => readerName(facts.readers[row[1]]),
  };
  const where = {
    name: "document", head: "document", told: "The document that it stands in.", filter: "text", text: row => `${listed[row[0]][0]} ${listed[row[0]][1] ?? ""}`,
    style: "id", key: row => row[0], cell: row => listed[row[0]][1] ?? listed[row[0]][0],
  };
  const known = names => names.filter(name => facts.ends.includes(name));
  const others = facts.ends.filter(name => !(name in inWords));
  return [...known(["source", "cue"]).map(end), what, ...(known(["agent", "target"]).length === 2 ? [deed(end("agent"), end("target"))] : []),
    ...known(["where", "quantity"]).map(end), ...others.map(end), ...asked.map(closed), ...(severalReaders ? [reader] : []), where];
}

/** Who did it and to whom, in one column. */
const deed = (agent, target) => ({
  name: "deed", head: "who to whom", told: "Who did it, and to whom or to whose assets.", filter: "text",
  text: row => `${agent.text(row)} → ${target.text(row)}`.replace(/^ → $/, ""),
  cell: row => [agent.cell(row), target.text(row) ? [h("span", { class: "gloss" }, " → "), target.cell(row)] : null],
});

function showClaims(section) {
  sheet({
    section, title: "Claims", columns: claimColumns(), rows: claims, noun: "claim", csv: saveClaims,
    hint: "A claim says that somebody said so, not that it happened. " + (severalReaders
      ? "Every reading is here: choose one before counting." : "Do not add numbers up: some are parts of others."),
  });
}

const quoted = value => { const text = String(value ?? ""); return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text; };

/** The rows as CSV: a column for each end, several ends in one cell apart by a bar. */
function saveClaims(rows) {
  const head = ["doc_id", "reading", "kind", "campaign", "interface", "claim_id", "start", "end", "text", "flag", ...facts.asked,
    ...facts.ends, "lower", "upper"];
  const quantity = facts.ends.indexOf("quantity");
  const bound = (row, place) => (row[8][quantity] ?? []).map(end => end[place] ?? "").join(" | ");
  const lines = rows.map(row => [listed[row[0]][0], ...facts.readers[row[1]], ...row.slice(2, 6), nameOf(facts.flags, row[6]),
    ...asked.map((attribute, at) => valueOf(attribute, row[7][at])), ...row[8].map(ends => ends.map(end => end[0]).join(" | ")),
    bound(row, 2), bound(row, 3)]);
  const content = [head, ...lines].map(line => line.map(quoted).join(",")).join("\r\n") + "\r\n";
  const link = h("a", { href: URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" })), download: "claims.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// --- the list of documents

function showDocuments(section) {
  const plain = (name, head, at, more = {}) => ({
    name, head, told: "", text: row => String(row[at] ?? ""), key: row => row[at] ?? null, cell: row => String(row[at] ?? ""), ...more,
  });
  const values = at => [...new Set(listed.map(row => row[at] ?? ""))].filter(Boolean).sort();
  const some = (name, at) => values(at).length ? [plain(name, name, at, values(at).length < 40 ? { filter: values(at), chosen: row => row[at] } : { filter: "text" })] : [];
  const number = (head, at) => plain(head, head, at, { style: "number", cell: row => format(row[at]) });
  const place = new Map(listed.map((row, at) => [row, at]));
  const columns = [
    plain("document", "document", 0, {
      style: "wide", filter: "text", text: row => `${row[1] ?? ""} ${row[0]}`, key: row => row[1] ?? row[0],
      cell: row => [h("a", { href: address(place.get(row)) }, row[1] ?? row[0]), row[1] ? h("div", { class: "gloss" }, row[0]) : null],
    }),
    ...some("outlet", 2), ...some("published", 4), ...some("language", 5), ...some("split", 6), ...some("license", 7),
    {
      name: "readings", head: "readings", told: "Whose readings there are.", text: row => row[8].map(each => readerName(facts.readers[each])).join("; "),
      cell: row => row[8].length > 1 ? h("ul", {}, row[8].map(each => h("li", {}, readerName(facts.readers[each])))) : row[8].map(each => readerName(facts.readers[each])),
    },
    number("mentions", 9), number("claims", 10),
  ];
  sheet({ section, title: "Documents", columns, rows: () => listed, noun: "document" });
}

// --- one document

let open = null; // {number, place, marks, order, picked}

/** Where spans nest: for each mention how many lines it keeps below itself for those inside. */
function heights(mentions) {
  const up = mentions.map(() => 0);
  for (let one = mentions.length - 1; one >= 0; one--) {
    for (let other = one + 1; other < mentions.length && mentions[other][1] < mentions[one][2]; other++) {
      if (mentions[other][2] <= mentions[one][2]) up[one] = Math.max(up[one], up[other] + 1);
    }
  }
  return up;
}

/** The text with a mark around every mention; where two cross, the later one is drawn in two pieces. */
function drawn(text, mentions, marks) {
  const points = Array.from(text); // code points, as offsets count
  const edges = [...new Set(mentions.flatMap(mention => [mention[1], mention[2]]))].sort((a, b) => a - b);
  const up = heights(mentions), root = h("div", { class: "text", role: "group", "aria-label": "Text with mentions" });
  const stack = [{ element: root }];
  const top = () => stack[stack.length - 1];
  const slice = (from, to) => { if (to > from) top().element.append(points.slice(from, to).join("")); };
  const push = at => {
    const element = markOf(mentions[at], at, up[at], marks[at].length === 0);
    marks[at].push(element);
    top().element.append(element);
    stack.push({ element, at });
  };
  let from = 0, next = 0;
  for (const edge of edges) {
    slice(from, edge);
    from = edge;
    const kept = stack.filter(({ at }) => at !== undefined && mentions[at][2] > edge).map(({ at }) => at);
    const broken = stack.findIndex(({ at }) => at !== undefined && mentions[at][2] <= edge);
    const again = broken < 0 ? [] : kept.filter(at => stack.findIndex(each => each.at === at) > broken);
    while (broken >= 0 && stack.length > broken) shut(stack.pop(), mentions);
    again.forEach(push);
    while (next < mentions.length && mentions[next][1] === edge) push(next++);
  }
  slice(from, points.length);
  return root;
}
const shut = ({ element, at }, mentions) => element.append(h("span", { class: "tag" }, ` (end of ${layerName(mentions[at])}) `));
const layerName = mention => nameOf(facts.labels, mention[3]);
const layerClass = mention => typeof mention[3] === "number" ? `layer-${mention[3]} style-${mention[3] % 5}` : "style-0";

const markOf = (mention, at, up, first) => h("mark", {
  class: `${layerClass(mention)} up${Math.min(up, 5)} ${flagOf(mention) && first ? "flagged" : ""}`, "data-at": at, tabindex: "-1",
}, h("span", { class: "tag open" }, `${layerName(mention)}${first ? "" : ", continued"}${flagOf(mention) ? `, flag ${flagOf(mention)}` : ""} `));
const flagOf = mention => nameOf(facts.flags, mention[5]);

/** Attributes as [name, value] in words. */
function attributesOf(mention) {
  const declared = labelOf(mention)?.attributes ?? [];
  return (mention[4] ?? []).map((value, at) => at < declared.length ? [declared[at].name, valueOf(declared[at], value)] : value)
    .filter(([, value]) => value !== "" && value !== null).map(([name, value]) => [name, String(value)]);
}
const inBrief = mention => [layerName(mention), mention[9] ?? null, ...attributesOf(mention).filter(([name]) => !["lower", "upper", "gazetteer"].includes(name)).map(([, value]) => value),
  flagOf(mention) ? `flag: ${flagOf(mention)}` : null].filter(Boolean).join(" · ");

async function showDocument(section, docId, key, mentionId) {
  await loaded;
  const at = numberOf().get(docId);
  if (at === undefined) {
    section.replaceChildren(h("h1", { id: "view-document-title", tabindex: "-1" }, "No such document"), h("p", {}, h("a", { href: "#documents" }, "All documents")));
    return;
  }
  const [text, readings] = documentAt(at);
  const has = reading => reading[2]?.some(mention => mention[0] === mentionId);
  const same = readings.findIndex(reading => readerKey(facts.readers[reading[0]]) === key && has(reading));
  const named = keysOf(readings).indexOf(key);
  const place = Math.max(0, named >= 0 && (same < 0 || has(readings[named])) ? named : same);
  if (open?.number !== at || open.place !== place) drawDocument(section, at, text, readings, place);
  const chosen = (readings[place]?.[2] ?? []).findIndex(mention => mention[0] === mentionId);
  pick(chosen < 0 ? null : chosen, true);
}

function drawDocument(section, at, text, readings, place) {
  const reading = readings[place] ?? [null, "", [], [], []];
  const [, status = "", mentions = [], arrows = [], sums = [], note = ""] = reading;
  const marks = mentions.map(() => []);
  const paper = drawn(text, mentions, marks);
  open = { number: at, place, mentions, arrows, marks, paper, key: keysOf(readings)[place], picked: null, detail: h("section", { class: "detail", "aria-live": "polite", "aria-labelledby": "detail-title" }) };
  roveMarks(paper);
  const row = listed[at];
  const link = row[3] && /^https?:\/\//i.test(row[3]) ? h("a", { href: row[3], rel: "noopener noreferrer" }, row[3]) : row[3];
  const about = [row[1] ? row[0] : null, row[2], row[4], row[5], `split ${row[6]}`, `licence ${row[7]}`, link].filter(Boolean).map(each => h("span", {}, each));
  const step = (to, words) => to >= 0 && to < listed.length ? h("a", { href: address(to) }, words) : null;
  section.replaceChildren(
    h("p", { class: "back" }, h("a", { href: "#claims" }, "All claims"), h("a", { href: "#documents" }, "All documents"), step(at - 1, "Previous document"), step(at + 1, "Next document")),
    h("h1", { id: "view-document-title", tabindex: "-1" }, row[1] ?? row[0]), h("p", { class: "about" }, about), readers(at, readings, place),
    h("div", { class: "sheet" },
      h("div", { class: "paper" },
        mentions.length ? h("p", { class: "hint keys" }, "Tab goes into the text; arrow keys go from mention to mention, Enter shows what hangs together, Escape lets go.") : null,
        status === "skipped" ? h("p", { class: "hint" }, "The annotator passed this document over.") : null,
        paper),
      mentions.length ? h("div", { class: "side" },
        h("div", {}, open.detail, sumList(sums), remarks(note, reading[6]), declined(reading[8] ?? [])), h("div", {}, layerList(paper), claimList())) : null));
}

function readers(at, readings, place) {
  const name = reading => readerName(facts.readers[reading[0]]);
  if (!readings.length) return h("p", { class: "hint" }, "Nobody has read this document yet.");
  const kind = facts.readers[readings[place][0]][1];
  const made = { program: "made by a program", human: "made by a person", gold: "adjudicated", adjudicator: "made by an adjudicator" }[kind];
  if (readings.length === 1) return h("p", { class: "hint" }, `Reading: ${name(readings[0])} (${made}).`);
  const keys = keysOf(readings), again = number => keys[number].match(/ \(\d+\)$/)?.[0] ?? "";
  return h("fieldset", { class: "choice" }, h("legend", {}, "Reading"), readings.map((reading, number) =>
    h("label", {}, h("input", { type: "radio", name: "reading", checked: number === place, change: () => location.replace(addressOf(at, keys[number])) }), ` ${name(reading)}${again(number)}`)));
}

/** One stop for Tab; arrows go on from there. */
function roveMarks(paper) {
  const stop = at => {
    for (const mark of paper.querySelectorAll('mark[tabindex="0"]')) mark.tabIndex = -1;
    if (open.marks[at]) open.marks[at][0].tabIndex = 0;
  };
  const visible = at => open.marks[at] && !open.marks[at][0].classList.contains("off");
  const go = (at, step) => {
    while (open.marks[at] && !visible(at)) at += step;
    if (!open.marks[at]) return;
    stop(at);
    open.marks[at][0].focus();
  };
  const here = event => Number(event.target.closest("mark")?.dataset.at ?? -1);
  paper.addEventListener("keydown", event => {
    const at = here(event);
    const moves = { ArrowRight: [at + 1, 1], ArrowDown: [at + 1, 1], ArrowLeft: [at - 1, -1], ArrowUp: [at - 1, -1], Home: [0, 1], End: [open.marks.length - 1, -1] };
    if (event.key in moves) go(...moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") address_(at);
    else if (event.key === "Escape") address_(null);
    else return;
    event.preventDefault();
  });
  paper.addEventListener("click", event => {
    if (!getSelection().isCollapsed) return;
    const mark = event.target.closest("mark:not(.off)");
    address_(mark ? Number(mark.dataset.at) : null);
  });
  open.stop = stop;
  if (open.marks.length) stop(0);
}

/** Put what is picked into the address, so that it can be gone back to and sent on. */
function address_(at) {
  location.hash = addressOf(open.number, open.key, at === null ? "" : open.mentions[at][0]).slice(1);
}

/** Show a mention and what hangs together with it; null shows all alike. */
function pick(at, seen) {
  const { marks, paper, mentions } = open;
  for (const mark of paper.querySelectorAll(".picked, .tied")) mark.classList.remove("picked", "tied");
  for (const tag of paper.querySelectorAll(".tag.role")) tag.remove();
  paper.classList.toggle("focused", at !== null);
  open.picked = at;
  if (at !== null) {
    for (const mark of marks[at]) mark.classList.add("picked");
    for (const [other, role] of tiesOf(at)) {
      for (const mark of marks[other]) mark.classList.add("tied");
      marks[other][0].prepend(h("span", { class: "tag role", "aria-hidden": "true" }, role));
    }
    open.stop(at);
    if (seen) {
      marks[at][0].scrollIntoView({ block: "nearest", behavior: calm.matches ? "auto" : "smooth" });
      marks[at][0].focus({ preventScroll: true });
      $("tip").hidden = true; // what it says stands beside the text now
    }
  }
  if (mentions.length) detail(at);
  for (const item of document.querySelectorAll(".claim-list li")) item.classList.toggle("now", Number(item.dataset.at) === at);
}

/** [other mention, role] of everything tied to a mention; arrows that lead to it read the other way round. */
function tiesOf(at) {
  return [
    ...open.arrows.filter(([, head]) => head === at).map(([type, , tail]) => [tail, nameOf(facts.relations, type)]),
    ...open.arrows.filter(([, , tail]) => tail === at).map(([type, head]) => [head, `${nameOf(facts.relations, type)} of this`]),
  ];
}
const wordsOf = mention => Array.from(documentAt(open.number)[0]).slice(mention[1], mention[2]).join("");
const goTo = (at, ...content) => h("button", { type: "button", class: "link", click: () => address_(at) }, content.length ? content : wordsOf(open.mentions[at]));
const colouredLabel = mention => h("span", { class: `label ${typeof mention[3] === "number" ? `layer-${mention[3]}` : ""}` }, layerName(mention));

function detail(at) {
  const box = open.detail;
  box.classList.toggle("full", at !== null);
  if (at === null) {
    box.replaceChildren(h("h2", { id: "detail-title" }, "Nothing chosen"), h("p", { class: "hint" }, "Choose a mention in the text, or a claim from the list."));
    return;
  }
  const mention = open.mentions[at];
  const [id, start, end, , , , note, decided, votes, written] = mention;
  const facts_ = [...(written ? [["number", number(written)]] : []), ...attributesOf(mention), ["offsets", `${start} to ${end}`], ["id", id],
    ...(flagOf(mention) ? [["flag", h("span", { class: "flag" }, flagOf(mention))]] : []), ...(note ? [["note", note]] : []),
    ...(decided ? [["decided", decided]] : []), ...(votes?.length ? [["votes", votes.join(", ")]] : [])];
  const ties = tiesOf(at);
  box.replaceChildren(
    h("h2", { id: "detail-title" }, colouredLabel(mention)), h("p", { class: "quote" }, wordsOf(mention)),
    h("dl", {}, facts_.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    ties.length ? h("dl", { class: "ties" }, ties.map(([other, role]) => [h("dt", {}, role), h("dd", {}, goTo(other), open.mentions[other][9] ? [" ", number(open.mentions[other][9])] : null)])) : null,
    h("button", { type: "button", click: () => address_(null) }, "Let go"));
}

/** The algebra of counts: 38 = 34 + 2..4. */
function sumList(sums) {
  if (!sums.length) return null;
  const count = at => goTo(at, number(open.mentions[at][9] ?? wordsOf(open.mentions[at])));
  const sign = (shown, words) => h("span", { class: "sign" }, h("span", { "aria-hidden": "true" }, shown), h("span", { class: "sr" }, words));
  const marks = { sums: ["good", "adds up"], may: ["may", "may add up"], less: ["bad", "parts missing"], more: ["bad", "too many"], differs: ["bad", "differs"] };
  const equals = { sums: ["=", " equals "], may: ["=", " may equal "], less: ["≠", " does not equal "], more: ["≠", " does not equal "] };
  const line = ([kind, whole, parts, state, total, told = ""]) => {
    const joined = between => parts.map((part, place) => [place ? between() : null, count(part)]);
    const formula = kind === "part_of" ? [count(whole), sign(...equals[state]), joined(() => sign("+", " plus "))]
      : kind === "adds_to" ? [count(whole), sign("+", " and on top "), joined(() => sign("+", " plus ")), sign("=", " equals "), number(total)]
        : [count(whole), sign(state === "sums" ? "≡" : "≢", " said again as "), joined(() => sign("≡", " and "))];
    const verdict = kind === "restates" && state === "sums" ? ["good", "said again"] : marks[state];
    return h("li", {}, h("div", { class: "sum" }, formula), h("div", {}, verdict ? h("span", { class: `verdict ${verdict[0]}` }, verdict[1]) : null, told ? [verdict ? " " : "", told] : null),
      h("div", { class: "gloss" }, [whole, ...parts].map((at, place) => [place ? "; " : "", wordsOf(open.mentions[at])])));
  };
  return h("section", { class: "sums" }, h("h2", {}, "How the numbers hang together"), h("ul", {}, sums.map(line)));
}

function layerList(paper) {
  const present = [...new Set(open.mentions.map(mention => mention[3]))].sort((a, b) => collator.compare(a, b));
  const turn = (label, on) => open.mentions.forEach((mention, at) => {
    if (mention[3] === label) for (const mark of open.marks[at]) mark.classList.toggle("off", !on);
  });
  const sample = label => h("span", { class: `sample ${typeof label === "number" ? `layer-${label} style-${label % 5}` : ""}` }, nameOf(facts.labels, label));
  return h("section", { class: "layers" }, h("h2", {}, "Layers"),
    present.map(label => h("label", { title: facts.labels[label]?.means },
      h("input", { type: "checkbox", checked: true, change: event => turn(label, event.target.checked) }),
      sample(label), h("span", { class: "gloss" }, format(open.mentions.filter(mention => mention[3] === label).length)))),
    h("label", { class: "keys" }, h("input", { type: "checkbox", change: event => paper.classList.toggle("named", event.target.checked) }), "name them in the text"));
}

function claimList() {
  const places = open.mentions.map((mention, at) => at).filter(at => layerName(open.mentions[at]) === facts.claim);
  if (!places.length) return null;
  const ends = (at, type) => open.arrows.filter(([kind, head]) => head === at && nameOf(facts.relations, kind) === type).map(([, , tail]) => tail);
  const who = at => ends(at, "source").map(tail => wordsOf(open.mentions[tail])).join(", ") || "nobody named";
  const item = at => {
    const negative = attributesOf(open.mentions[at]).some(([, value]) => value === "negative");
    return h("li", { "data-at": at }, h("div", { class: "gloss" }, who(at), ends(at, "cue").map(tail => ` · ${wordsOf(open.mentions[tail])}`),
      negative ? [" ", h("span", { class: "word negative" }, "denied")] : null),
    goTo(at), ends(at, "quantity").map((tail, place) => [place ? ", " : " ", number(open.mentions[tail][9] ?? "")]));
  };
  return h("section", { class: "claim-list" }, h("h2", {}, plural(places.length, "claim")), h("ol", {}, places.map(item)));
}

function remarks(note, kept) {
  const marked = open.mentions.map((mention, at) => [mention, at]).filter(([mention]) => flagOf(mention) || mention[6]);
  if (!marked.length && !note && !kept) return null;
  return h("section", { class: "remarks" }, h("h2", {}, "Flags and notes"), h("ul", {},
    note ? h("li", {}, "On the document: ", note) : null,
    marked.map(([mention, at]) => h("li", {}, flagOf(mention) ? [h("span", { class: "flag" }, flagOf(mention)), " "] : null, goTo(at), mention[6] ? `: ${mention[6]}` : null)),
    kept ? h("li", {}, `${plural(kept, "part")} of the answer that the schema does not know`) : null));
}

/** What annotators marked and whoever adjudicated did not take. */
function declined(given) {
  if (!given.length) return null;
  const item = ([label, text, values, votes]) => h("li", {}, `${nameOf(facts.labels, label)} “${text}”${values ? ` (${values})` : ""}: ${votes.join(", ")}`);
  return h("section", { class: "remarks declined" }, h("h2", {}, `${plural(given.length, "reading")} declined`), h("ul", {}, given.map(item)));
}

// --- what a mention is, where the pointer or the focus is

function tell(event) {
  const mark = event.target.closest?.("mark:not(.off)");
  const tip = $("tip");
  tip.hidden = !mark || !open;
  if (tip.hidden) return;
  tip.textContent = inBrief(open.mentions[Number(mark.dataset.at)]);
  const boxes = mark.getClientRects();
  const box = [...boxes].find(each => event.clientY >= each.top && event.clientY <= each.bottom) ?? boxes[0];
  tip.style.left = `${Math.max(8, Math.min(event.clientX ?? box.left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${box.top > tip.offsetHeight + 12 ? box.top - tip.offsetHeight - 6 : box.bottom + 6}px`;
}
for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, tell);
document.addEventListener("keydown", event => { if (event.key === "Escape") $("tip").hidden = true; });
addEventListener("scroll", () => { $("tip").hidden = true; }, { passive: true, capture: true });

// --- from address to view

const made = new Set(), scrolled = new Map();
const views = { claims: showClaims, documents: showDocuments };
let current = null;

async function route() {
  const [view, ...rest] = location.hash.slice(1).split("/").map(part => { try { return decodeURIComponent(part); } catch { return part; } });
  if (view === "main") return;
  const name = ["figures", "claims", "documents", "document"].includes(view) ? view : "figures";
  const fresh = current !== name || (name === "document" && open && listed[open.number][0] !== rest[0]);
  if (current) scrolled.set(current, scrollY);
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `view-${name}`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}` || (name === "document" && link.hash === "#documents")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const first = current === null;
  current = name;
  if (name in views && !made.has(name)) { made.add(name); views[name]($(`view-${name}`)); }
  if (fresh) scrollTo({ top: name === "document" ? 0 : scrolled.get(name) ?? 0, behavior: "instant" });
  if (name === "document") await showDocument($("view-document"), ...rest);
  if (fresh && !first && !rest[2]) document.querySelector(`#view-${name} h1`)?.focus({ preventScroll: true });
}
document.querySelector("nav").hidden = false;
addEventListener("hashchange", route);
route().then(() => { document.documentElement.dataset.ready = "yes"; });
