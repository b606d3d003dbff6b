// Finding and making elements. Text is always set as text, never as markup.

export const el = (id) => document.getElementById(id);
export const number = (value) => Number(value).toLocaleString("en");
export const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;

export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
