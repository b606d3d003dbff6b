// The page: asking, and the answer with its footnotes.

import { el, make, number, plural } from "/dom.js";
import { closePanel, headingOf, note, opens, placeOf, units, where } from "/reader.js";
import { events, Problem, request } from "/server.js";
import { closeWhy, offerWhy } from "/why.js";

const MARK = /\[(\d+(?:\s*,\s*\d+)*)\]/g;

let asking = null; // the AbortController of the question under way
let last = null; // the last question that was asked: {question, mode, where}
let shown = null; // the last answer
let shownSteps = []; // what was done to find it, so far
let talk = []; // the turns that the last question came with; on this page only

// -- asking ------------------------------------------------------------------------------------------

async function ask(wanted, remember = true) {
  asking?.abort();
  const mine = (asking = new AbortController());
  if (last !== wanted) talk = el("follow").checked && shown ? turns(shown) : []; // else it is tried again
  last = wanted;
  begin(wanted, remember);
  try {
    const body = { question: wanted.question, mode: wanted.mode || null, where: wanted.where || null, history: talk };
    const response = await request("/ask", {
      method: "POST",
      signal: mine.signal,
      headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
      body: JSON.stringify(body),
    });
    await follow(response, mine);
  } catch (error) {
    if (asking === mine) fail(error, wanted);
  } finally {
    if (asking === mine) finish();
  }
}

function turns({ text }) {
  const said = [
    { role: "user", content: last.question },
    { role: "assistant", content: text.slice(0, 10_000) },
  ];
  return [...talk, ...said].slice(-100);
}

async function follow(response, mine) {
  let text = "";
  let frame = 0;
  for await (const [name, data] of events(response)) {
    if (name === "step") showSteps([...shownSteps, data]);
    if (name === "hits") showHits(data.hits);
    if (name === "delta") {
      text += data.text;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        if (asking === mine) write(text, [], []);
      });
    }
    if (name === "error") throw new Problem(data);
    if (name === "done") {
      cancelAnimationFrame(frame);
      return showAnswer(data.answer);
    }
  }
  throw new Problem({ detail: "The server ended the answer too early. Try again." });
}

function begin({ question, mode, where }, remember) {
  shown = null;
  closePanel(false);
  closeWhy();
  document.body.classList.add("asked");
  document.title = `${question.slice(0, 60)} · Citewell`;
  el("welcome").hidden = true;
  el("result").hidden = false;
  for (const id of ["error", "after", "searched", "where-error"]) el(id).hidden = true;
  el("where").removeAttribute("aria-invalid");
  el("searched").open = false;
  el("asked").textContent = question;
  el("kind").textContent = "Searching…";
  el("voice").textContent = "Searching";
  showSteps([]);
  el("answer").className = "answer";
  el("answer").replaceChildren();
  el("go").textContent = "Stop";
  const link = new URLSearchParams({ q: question });
  if (mode) link.set("mode", mode);
  if (where) link.set("where", where);
  if (remember && `?${link}` !== location.search) history.pushState(null, "", `?${link}`);
}

function finish() {
  asking = null;
  el("go").textContent = "Ask";
  el("answer").classList.remove("writing");
}

function stop() {
  asking?.abort();
  el("kind").textContent = "Stopped.";
  el("voice").textContent = "Stopped";
  finish();
}

function fail(error, { where }) {
  if (error.name === "AbortError") return;
  const problem = error.problem ?? { detail: "Something went wrong on this page. Reload it, then try again." };
  if (!error.problem) console.error(error);
  el("kind").textContent = "";
  el("voice").textContent = "";
  if (problem.parameter === "where") return showWhere(where, problem);
  el("error-text").textContent = problem.detail;
  el("error").hidden = false;
}

function showWhere(where, problem) {
  el("result").hidden = true;
  const [first, ...pointing] = problem.detail.split("\n"); // the reason, then the text with a caret under it
  el("where-detail").textContent = first;
  el("caret").textContent = pointing.map((line) => line.slice(2)).join("\n");
  el("where-error").hidden = false;
  el("where").setAttribute("aria-invalid", "true");
  el("where").focus();
  el("where").setSelectionRange(units(where, problem.position ?? 0), where.length);
}

