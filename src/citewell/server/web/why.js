// Why these passages came up, and what became of a document that did not.

import { el, make, plural } from "/dom.js";
import { note, opens, placeOf, where } from "/reader.js";
import { request } from "/server.js";

const MOST = 100; // how far down a passage that was shown in place of its near-duplicates is looked for

let about = null; // what is explained: {wanted, hits}
let looking = null; // the AbortController of the request under way

export function offerWhy(wanted, hits) {
  about = { wanted, hits };
  el("why").hidden = false;
  el("why-these").hidden = hits.length === 0;
}

export function closeWhy() {
  looking?.abort();
  about = looking = null;
  el("why").hidden = el("why-error").hidden = true;
  el("why-document").value = el("why-state").textContent = "";
  el("followed").replaceChildren();
  fold();
}

function fold() {
  el("reasons").replaceChildren();
  el("why-these").setAttribute("aria-expanded", "false");
}

// Do what takes a moment, one at a time; the newest wins.
async function look(work) {
  looking?.abort();
  const mine = (looking = new AbortController());
  el("why-error").hidden = true;
  el("why-state").textContent = "Looking into it…";
  try {
    const said = await work(mine.signal);
    if (looking === mine) el("why-state").textContent = said;
  } catch (error) {
    if (looking !== mine || error.name === "AbortError") return;
    if (!error.problem) console.error(error);
    el("why-state").textContent = "";
    el("why-error").firstChild.textContent = error.problem ? error.message : "Something went wrong on this page. Reload it, then try again.";
    el("why-error").hidden = false;
  }
}

async function explain(signal, more) {
  const { question, mode, where } = about.wanted;
  const body = { text: question, mode: mode || null, where: where || null, ...more };
  const headers = { "Content-Type": "application/json" };
  return (await request("/why", { method: "POST", signal, headers, body: JSON.stringify(body) })).json();
}

// -- why these ---------------------------------------------------------------------------------------

function these() {
  if (el("why-these").getAttribute("aria-expanded") === "true") return fold();
  return look(async (signal) => {
    const { hits } = about;
    let found = await explain(signal, {});
    if (hits.some((hit) => !textOf(found, hit))) found = await explain(signal, { limit: MOST });
    const list = make("ol");
    list.append(...hits.map((hit, i) => reason(hit, i + 1, textOf(found, hit))));
    el("reasons").replaceChildren(...Object.entries(found.meant).map(meant), list);
    el("why-these").setAttribute("aria-expanded", "true");
    return `How ${plural(hits.length, "passage")} came up is shown.`;
  });
}

const textOf = (found, hit) => found.hits.find((one) => one.hit.passage.id === hit.passage.id)?.text;

function reason(hit, n, text) {
  const item = make("li");
  const place = placeOf(hit);
  const steps = text?.split("; ") ?? hit.stages.map(({ name, rank, score }) => `${name}: #${rank} (${Number(score).toPrecision(3)})`);
  item.append(opens(note(String(n), place, where(place), steps.join("\n")), place));
  return item;
}

const meant = ([word, other]) => make("p", "reason", `No passage has “${word}”: by words, “${other}” was looked for.`);

// -- why not -----------------------------------------------------------------------------------------

function whyNot(event) {
  event?.preventDefault();
  const named = el("why-document").value.trim();
  if (!named) return el("why-document").focus();
  return look(async (signal) => {
    el("followed").replaceChildren();
    show((await explain(signal, { document: named })).document);
    return "";
  });
}

function show({ document_id, text, stage, places, changes, near }) {
  const nodes = [make("h3", "", document_id), make("p", "", text)];
  if (stage) nodes.splice(1, 0, make("p", "lost", `Lost at: ${stage.replaceAll("_", " ")}`));
  else if (!about.hits.some((hit) => hit.passage.document_id === document_id)) {
    nodes.push(make("p", "", "Of passages that say the same one is shown: here that of another document."));
  }
  if (places.length) nodes.push(listed(places.map((place) => make("li", "m", place.text))));
  if (near.length) nodes.push(meantOne(near));
  if (changes.length) {
    const items = changes.map((change) => make("li", "", `${change.text} (it is then number ${change.rank})`));
    nodes.push(make("h3", "", "Tried, and it brings it back"), listed(items));
  } else if (stage) nodes.push(make("p", "m", "Nothing that was tried brings it back."));
  el("followed").replaceChildren(...nodes);
}

function listed(items) {
  const list = make("ul");
  list.append(...items);
  return list;
}

function meantOne(near) {
  const line = make("p", "", "Did you mean ");
  for (const id of near) {
    const button = make("button", "", id);
    button.type = "button";
    button.addEventListener("click", () => {
      el("why-document").value = id;
      el("why-document").focus();
      whyNot();
    });
    line.append(button, " ");
  }
  return line;
}

el("why-these").addEventListener("click", these);
el("why-not").addEventListener("submit", whyNot);
