// The views of the corpus report. Loaded after tools.js. The arrays are documented in corpus_packer.py.

// --- data

const pageData = parseBlock("page-data");
const summaries = parseBlocks("summaries");
const documentIndexes = lazy(() => new Map(summaries.map((row, number) => [row[0], number])));
const parsedBlocks = new Map();

/** Return [text, annotations] of a document; the last few blocks stay parsed. */
function loadDocument(number) {
  const block = Math.floor(number / pageData.block_size);
  if (!parsedBlocks.has(block)) {
    if (parsedBlocks.size > 3) parsedBlocks.delete(parsedBlocks.keys().next().value);
    parsedBlocks.set(block, parseBlock(`documents-${block}`));
  }
  return parsedBlocks.get(block)[number % pageData.block_size];
}

const nameOf = (list, index) => typeof index === "number" ? list[index].name : index ?? "";
const titleOf = (list, index) => typeof index === "number" ? list[index].title || list[index].name : index ?? "";
const labelOf = mention => pageData.labels[mention[3]];
const valueOf = (attribute, value) => attribute.values.length && typeof value === "number" ? attribute.values[value] : value ?? "";
const annotatorTitle = ([name, kind, campaign, pass, role], decided = "adjudicated") =>
  kind === "gold" ? `${decided} · ${campaign}` : `${name} (${[kind, role].filter(Boolean).join(", ")}) · ${campaign}${pass ? ` · ${pass}` : ""}`;
const annotatorKey = ([name, , campaign, pass]) => [name, campaign, pass].filter(Boolean).join(" ");
const severalAnnotators = pageData.annotators.length > 1;
/** The labels whose relations make a table, each with its rows, attributes and relations. */
const frames = pageData.frames.map(frame => {
  const label = pageData.labels.find(each => each.name === frame.label);
  return {
    ...frame, noun: [frame.singular, frame.plural], rows: lazy(() => parseBlocks(frame.view)),
    attributes: frame.attributes.map(name => label.attributes.find(attribute => attribute.name === name)),
    relations: frame.relations.map(name => pageData.relations.find(each => each.name === name)),
  };
});
const isSigned = (attribute, value) => Boolean(attribute.signs?.[attribute.values.indexOf(value)]);

const spellNumber = written => written.replace("≥", "at least").replace("≤", "at most").replace("≈", "about").replace("..", " to ").replace("?", "an unknown number");

/** Build a number in notation, with words for screen readers. */
const buildNumber = written => spellNumber(written) === written ? h("span", { class: "quantity" }, written) : h("span", { class: "quantity" }, h("span", { "aria-hidden": "true" }, written), h("span", { class: "sr-only" }, spellNumber(written)));

// --- tables with search, filters, sorting and pages

const PAGE_SIZE = 100, PRINT_LIMIT = 2000;

/**
 * Build a table over many rows; only one page of them is in the document.
 * Columns: {head, hint, text(row), key(row), cell(row), style, filter: "text" | [values], value(row)}.
 */