// -- the answer --------------------------------------------------------------------------------------

function showAnswer(answer) {
  shown = answer;
  finish();
  const refused = answer.verdict === "refused";
  el("answer").classList.toggle("refused", refused);
  write(answer.text, answer.citations, answer.unsupported);
  el("kind").textContent = refused
    ? "Not answered"
    : answer.model.startsWith("extract")
      ? "Quoted passages, word for word"
      : `Written by ${answer.model}; the footnotes were checked`;
  if (answer.unsupported.length && !refused) {
    const left = `Left out, for want of a quote in the documents: ${plural(answer.unsupported.length, "sentence")}.`;
    const dotted = "Dotted: no quote in the documents was found for this.";
    el("answer").append(make("p", "legend", answer.policy === "strict" ? left : dotted));
  }
  showSteps(answer.steps);
  el("footnotes").replaceChildren(...answer.citations.map(footnote));
  el("notes").hidden = answer.citations.length === 0;
  el("timing").textContent = answer.seconds.total ? `${answer.seconds.total.toFixed(2)} s` : "";
  el("after").hidden = refused;
  showHits(answer.hits, refused);
  el("voice").textContent = refused
    ? "The documents do not answer this."
    : `Answer ready, ${plural(answer.citations.length, "footnote")}`;
}

function write(text, citations, unsupported) {
  const known = new Map(citations.map((citation) => [String(citation.number), citation]).reverse());
  const parts = text.split(/^```[^\n]*\n?/m);
  const nodes = parts.flatMap((part, i) =>
    i % 2 ? [make("pre", "", part)] : part.split(/\n{2,}/).filter((p) => p.trim()).map((p) => paragraph(p, known, unsupported)),
  );
  el("answer").replaceChildren(...nodes);
  el("answer").classList.toggle("writing", asking !== null);
  if (asking) el("kind").textContent = "Writing…";
}

function paragraph(text, known, unsupported) {
  const node = make("p");
  const weak = unsupported.map((one) => one.trim()).filter((one) => one && text.includes(one));
  let rest = text.trim();
  for (const one of weak) {
    const at = rest.indexOf(one);
    if (at < 0) continue;
    const span = make("span", "unsupported");
    node.append(...marks(rest.slice(0, at), known), span);
    span.append(...marks(one, known));
    rest = rest.slice(at + one.length);
  }
  node.append(...marks(rest, known));
  return node;
}

function marks(text, known) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(MARK)) {
    const numbers = match[1].split(/\s*,\s*/);
    if (!asking && !numbers.every((n) => known.has(n))) continue;
    nodes.push(...plain(text.slice(from, match.index).trimEnd()));
    from = match.index + match[0].length;
    const sup = make("sup");
    sup.append(...numbers.map((n) => (known.has(n) ? reference(known.get(n)) : make("span", "pending", n))));
    nodes.push(sup);
  }
  return [...nodes, ...plain(text.slice(from))];
}

function plain(text) {
  return text.split(/(`[^`\n]+`)/).filter(Boolean).map((part, i) =>
    part.length > 2 && part.startsWith("`") && part.endsWith("`")
      ? make("code", "", part.slice(1, -1))
      : document.createTextNode(part),
  );
}

function reference(citation) {
  const button = make("button", "", String(citation.number));
  button.type = "button";
  button.setAttribute("aria-label", `Footnote ${citation.number}: ${citation.title || citation.document_id}`);
  return opens(button, citation);
}

function footnote(citation) {
  const item = make("li");
  const button = note(String(citation.number), citation, where(citation), citation.quote);
  item.append(opens(button, citation));
  return item;
}

function showSteps(steps) {
  shownSteps = steps;
  el("steps").hidden = steps.length === 0;
  el("steps").replaceChildren(...steps.map((one) => make("li", "", `${one.technique}: ${one.did}`)));
}

