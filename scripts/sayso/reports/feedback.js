// Feedback to one annotator, after staff.js. A line of a passage carries the number of its rule.

const ofRule = number => passages.flatMap((passage, at) => {
  const mine = passage[7].flatMap((line, place) => line[6] === number ? [place] : []);
  return mine.length ? [[at, mine]] : [];
});

for (const rule of document.querySelectorAll(".rule")) {
  const cards = rule.querySelector(".cards"), more = rule.querySelector(".pages button");
  let waiting = null;
  const show = count => {
    waiting ??= ofRule(Number(rule.dataset.rule));
    const fresh = waiting.splice(0, count).map(([at, mine]) => card(at, mine));
    cards.append(...fresh);
    for (const each of fresh) lay(each.querySelector(".staff"));
    more.hidden = !waiting.length;
    more.textContent = `${plural(waiting.length, "more sentence")}`;
  };
  more.addEventListener("click", () => show(PAGE));
  rule.addEventListener("toggle", () => { if (rule.open && !cards.children.length) show(PAGE); else if (rule.open) layAll(); });
}

document.addEventListener("keydown", event => {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
  const shown = [...document.querySelectorAll(".card")].filter(each => each.offsetParent);
  const now = shown.findIndex(each => each.classList.contains("now"));
  const to = shown[Math.max(0, Math.min(now + step, shown.length - 1))];
  if (!to) return;
  for (const each of shown) each.classList.toggle("now", each === to);
  to.focus({ preventScroll: true });
  to.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
  event.preventDefault();
});
addEventListener("beforeprint", () => { onPaper(true); layAll(); });
addEventListener("afterprint", () => { onPaper(false); layAll(); });
document.fonts.ready.then(() => { document.documentElement.dataset.ready = "yes"; });