function buildTable({ section, title, hint, columns, rows, noun, saveCsv }) {
  const state = { search: "", filters: new Map(), sort: null, descending: false, page: 0 };
  let found = [], searchTexts = null;
  const head = h("tr"), body = h("tbody"), status = h("p", { class: "status", role: "status" }), pages = h("div", { class: "pages" });
  const previous = h("button", { type: "button", click: () => turnPage(-1) }, "Previous");
  const next = h("button", { type: "button", click: () => turnPage(1) }, "Next");
  const position = h("span");
  pages.append(previous, position, next);

  const matches = (row, index) => {
    if (state.search && !state.search.split(/\s+/).every(word => searchTexts[index].includes(word))) return false;
    for (const [column, value] of state.filters) {
      if (Array.isArray(column.filter) ? column.value(row) !== value : !column.text(row).toLowerCase().includes(value)) return false;
    }
    return true;
  };
  const applyFilters = () => {
    const list = rows();
    if (state.search) searchTexts ??= list.map(row => columns.map(column => column.text(row)).join(" ").toLowerCase());
    found = [];
    list.forEach((row, index) => { if (matches(row, index)) found.push(row); });
    if (state.sort) sortRows();
    state.page = 0;
    draw();
  };
  const sortRows = () => {
    const keys = new Map(found.map(row => [row, state.sort.key ? state.sort.key(row) : state.sort.text(row)]));
    const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b);
    const isMissing = key => key === "" || key === null;  // last in either direction
    found.sort((a, b) => {
      const [one, other] = [keys.get(a), keys.get(b)];
      if (isMissing(one) || isMissing(other)) return isMissing(one) - isMissing(other);
      return state.descending ? compare(other, one) : compare(one, other);
    });
  };
  const buildRows = (from, to) => found.slice(from, to).map(row => h("tr", {}, columns.map(column =>
    h("td", { class: column.style ?? null, "data-name": column.head }, column.cell(row)))));
  const draw = (from = state.page * PAGE_SIZE, to = from + PAGE_SIZE) => {
    body.replaceChildren(...buildRows(from, to));
    const total = rows().length;
    status.textContent = found.length === total ? formatCount(total, noun) : `${formatNumber(found.length)} of ${formatCount(total, noun)}`;
    pages.hidden = found.length <= PAGE_SIZE;
    position.textContent = `${formatNumber(from + 1)}–${formatNumber(Math.min(from + PAGE_SIZE, found.length))} of ${formatNumber(found.length)}`;
    previous.disabled = from === 0;
    next.disabled = from + PAGE_SIZE >= found.length;
    empty.hidden = found.length > 0;
  };
  const turnPage = step => { state.page += step; draw(); table.scrollIntoView({ block: "start" }); };
  const toggleSort = column => {
    if (state.sort === column) state.descending = !state.descending; else Object.assign(state, { sort: column, descending: false });
    for (const cell of head.children) cell.setAttribute("aria-sort", cell.column !== column ? "none" : state.descending ? "descending" : "ascending");
    sortRows();
    state.page = 0;
    draw();
  };
  for (const column of columns) {
    const cell = h("th", { scope: "col", "aria-sort": "none" }, h("button", { type: "button", title: column.hint, click: () => toggleSort(column) }, column.head));
    cell.column = column;
    head.append(cell);
  }
  const applySoon = debounce(applyFilters, 90);
  const buildFilter = column => {
    const set = value => { if (value) state.filters.set(column, value); else state.filters.delete(column); };
    if (!Array.isArray(column.filter)) {
      return h("label", { class: "narrow" }, column.head, h("input", { type: "search", input: event => { set(event.target.value.trim().toLowerCase()); applySoon(); } }));
    }
    return h("label", {}, column.head, h("select", { change: event => { set(event.target.value); applyFilters(); } },
      h("option", { value: "" }, "all"), column.filter.map(value => h("option", { value }, value))));
  };
  const search = h("input", { type: "search", placeholder: "words in a row", input: event => { state.search = event.target.value.trim().toLowerCase(); applySoon(); } });
  const clearFilters = () => {
    state.search = "";
    state.filters.clear();
    for (const field of controls.querySelectorAll("input, select")) field.value = "";
    applyFilters();
  };
  const controls = h("div", { class: "controls", role: "search", "aria-label": title },
    h("label", { class: "search" }, "Search", search), h("button", { type: "button", click: clearFilters }, "Clear"),
    h("details", { open: innerWidth > 700 }, h("summary", {}, "Filter by column"),
      h("div", { class: "controls" }, columns.filter(column => column.filter).map(buildFilter))));
  const empty = h("p", { class: "empty", hidden: true }, "No row matches. Clear the search or a filter.");
  const table = h("table", { class: "rows" }, h("thead", {}, head), body);
  const heading = h("h1", { id: `${section.id}-title`, tabindex: "-1" }, title);
  table.addEventListener("keydown", moveBetweenRows);
  section.replaceChildren(heading, hint ? h("p", { class: "hint" }, hint) : "", controls,
    h("div", { class: "bar" }, status, saveCsv ? h("button", { type: "button", click: () => saveCsv(found) }, "Save these rows as CSV") : null),
    h("div", { class: "rows-frame" }, table), empty, pages);
  addEventListener("beforeprint", () => { if (!section.hidden) draw(0, PRINT_LIMIT); });
  addEventListener("afterprint", () => { if (!section.hidden) draw(); });
  applyFilters();
}

/** Move between rows with the up and down keys. */
function moveBetweenRows(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = event.target.closest("tbody tr");
  if (!step || !row) return;
  const links = element => [...element.querySelectorAll("a")];
  const to = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  if (to) links(to)[Math.max(links(row).indexOf(event.target), 0)]?.focus();
  event.preventDefault();
}

// --- frames

const documentUrl = (document, key, mention) => `#document/${[summaries[document][0], key ?? "", mention ?? ""].map(encodeURIComponent).join("/")}`;
const annotationUrl = (document, annotator, mention) => documentUrl(document, annotator === undefined ? "" : annotatorKey(pageData.annotators[annotator]), mention);
/** Build a distinct key for each annotation of a document: one annotator may have several. */
const annotationKeys = annotations => annotations.map(([annotator], at) => {
  const earlier = annotations.slice(0, at).filter(other => other[0] === annotator).length;
  return annotatorKey(pageData.annotators[annotator]) + (earlier ? ` (${earlier + 1})` : "");
});
const tailText = ([text, notation]) => notation ? `${text} ${notation}` : text;