function showHits(hits, open = false) {
  offerWhy(last, hits);
  el("searched").hidden = hits.length === 0;
  el("searched").open ||= open;
  el("searched-count").textContent = `· the ${plural(hits.length, "passage")} that came nearest`;
  el("hits").replaceChildren(...hits.map((hit, i) => {
    const { passage, score, stages } = hit;
    const place = placeOf(hit);
    const why = stages.map((stage) => `${stage.name} #${stage.rank}`).join(" · ");
    const meta = [where(passage), `score ${Number(score).toPrecision(3)}`, why].filter(Boolean).join(" · ");
    const item = make("li");
    item.append(opens(note(String(i + 1), place, meta, passage.text), place));
    return item;
  }));
}

async function copy() {
  const escaped = (text) => text.replace(/[\\`*_[\]<>#]/g, "\\$&");
  const notes = shown.citations.map((c) => {
    const place = [c.title || c.document_id, headingOf(c)].filter(Boolean).join(" › ");
    return `[^${c.number}]: ${escaped(place)}, ${escaped(where(c))}: “${c.quote.replace(/\s+/g, " ")}”`;
  });
  const known = new Set(shown.citations.map((c) => String(c.number)));
  const text = shown.text.replace(MARK, (mark, list) => {
    const numbers = list.split(/\s*,\s*/);
    return numbers.every((n) => known.has(n)) ? numbers.map((n) => `[^${n}]`).join("") : mark;
  });
  const done = await put(`${text}\n\n${notes.join("\n")}\n`);
  el("copy").textContent = done ? "Copied" : "Could not copy";
  el("voice").textContent = el("copy").textContent;
  setTimeout(() => (el("copy").textContent = "Copy as Markdown"), 1600);
}

async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = make("textarea", "hush"); // pages that are not secure contexts have no clipboard
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    el("copy").focus();
    return done;
  }
}

// -- what is going on --------------------------------------------------------------------------------

async function poll() {
  let soon = 10_000;
  if (!document.hidden) {
    try {
      const status = await (await request("/status")).json();
      const running = Boolean(status.ingest?.running);
      el("progress").hidden = !running;
      el("state").textContent = state(status, running);
      if (running) soon = 1_500;
    } catch (error) {
      el("progress").hidden = true;
      el("state").textContent = el("locked").open ? "Locked" : "The server does not answer";
      soon = 3_000;
    }
  }
  setTimeout(poll, soon);
}

function state({ documents, passages, ingest }, running) {
  if (!running) return `${plural(documents, "document")} · ${plural(passages, "passage")}`;
  const failed = ingest.failed ? `, ${number(ingest.failed)} unreadable` : "";
  const done = ingest.total ? `${number(ingest.done)} of ${number(ingest.total)}` : number(ingest.done);
  return `Reading: ${done} done${failed}`;
}

// -- wiring ------------------------------------------------------------------------------------------

function grow() {
  el("question").style.height = "auto";
  el("question").style.height = `${el("question").scrollHeight}px`;
}

function submit(event) {
  event.preventDefault();
  if (asking) return stop();
  const question = el("question").value.trim();
  if (!question) return el("question").focus();
  return ask({ question, mode: el("mode").value, where: el("where").value.trim() });
}

function fromLink() {
  const link = new URLSearchParams(location.search);
  const question = (link.get("q") ?? "").trim();
  el("question").value = question;
  el("mode").value = link.get("mode") ?? "";
  if (el("mode").selectedIndex < 0) el("mode").value = "";
  el("where").value = link.get("where") ?? "";
  grow();
  if (question) ask({ question, mode: el("mode").value, where: el("where").value.trim() }, false);
  else if (document.body.classList.contains("asked")) location.reload();
}

el("form").addEventListener("submit", submit);
el("question").addEventListener("input", grow);
el("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
});
el("again").addEventListener("click", () => ask(last, false));
el("copy").addEventListener("click", copy);
addEventListener("popstate", fromLink);
fromLink();
poll();
