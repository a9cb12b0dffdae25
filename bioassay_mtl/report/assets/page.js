"use strict";
// Tables: sorted by their column heads, filtered by a text, long ones shown in part.
// Cards of molecules: their SMILES copied one by one, all of them downloaded.
const LEAST = 25;

function valueOf(row, column) {
  const cell = row.cells[column];
  if (cell.tagName === "TH" || cell.classList.contains("text")) return cell.textContent.trim();
  const value = parseFloat(cell.textContent.replaceAll(",", "").replace("−", "-"));
  return Number.isNaN(value) ? null : value;
}

function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b, "en", { numeric: true });
  return a - b;
}

for (const holder of document.querySelectorAll("[data-table]")) {
  const table = holder.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const filter = holder.querySelector("input");
  const count = holder.querySelector("[role=status]");
  const more = document.createElement("button");
  more.className = "more";
  more.type = "button";
  holder.append(more);
  let all = rows.length <= LEAST + 5;
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const found = new Map(rows.map((row, at) => [row, texts[at]]));
  let order = rows;

  function show() {
    const wanted = filter ? filter.value.trim().toLowerCase() : "";
    let matching = 0;
    for (const row of order) {
      const fits = found.get(row).includes(wanted);
      if (fits) matching += 1;
      row.hidden = !fits || (!all && matching > LEAST);
    }
    const shown = all ? matching : Math.min(matching, LEAST);
    more.hidden = shown === matching;
    more.textContent = `Show all ${matching.toLocaleString("en")}`;
    if (count) count.textContent = wanted || shown < matching
      ? `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown` : "";
  }

  more.addEventListener("click", () => { all = true; show(); });
  if (filter) filter.addEventListener("input", show);

  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (rows.length && rows[0].cells[column].classList.contains("drawing")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", head.getAttribute("aria-sort") || "none");
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      // Numbers are looked at from the largest, names from A; a second press turns that round.
      const first = rows.length && typeof valueOf(rows[0], column) === "string" ? "ascending" : "descending";
      const other = first === "ascending" ? "descending" : "ascending";
      const next = before === first ? other : first;
      for (const each of heads) if (each.hasAttribute("aria-sort")) each.setAttribute("aria-sort", each === head ? next : "none");
      const sign = next === "ascending" ? 1 : -1;
      const keyed = rows.map((row) => [valueOf(row, column), row]);
      keyed.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null); // the unknown stays last
        return sign * compare(a, b);
      });
      order = keyed.map(([, row]) => row);
      body.append(...order);
      show();
    });
  });
  show();
  holder.dataset.ready = "";
}

for (const list of document.querySelectorAll("[data-part]")) {
  const least = Number(list.dataset.part);
  const cards = [...list.children];
  if (cards.length <= least) continue;
  cards.slice(least).forEach((card) => { card.hidden = true; });
  const more = document.createElement("button");
  more.className = "more";
  more.type = "button";
  more.textContent = `Show all ${cards.length.toLocaleString("en")}`;
  more.addEventListener("click", () => {
    cards.forEach((card) => { card.hidden = false; });
    more.hidden = true;
    cards[least].tabIndex = -1;
    cards[least].focus();
  });
  list.after(more);
}

function copyText(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy"); // also where a page from a disk has no clipboard
  area.remove();
  return done;
}

function buttonOf(text, action) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "more";
  button.textContent = text;
  button.addEventListener("click", () => action(button));
  return button;
}

const quoted = (text) => `"${text.replaceAll('"', '""')}"`;

for (const list of document.querySelectorAll("[data-molecules]")) {
  const cards = [...list.children].filter((card) => card.dataset.smiles);
  if (!cards.length) continue;
  for (const card of cards) {
    const name = card.dataset.id;
    const copy = buttonOf("Copy SMILES", (button) => {
      button.textContent = copyText(card.dataset.smiles) ? "Copied" : "Cannot copy here";
      button.focus();
    });
    copy.setAttribute("aria-label", `Copy SMILES of ${name}`);
    card.append(copy);
  }
  list.after(buttonOf(`Download these ${cards.length} as CSV`, () => {
    const rows = cards.map(({ dataset }) => `${quoted(dataset.id)},${quoted(dataset.smiles)}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([["id,smiles", ...rows, ""].join("\n")], { type: "text/csv" }));
    link.download = "molecules.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }));
}
