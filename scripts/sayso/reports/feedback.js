// Feedback to one annotator. Loaded after passages.js. Each disagreement carries the number of its rule.

/** Find [passage, its disagreements] that go against a rule. */
const findByRule = rule => passages.flatMap((passage, index) => {
  const selected = passage[7].flatMap((disagreement, at) => disagreement[6] === rule ? [at] : []);
  return selected.length ? [[index, selected]] : [];
});

for (const rule of document.querySelectorAll(".rule")) {
  const cards = rule.querySelector(".cards"), more = rule.querySelector(".pages button");
  let waiting = null;
  const showMore = () => {
    waiting ??= findByRule(Number(rule.dataset.rule));
    const added = waiting.splice(0, PAGE_SIZE).map(([index, selected]) => buildCard(index, selected));
    cards.append(...added);
    for (const card of added) drawSpans(card.querySelector(".passage"));
    more.hidden = !waiting.length;
    more.textContent = formatCount(waiting.length, "more sentence");
  };
  more.addEventListener("click", showMore);
  rule.addEventListener("toggle", () => { if (rule.open && !cards.children.length) showMore(); else if (rule.open) drawAllSpans(); });
}

document.addEventListener("keydown", event => {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || hasModifier(event)) return;
  const cards = [...document.querySelectorAll(".card")].filter(card => card.offsetParent);
  const current = cards.findIndex(card => card.classList.contains("current"));
  const card = cards[Math.max(0, Math.min(current + step, cards.length - 1))];
  if (!card) return;
  focusCard(cards, card);
  event.preventDefault();
});
addEventListener("beforeprint", () => { setPrinting(true); drawAllSpans(); });
addEventListener("afterprint", () => { setPrinting(false); drawAllSpans(); });
markReady();
