// The document beside the answer, opened at a passage.

import { el, make, number } from "/dom.js";
import { request } from "/server.js";

let opener = null; // the button that opened the panel, to give the focus back

// The path of headings, without a first one that only repeats the title.
export function headingOf({ heading, title }) {
  const parts = heading ? heading.split(" > ") : [];
  return parts.slice(parts[0] === title ? 1 : 0).join(" › ");
}

export const where = ({ page, line, document_id }) => `${document_id} · ${page ? `page ${page}` : `line ${number(line)}`}`;

export const placeOf = ({ passage, document: entry }) => ({ ...passage, title: entry.title, quote: passage.text });

// A numbered line of a list: the document, where in it, and some text.
export function note(n, place, meta, quote) {
  const button = make("button", "note");
  button.type = "button";
  const title = make("span", "t", place.title || place.document_id);
  const heading = headingOf(place);
  if (heading) title.append(make("span", "h", ` › ${heading}`));
  button.append(make("span", "n", n), title, make("span", "m", meta), make("span", "q", quote));
  return button;
}

export function opens(button, place) {
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", "panel");
  button.addEventListener("click", () => openPanel(place, button));
  return button;
}

async function openPanel(place, button) {
  opener?.setAttribute("aria-expanded", "false");
  opener = button;
  button.setAttribute("aria-expanded", "true");
  el("panel-title").textContent = place.title || place.document_id;
  el("panel-where").textContent = [headingOf(place), where(place)].filter(Boolean).join(" · ");
  el("panel-note").hidden = true;
  el("text").replaceChildren();
  el("panel").hidden = false;
  document.body.classList.add("reading");
  cover();
  el("panel").focus({ preventScroll: true });
  try {
    const entry = await (await request(`/documents/${encodeURIComponent(place.document_id)}`)).json();
    if (opener === button) showText(entry, place);
  } catch (error) {
    if (opener === button) warn(error.message);
  }
}

function showText({ text, version }, place) {
  let [start, end] = [units(text, place.start), units(text, place.end)];
  if (version !== place.version || text.slice(start, end) !== place.quote) {
    start = text.indexOf(place.quote);
    end = start + place.quote.length;
    warn(start < 0
      ? "This document has changed since: the quoted words are no longer in it."
      : "This document has changed since; the quoted words are still in it.");
  }
  el("text").replaceChildren(...rows(text, start, end));
  const mark = el("text").querySelector("mark");
  if (mark) el("text").scrollTop += mark.getBoundingClientRect().top - el("text").getBoundingClientRect().top - el("text").clientHeight / 3;
}

// The server counts Unicode characters, this language UTF-16 units.
export function units(text, characters) {
  if (!/[\ud800-\udbff]/.test(text)) return characters;
  let at = 0;
  for (let i = 0; i < characters && at < text.length; i++) at += text.codePointAt(at) > 0xffff ? 2 : 1;
  return at;
}

function rows(text, start, end) {
  const chunks = [];
  let at = 0;
  text.split("\n").forEach((line, i) => {
    if (i % 100 === 0) chunks.push(make("div", "chunk"));
    const row = make("div", "row");
    row.dataset.n = i + 1;
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, line.length)];
    const inside = make("span");
    if (start >= 0 && from < to) inside.append(line.slice(0, from), make("mark", "", line.slice(from, to)), line.slice(to));
    else inside.textContent = line;
    row.append(inside);
    chunks.at(-1).append(row);
    at += line.length + 1;
  });
  return chunks;
}

function warn(text) {
  el("panel-note").textContent = text;
  el("panel-note").hidden = false;
}

export function closePanel(focus = true) {
  if (el("panel").hidden) return;
  el("panel").hidden = true;
  document.body.classList.remove("reading");
  cover();
  opener?.setAttribute("aria-expanded", "false");
  if (focus) opener?.focus();
  opener = null;
}

// On a narrow screen the panel covers the page: what is under it must not take the focus.
const narrow = matchMedia("(max-width: 1099px)");
function cover() {
  const covered = narrow.matches && !el("panel").hidden;
  el("main").inert = covered;
  document.querySelector(".bar").inert = covered;
}

el("close").addEventListener("click", () => closePanel());
document.addEventListener("keydown", (event) => event.key === "Escape" && closePanel());
narrow.addEventListener("change", cover);