function buildTails(relation, tails) {
  const item = ([text, notation]) => relation.numeric && notation
    ? [buildNumber(notation), " ", h("span", { class: "muted" }, text)]
    : [text, notation && !text.includes(notation) ? h("span", { class: "muted" }, ` = ${notation}`) : null];
  return tails.length > 1 ? h("ul", {}, tails.map(tail => h("li", {}, item(tail)))) : tails.length ? item(tails[0]) : null;
}

function frameColumns(frame) {
  const relation = (declared, at) => {
    const ends = row => row[8][at] ?? [];
    return {
      head: declared.title, hint: declared.definition, filter: "text",
      text: row => ends(row).map(tailText).join(" "), cell: row => buildTails(declared, ends(row)),
      key: declared.numeric ? row => ends(row).length ? ends(row)[0][2] ?? ends(row)[0][3] ?? null : null : null,
    };
  };
  const attributeColumn = (attribute, at) => ({
    head: attribute.title, hint: attribute.definition, filter: attribute.values,
    text: row => String(valueOf(attribute, row[7][at])), value: row => valueOf(attribute, row[7][at]),
    key: row => row[7][at] ?? null,
    cell: row => h("span", { class: `value ${isSigned(attribute, valueOf(attribute, row[7][at])) ? "negative" : ""}` }, String(valueOf(attribute, row[7][at]))),
  });
  const words = {
    head: frame.singular, hint: "The words; opens them in their document.", style: "wide", filter: "text", text: row => row[5],
    cell: row => [h("a", { href: annotationUrl(row[0], row[1], row[2]) }, row[5]), nameOf(pageData.flags, row[6]) ? [" ", h("span", { class: "flag" }, nameOf(pageData.flags, row[6]))] : null],
  };
  const annotator = {
    head: "annotator", hint: "The annotator who marked it.", filter: pageData.annotators.map(each => annotatorTitle(each)),
    text: row => annotatorTitle(pageData.annotators[row[1]]), value: row => annotatorTitle(pageData.annotators[row[1]]), cell: row => annotatorTitle(pageData.annotators[row[1]]),
  };
  const documentColumn = {
    head: "document", hint: "The document.", filter: "text", text: row => `${summaries[row[0]][0]} ${summaries[row[0]][1] ?? ""}`,
    style: "id", key: row => row[0], cell: row => summaries[row[0]][1] ?? summaries[row[0]][0],
  };
  const columns = frame.relations.map(relation);
  return [...columns.slice(0, frame.leading), words, ...columns.slice(frame.leading), ...frame.attributes.map(attributeColumn),
    ...(severalAnnotators ? [annotator] : []), documentColumn];
}

const showFrame = frame => section => {
  buildTable({
    section, title: frame.title, columns: frameColumns(frame), rows: frame.rows, noun: frame.noun, saveCsv: rows => saveFrames(frame, rows),
    hint: `${frame.definition} ` + (severalAnnotators
      ? "Every annotation is listed: choose one annotator before counting." : pageData.adds_up ? "Do not add numbers: some are parts of others." : ""),
  });
};

const quoteCsv = value => { const text = escapeFormula(value); return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text; };

/** Put an apostrophe before a text that a spreadsheet would run as a formula, as `sayso export --to csv` does. */
function escapeFormula(value) {
  const text = String(value ?? "");
  const runs = /^'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) && !/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text);
  return runs ? `'${text}` : text;
}

