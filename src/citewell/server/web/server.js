// Talking to the server; asking for its key where it needs one.

import { el } from "/dom.js";

const key = sessionStorage.getItem("key");

export class Problem extends Error {
  constructor(problem) {
    super(problem.detail || problem.title || "The server gave no reason.");
    this.problem = problem;
  }
}

// Headers take bytes only: a key is sent as UTF-8.
const bytes = (text) => String.fromCharCode(...new TextEncoder().encode(text));

export async function request(path, options) {
  let response;
  try {
    const headers = { ...options?.headers, ...(key && { Authorization: `Bearer ${bytes(key)}` }) };
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ detail: "The server does not answer. Start it with “citewell serve”, then try again." });
  }
  if (response.ok) return response;
  if (response.status === 401 && !el("locked").open) el("locked").showModal();
  throw new Problem(await response.json().catch(() => ({ detail: `The server answered ${response.status}.` })));
}

export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const lines = part.split("\n");
      const name = lines.find((line) => line.startsWith("event: "));
      const data = lines.find((line) => line.startsWith("data: "));
      if (name && data) yield [name.slice(7), JSON.parse(data.slice(6))];
    }
  }
}

function unlock(event) {
  event.preventDefault();
  sessionStorage.setItem("key", el("key").value);
  location.reload(); // the address holds the question, and asks it again
}

el("unlock").addEventListener("submit", unlock);