/** Save rows as CSV, with a column per relation; several mentions in a cell are separated by a bar. */
function saveFrames(frame, rows) {
  const numeric = frame.relations.map(({ bounds }, at) => [bounds, at]).filter(([bounds]) => bounds);
  const head = ["doc_id", "annotator", "kind", "campaign", "interface", "role", frame.id_column, "start", "end", "text", "flag",
    ...frame.attributes.map(attribute => attribute.name), ...frame.relations.map(relation => relation.name),
    ...numeric.flatMap(([bounds, at]) => numeric.length > 1 ? bounds.map(bound => `${frame.relations[at].name}_${bound}`) : bounds)];
  const bound = (row, at, place) => (row[8][at] ?? []).map(end => end[place] ?? "").join(" | ");
  const lines = rows.map(row => [summaries[row[0]][0], ...pageData.annotators[row[1]], ...row.slice(2, 6), nameOf(pageData.flags, row[6]),
    ...frame.attributes.map((attribute, at) => valueOf(attribute, row[7][at])), ...row[8].map(ends => ends.map(end => end[0]).join(" | ")),
    ...numeric.flatMap(([, at]) => [bound(row, at, 2), bound(row, at, 3)])]);
  const content = [head, ...lines].map(line => line.map(quoteCsv).join(",")).join("\r\n") + "\r\n";
  const link = h("a", { href: URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" })), download: `${frame.config}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// --- the list of documents

function showDocuments(section) {
  const field = (head, at, more = {}) => ({
    head, hint: "", text: row => String(row[at] ?? ""), key: row => row[at] ?? null, cell: row => String(row[at] ?? ""), ...more,
  });
  const values = at => [...new Set(summaries.map(row => row[at] ?? ""))].filter(Boolean).sort();
  const optionalField = (name, at) => values(at).length ? [field(name, at, values(at).length < 40 ? { filter: values(at), value: row => row[at] } : { filter: "text" })] : [];
  const count = (head, at) => field(head, at, { style: "count", cell: row => formatNumber(row[at]) });
  const indexes = new Map(summaries.map((row, at) => [row, at]));
  const columns = [
    field("document", 0, {
      style: "wide", filter: "text", text: row => `${row[1] ?? ""} ${row[0]}`, key: row => row[1] ?? row[0],
      cell: row => [h("a", { href: annotationUrl(indexes.get(row)) }, row[1] ?? row[0]), row[1] ? h("div", { class: "muted" }, row[0]) : null],
    }),
    ...optionalField("outlet", 2), ...optionalField("published", 4), ...optionalField("language", 5), ...optionalField("split", 6), ...optionalField("license", 7),
    {
      head: "annotators", hint: "The annotators of the document.", text: row => row[8].map(each => annotatorTitle(pageData.annotators[each])).join("; "),
      cell: row => row[8].length > 1 ? h("ul", {}, row[8].map(each => h("li", {}, annotatorTitle(pageData.annotators[each])))) : row[8].map(each => annotatorTitle(pageData.annotators[each])),
    },
    count("mentions", 9), ...frames.map((frame, at) => ({ ...count(frame.plural, 10), text: row => String(row[10][at]), key: row => row[10][at], cell: row => formatNumber(row[10][at]) })),
  ];
  buildTable({ section, title: "Documents", columns, rows: () => summaries, noun: "document" });
}

// --- one document

let open = null; // {document, annotation, mentions, relations, marks, element, key, detail, focusMark}

/** Count, for each mention, the levels of mentions nested inside it. */
function nestingLevels(mentions) {
  const levels = mentions.map(() => 0);
  for (let one = mentions.length - 1; one >= 0; one--) {
    for (let other = one + 1; other < mentions.length && mentions[other][1] < mentions[one][2]; other++) {
      if (mentions[other][2] <= mentions[one][2]) levels[one] = Math.max(levels[one], levels[other] + 1);
    }
  }
  return levels;
}

/** Build the text with a mark around every mention; of two that cross, the later is split in two. */
function buildText(text, mentions, marks) {
  const points = Array.from(text); // code points, as offsets count
  const edges = [...new Set(mentions.flatMap(mention => [mention[1], mention[2]]))].sort((a, b) => a - b);
  const levels = nestingLevels(mentions), root = h("div", { class: "text", role: "group", "aria-label": "Text with mentions" });
  const stack = [{ element: root }];
  const top = () => stack[stack.length - 1];
  const slice = (from, to) => { if (to > from) top().element.append(points.slice(from, to).join("")); };
  const push = at => {
    const element = buildMark(mentions[at], at, levels[at], marks[at].length === 0);
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
    while (broken >= 0 && stack.length > broken) closeMark(stack.pop(), mentions);
    again.forEach(push);
    while (next < mentions.length && mentions[next][1] === edge) push(next++);
  }
  slice(from, points.length);
  return root;
}
const closeMark = ({ element, at }, mentions) => element.append(h("span", { class: "tag" }, ` (end of ${labelName(mentions[at])}) `));
const labelName = mention => titleOf(pageData.labels, mention[3]);
const labelClass = mention => typeof mention[3] === "number" ? `label-${mention[3]} underline-${mention[3] % 5}` : "underline-0";

const buildMark = (mention, at, level, first) => h("mark", {
  class: `${labelClass(mention)} level${Math.min(level, 5)} ${flagOf(mention) && first ? "flagged" : ""}`, "data-at": at, tabindex: "-1",
}, h("span", { class: "tag label-start" }, `${labelName(mention)}${first ? "" : ", continued"}${flagOf(mention) ? `, flag ${flagOf(mention)}` : ""} `));
const flagOf = mention => nameOf(pageData.flags, mention[5]);

/** List the attributes of a mention as [title, value]. */
function attributesOf(mention) {
  const declared = labelOf(mention)?.attributes ?? [];
  return (mention[4] ?? []).map((value, at) => at < declared.length ? [declared[at].title, valueOf(declared[at], value)] : value)
    .filter(([, value]) => value !== "" && value !== null).map(([name, value]) => [name, String(value)]);
}
const summarizeMention = mention => [labelName(mention), mention[9] ?? null, ...attributesOf(mention).filter(([name]) => !labelOf(mention)?.hidden.includes(name)).map(([, value]) => value),
  flagOf(mention) ? `flag: ${flagOf(mention)}` : null].filter(Boolean).join(" · ");

async function showDocument(section, docId, key, mentionId) {
  await pageLoaded;
  const index = documentIndexes().get(docId);
  if (index === undefined) {
    section.replaceChildren(h("h1", { id: "view-document-title", tabindex: "-1" }, "No such document"), h("p", {}, h("a", { href: "#documents" }, "All documents")));
    return;
  }
  const [text, annotations] = loadDocument(index);
  const hasMention = annotation => annotation[2]?.some(mention => mention[0] === mentionId);
  const withMention = annotations.findIndex(annotation => annotatorKey(pageData.annotators[annotation[0]]) === key && hasMention(annotation));
  const named = annotationKeys(annotations).indexOf(key);
  const shown = Math.max(0, named >= 0 && (withMention < 0 || hasMention(annotations[named])) ? named : withMention);
  if (open?.document !== index || open.annotation !== shown) drawDocument(section, index, text, annotations, shown);
  const selected = (annotations[shown]?.[2] ?? []).findIndex(mention => mention[0] === mentionId);
  selectMention(selected < 0 ? null : selected, true);
}

function drawDocument(section, at, text, annotations, shown) {
  const annotation = annotations[shown] ?? [];
  const [, status = "", mentions = [], relations = [], equations = [], note = "", unknownParts = 0, declined = [], , answers = []] = annotation;
  const marks = mentions.map(() => []);
  const element = buildText(text, mentions, marks);
  open = { document: at, annotation: shown, mentions, relations, marks, element, key: annotationKeys(annotations)[shown], detail: h("section", { class: "detail", "aria-live": "polite", "aria-labelledby": "detail-title" }) };
  handleMarkKeys(element);
  const row = summaries[at];
  const link = row[3] && /^https?:\/\//i.test(row[3]) ? h("a", { href: row[3], rel: "noopener noreferrer" }, row[3]) : row[3];
  const metadata = [row[1] ? row[0] : null, row[2], row[4], row[5], `split ${row[6]}`, `licence ${row[7]}`, link].filter(Boolean).map(each => h("span", {}, each));
  const step = (to, words) => to >= 0 && to < summaries.length ? h("a", { href: annotationUrl(to) }, words) : null;
  section.replaceChildren(
    h("p", { class: "back" }, frames.map(frame => [h("a", { href: `#${frame.view}` }, `All ${frame.plural}`), " "]), h("a", { href: "#documents" }, "All documents"), step(at - 1, "Previous document"), step(at + 1, "Next document")),
    h("h1", { id: "view-document-title", tabindex: "-1" }, row[1] ?? row[0]), h("p", { class: "metadata" }, metadata), annotationChoice(at, annotations, shown), answerList(answers),
    h("div", { class: "document-layout" },
      h("div", { class: "document-text" },
        mentions.length ? h("p", { class: "hint keys" }, "Tab enters the text. Arrow keys move between mentions, Enter selects one with its relations, Escape clears the selection.") : null,
        status === "skipped" ? h("p", { class: "hint" }, "The annotator skipped this document.") : null,
        element),
      mentions.length ? h("div", { class: "sidebar" },
        h("div", {}, open.detail, equationList(equations), noteList(note, unknownParts), declinedList(declined)), h("div", {}, labelList(element), frames.map(frameList))) : null));
}

/** The answers to questions about the document, each with how gold came to it. */
function answerList(answers) {
  if (!answers.length) return null;
  return h("section", { class: "remarks" }, h("h2", {}, "Answers about the document"), h("ul", {},
    answers.map(([question, value, detail]) => h("li", {}, `${question}${question.endsWith("?") ? "" : ":"} `, h("strong", {}, value), detail ? [" ", h("span", { class: "muted" }, `(${detail})`)] : null))));
}

function annotationChoice(at, annotations, shown) {
  const name = annotation => annotatorTitle(pageData.annotators[annotation[0]], annotation[8]);
  if (!annotations.length) return h("p", { class: "hint" }, "Nobody has annotated this document yet.");
  const kind = pageData.annotators[annotations[shown][0]][1];
  const origin = { program: " (made by a program)", human: " (made by a person)", gold: "" }[kind];
  if (annotations.length === 1) return h("p", { class: "hint" }, `Annotation: ${name(annotations[0])}${origin}.`);
  const keys = annotationKeys(annotations), repetition = number => keys[number].match(/ \(\d+\)$/)?.[0] ?? "";
  return h("fieldset", { class: "annotation-choice" }, h("legend", {}, "Annotation"), annotations.map((annotation, number) =>
    h("label", {}, h("input", { type: "radio", name: "annotation", checked: number === shown, change: () => location.replace(documentUrl(at, keys[number])) }), ` ${name(annotation)}${repetition(number)}`)));
}

/** Make the text one tab stop, with arrow keys between its marks. */
function handleMarkKeys(element) {
  const focusMark = at => {
    for (const mark of element.querySelectorAll('mark[tabindex="0"]')) mark.tabIndex = -1;
    if (open.marks[at]) open.marks[at][0].tabIndex = 0;
  };
  const visible = at => open.marks[at] && !open.marks[at][0].classList.contains("hidden-mark");
  const go = (at, step) => {
    while (open.marks[at] && !visible(at)) at += step;
    if (!open.marks[at]) return;
    focusMark(at);
    open.marks[at][0].focus();
  };
  const markIndex = event => Number(event.target.closest("mark")?.dataset.at ?? -1);
  element.addEventListener("keydown", event => {
    const at = markIndex(event);
    const moves = { ArrowRight: [at + 1, 1], ArrowDown: [at + 1, 1], ArrowLeft: [at - 1, -1], ArrowUp: [at - 1, -1], Home: [0, 1], End: [open.marks.length - 1, -1] };
    if (event.key in moves) go(...moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") navigateTo(at);
    else if (event.key === "Escape") navigateTo(null);
    else return;
    event.preventDefault();
  });
  element.addEventListener("click", event => {
    if (!getSelection().isCollapsed) return;
    const mark = event.target.closest("mark:not(.hidden-mark)");
    navigateTo(mark ? Number(mark.dataset.at) : null);
  });
  open.focusMark = focusMark;
  if (open.marks.length) focusMark(0);
}

/** Put the selected mention into the URL, so that it can be bookmarked and shared. */
function navigateTo(at) {
  location.hash = documentUrl(open.document, open.key, at === null ? "" : open.mentions[at][0]).slice(1);
}

/** Select a mention and highlight its relations; null clears the selection. */
function selectMention(at, scroll) {
  const { marks, element, mentions } = open;
  for (const mark of element.querySelectorAll(".selected, .related")) mark.classList.remove("selected", "related");
  for (const tag of element.querySelectorAll(".tag.role")) tag.remove();
  element.classList.toggle("has-selection", at !== null);
  if (at !== null) {
    for (const mark of marks[at]) mark.classList.add("selected");
    for (const [other, role] of relationsOf(at)) {
      for (const mark of marks[other]) mark.classList.add("related");
      marks[other][0].prepend(h("span", { class: "tag role", "aria-hidden": "true" }, role));
    }
    open.focusMark(at);
    if (scroll) {
      marks[at][0].scrollIntoView({ block: "nearest", behavior: reducedMotion.matches ? "auto" : "smooth" });
      marks[at][0].focus({ preventScroll: true });
      byId("tip").hidden = true; // the sidebar shows the same
    }
  }
  if (mentions.length) showDetail(at);
  for (const item of document.querySelectorAll(".claim-list li")) item.classList.toggle("current", Number(item.dataset.at) === at);
}

/** List [other mention, role] for the relations of a mention, in both directions. */
function relationsOf(at) {
  return [
    ...open.relations.filter(([, head]) => head === at).map(([type, , tail]) => [tail, nameOf(pageData.relations, type)]),
    ...open.relations.filter(([, , tail]) => tail === at).map(([type, head]) => [head, `${nameOf(pageData.relations, type)}${pageData.relations[type]?.symmetric ? "" : " of this"}`]),
  ];
}
const mentionText = mention => Array.from(loadDocument(open.document)[0]).slice(mention[1], mention[2]).join("");
const mentionLink = (at, ...content) => h("button", { type: "button", class: "link", click: () => navigateTo(at) }, content.length ? content : mentionText(open.mentions[at]));
const buildLabel = mention => h("span", { class: `label ${typeof mention[3] === "number" ? `label-${mention[3]}` : ""}` }, labelName(mention));

function showDetail(at) {
  const box = open.detail;
  box.classList.toggle("full", at !== null);
  if (at === null) {
    box.replaceChildren(h("h2", { id: "detail-title" }, "No mention selected"), h("p", { class: "hint" }, "Select a mention in the text or in a list."));
    return;
  }
  const mention = open.mentions[at];
  const [id, start, end, , , , note, decided, votes, written, amended] = mention;
  const fields = [...(written ? [["number", buildNumber(written)]] : []), ...attributesOf(mention), ["offsets", `${start} to ${end}`], ["id", id],
    ...(flagOf(mention) ? [["flag", h("span", { class: "flag" }, flagOf(mention))]] : []), ...(note ? [["note", note]] : []),
    ...(decided ? [["decided", decided]] : []), ...(votes?.length ? [["votes", votes.join(", ")]] : []),
    ...(amended?.length ? [["amended", amended.join(", ")]] : [])];
  const related = relationsOf(at);
  box.replaceChildren(
    h("h2", { id: "detail-title" }, buildLabel(mention)), h("p", { class: "quote" }, mentionText(mention)),
    h("dl", {}, fields.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    related.length ? h("dl", { class: "relations" }, related.map(([other, role]) => [h("dt", {}, role), h("dd", {}, mentionLink(other), open.mentions[other][9] ? [" ", buildNumber(open.mentions[other][9])] : null)])) : null,
    h("button", { type: "button", click: () => navigateTo(null) }, "Clear selection"));
}

/** List the equations between counts: 38 = 34 + 2..4. */
function equationList(equations) {
  if (!equations.length) return null;
  const count = at => mentionLink(at, buildNumber(open.mentions[at][9] ?? mentionText(open.mentions[at])));
  const sign = (shown, words) => h("span", { class: "sign" }, h("span", { "aria-hidden": "true" }, shown), h("span", { class: "sr-only" }, words));
  const verdicts = { "adds up": ["good", "adds up"], "may add up": ["may", "may add up"], "too few": ["bad", "parts missing"], "too many": ["bad", "too many"], differs: ["bad", "differs"] };
  const equalsSigns = { "adds up": ["=", " equals "], "may add up": ["=", " may equal "], "too few": ["≠", " does not equal "], "too many": ["≠", " does not equal "] };
  const line = ([kind, whole, parts, state, total, explanation = ""]) => {
    const joined = between => parts.map((part, at) => [at ? between() : null, count(part)]);
    const arithmetic = pageData.relations.find(each => each.name === kind)?.arithmetic;
    const formula = arithmetic === "part" ? [count(whole), sign(...equalsSigns[state]), joined(() => sign("+", " plus "))]
      : arithmetic === "addition" ? [count(whole), sign("+", " and on top "), joined(() => sign("+", " plus ")), sign("=", " equals "), buildNumber(total)]
        : [count(whole), sign(state === "adds up" ? "≡" : "≢", " is restated as "), joined(() => sign("≡", " and "))];
    const verdict = arithmetic === "same" && state === "adds up" ? ["good", "restated"] : verdicts[state];
    return h("li", {}, h("div", { class: "equation" }, formula), h("div", {}, verdict ? h("span", { class: `equation-state ${verdict[0]}` }, verdict[1]) : null, explanation ? [verdict ? " " : "", explanation] : null),
      h("div", { class: "muted" }, [whole, ...parts].map((at, position) => [position ? "; " : "", mentionText(open.mentions[at])])));
  };
  return h("section", { class: "equations" }, h("h2", {}, "How the numbers relate"), h("ul", {}, equations.map(line)));
}

function labelList(element) {
  const present = [...new Set(open.mentions.map(mention => mention[3]))].sort((a, b) => collator.compare(a, b));
  const toggleLabel = (label, on) => open.mentions.forEach((mention, at) => {
    if (mention[3] === label) for (const mark of open.marks[at]) mark.classList.toggle("hidden-mark", !on);
  });
  const sample = label => h("span", { class: `sample ${typeof label === "number" ? `label-${label} underline-${label % 5}` : ""}` }, titleOf(pageData.labels, label));
  return h("section", { class: "label-list" }, h("h2", {}, "Labels"),
    present.map(label => h("label", { title: pageData.labels[label]?.definition },
      h("input", { type: "checkbox", checked: true, change: event => toggleLabel(label, event.target.checked) }),
      sample(label), h("span", { class: "muted" }, formatNumber(open.mentions.filter(mention => mention[3] === label).length)))),
    h("label", { class: "keys" }, h("input", { type: "checkbox", change: event => element.classList.toggle("show-labels", event.target.checked) }), "show labels in the text"));
}

function frameList(frame) {
  const indexes = open.mentions.map((mention, at) => at).filter(at => nameOf(pageData.labels, open.mentions[at][3]) === frame.label);
  if (!indexes.length) return null;
  const tails = (at, { name, symmetric }) => open.relations.filter(([kind, head, tail]) => (head === at || (symmetric && tail === at)) && nameOf(pageData.relations, kind) === name).map(([, head, tail]) => head === at ? tail : head);
  const leading = frame.relations.slice(0, frame.leading), numeric = frame.relations.filter(relation => relation.numeric);
  const names = (at, relation) => tails(at, relation).map(tail => mentionText(open.mentions[tail])).join(", ");
  const item = at => {
    const signs = frame.attributes.flatMap(attribute => attributesOf(open.mentions[at]).filter(([name, value]) => name === attribute.title && isSigned(attribute, value)).map(([, value]) => value));
    const before = leading.map((relation, place) => names(at, relation) || (place ? "" : `no ${relation.name}`)).filter(Boolean).join(" · ");
    return h("li", { "data-at": at }, h("div", { class: "muted" }, before, signs.map(value => [" ", h("span", { class: "value negative" }, value)])),
      mentionLink(at), numeric.flatMap(relation => tails(at, relation)).map((tail, position) => [position ? ", " : " ", buildNumber(open.mentions[tail][9] ?? "")]));
  };
  return h("section", { class: "claim-list" }, h("h2", {}, formatCount(indexes.length, frame.noun)), h("ol", {}, indexes.map(item)));
}

function noteList(note, unknownParts) {
  const withNotes = open.mentions.map((mention, at) => [mention, at]).filter(([mention]) => flagOf(mention) || mention[6]);
  if (!withNotes.length && !note && !unknownParts) return null;
  return h("section", { class: "remarks" }, h("h2", {}, "Flags and notes"), h("ul", {},
    note ? h("li", {}, "On the document: ", note) : null,
    withNotes.map(([mention, at]) => h("li", {}, flagOf(mention) ? [h("span", { class: "flag" }, flagOf(mention)), " "] : null, mentionLink(at), mention[6] ? `: ${mention[6]}` : null)),
    unknownParts ? h("li", {}, `${formatCount(unknownParts, "part")} of the annotation unknown to the schema`) : null));
}

/** List the mentions that gold did not take. */
function declinedList(declined) {
  if (!declined.length) return null;
  const item = ([label, text, values, votes]) => h("li", {}, `${titleOf(pageData.labels, label)} “${text}”${values ? ` (${values})` : ""}: ${votes.join(", ")}`);
  return h("section", { class: "remarks declined" }, h("h2", {}, `${formatCount(declined.length, "mention")} declined`), h("ul", {}, declined.map(item)));
}

// --- tooltip

function showTooltip(event) {
  const mark = event.target.closest?.("mark:not(.hidden-mark)");
  const tip = byId("tip");
  tip.hidden = !mark || !open;
  if (tip.hidden) return;
  tip.textContent = summarizeMention(open.mentions[Number(mark.dataset.at)]);
  const boxes = mark.getClientRects();
  const box = [...boxes].find(each => event.clientY >= each.top && event.clientY <= each.bottom) ?? boxes[0];
  tip.style.left = `${Math.max(8, Math.min(event.clientX ?? box.left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${box.top > tip.offsetHeight + 12 ? box.top - tip.offsetHeight - 6 : box.bottom + 6}px`;
}
for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, showTooltip);
document.addEventListener("keydown", event => { if (event.key === "Escape") byId("tip").hidden = true; });
addEventListener("scroll", () => { byId("tip").hidden = true; }, { passive: true, capture: true });

// --- navigation

const builtViews = new Set(), scrollPositions = new Map();
const views = { ...Object.fromEntries(frames.map(frame => [frame.view, showFrame(frame)])), documents: showDocuments };
let current = null;

async function showView() {
  const [view, ...rest] = location.hash.slice(1).split("/").map(part => { try { return decodeURIComponent(part); } catch { return part; } });
  if (view === "main") return;
  const name = ["figures", "document", ...Object.keys(views)].includes(view) ? view : "figures";
  const isNew = current !== name || (name === "document" && open && summaries[open.document][0] !== rest[0]);
  if (current) scrollPositions.set(current, scrollY);
  for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== `view-${name}`;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}` || (name === "document" && link.hash === "#documents")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const isFirst = current === null;
  current = name;
  if (name in views && !builtViews.has(name)) { builtViews.add(name); views[name](byId(`view-${name}`)); }
  if (isNew) scrollTo({ top: name === "document" ? 0 : scrollPositions.get(name) ?? 0, behavior: "instant" });
  if (name === "document") await showDocument(byId("view-document"), ...rest);
  if (isNew && !isFirst && !rest[2]) document.querySelector(`#view-${name} h1`)?.focus({ preventScroll: true });
}
document.querySelector("nav").hidden = false;
addEventListener("hashchange", showView);
showView().then(() => { document.documentElement.dataset.ready = "yes"; });
