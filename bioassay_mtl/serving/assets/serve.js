"use strict";
// Asks the server that this page came from, shows rows as they come, and keeps them in this page alone.
const PAGE = 50;
const DRAWN_AT_ONCE = 24;
const MOST_COLUMNS = 12; // of assays; the rest when asked for
const EXAMPLE = `CC(=O)Oc1ccccc1C(=O)O aspirin
CN1C=NC2=C1C(=O)N(C(=O)N2C)C caffeine
O=C(O)c1ccccc1Nc1cccc(C(F)(F)F)c1 flufenamic acid
COc1cc2c(cc1OC)CC(N)C2 indane
C(C not a molecule`;
const MEANING = {
  similarity: "similarity to the nearest training molecule", nearest: "nearest training molecule",
  in_domain: "near enough to training molecules", known: "measured in training data",
  nearest_active: "similarity of the nearest known active", spread: "how far experts differ", mw: "g/mol", tpsa: "Å²", qed: "drug-likeness",
  alerts: "PAINS, Brenk, NIH", promiscuity: "assays in which it stands far above the usual",
};
const ASK = { domain: "Nearest training molecules", confidence: "How sure each number is", liabilities: "Alerts and properties" };

const $ = (id) => document.getElementById(id);
const made = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};
let model, sheet = [], titles = new Map(), going = null;
let found = null;

async function answer(path, options) {
  let response;
  try { response = await fetch(path, options); } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the server does not answer: has it been ended?");
  }
  if (response.ok) return response;
  let message = `the server answers with status ${response.status}`;
  try { message = (await response.json()).error.message; } catch { /* not JSON */ }
  throw new Error(message);
}

function fault(message) { $("fault").hidden = !message; $("fault").textContent = message; }

async function begin() {
  model = await (await answer("/api/model")).json();
  sheet = (await (await answer("/api/assays")).json()).assays;
  titles = new Map(sheet.map((assay) => [assay.id, assay]));
  $("model").textContent = `${model.name} · ${model.assays.toLocaleString("en")} ${model.assays === 1 ? "assay" : "assays"}`;
  const limits = model.limits;
  const needs = model.columns_read.length ? ` This model also reads the columns ${model.columns_read.join(", ")} of a table.` : "";
  $("limits").textContent = `Up to ${limits.molecules.toLocaleString("en")} records and ${(limits.bytes / 1e6).toLocaleString("en")} MB: ${model.suffixes.map((each) => `.${each}`).join(" ")}.${needs}`;
  $("file").accept = model.suffixes.map((each) => `.${each}`).join(",");
  $("assays").append(...sheet.map((assay) => {
    const box = made("input", { type: "checkbox", value: assay.id });
    const name = assay.title ? `${assay.title} ` : "";
    const label = made("label", {}, box, made("span", {}, name, made("small", { textContent: assay.title ? assay.id : "" }), assay.title ? "" : assay.id), made("small", { textContent: assay.grade || "" }));
    label.dataset.text = [assay.id, assay.title, assay.target, assay.gene, assay.uniprot, assay.organism, assay.target_class, assay.disease_area, assay.readout, assay.grade].filter(Boolean).join(" ").toLowerCase();
    return label;
  }));
  for (const name of model.beside) {
    const box = made("input", { type: "checkbox", value: name, checked: name === "domain" || name === "confidence" });
    $("beside").append(made("label", {}, box, ASK[name] || name.replaceAll("_", " ")));
    $("beside").hidden = false;
  }
}

const boxes = () => [...$("assays").querySelectorAll("input")];
const chosen = () => boxes().filter((box) => box.checked).map((box) => box.value);
function tellChosen() {
  const n = chosen().length;
  $("chosen").textContent = n ? `${n} of ${sheet.length}` : "all";
}
$("assays").addEventListener("change", tellChosen);
$("find").addEventListener("input", () => {
  const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const label of $("assays").children) label.hidden = !words.every((word) => label.dataset.text.includes(word));
});
$("find").addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
$("take").addEventListener("click", () => {
  for (const box of boxes()) if (!box.closest("label").hidden) box.checked = true;
  tellChosen();
});
$("none").addEventListener("click", () => { for (const box of boxes()) box.checked = false; tellChosen(); });
$("example").addEventListener("click", () => { $("text").value = EXAMPLE; $("file").value = ""; $("text").focus(); });
$("stop").addEventListener("click", () => going && going.abort());
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("ask").requestSubmit();
});

$("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (going) return;
  fault("");
  const file = $("file").files[0];
  const body = file || new Blob([$("text").value]);
  if (!file && !$("text").value.trim()) { fault("Paste some molecules, or choose a file."); $("text").focus(); return; }
  if (model && body.size > model.limits.bytes) { fault(`This is ${(body.size / 1e6).toFixed(1)} MB: up to ${model.limits.bytes / 1e6} MB are taken. Larger files are for bioassay-mtl screen.`); return; }
  const query = new URLSearchParams({ format: "both", name: file ? file.name : "", standardize: $("standardize").checked });
  for (const assay of chosen()) query.append("assays", assay);
  for (const box of $("beside").querySelectorAll("input")) if (box.checked) query.append("beside", box.value);
  going = new AbortController();
  busy(true);
  try { await ask(query, body); } catch (error) {
    const part = found && found.rows.length && !found.whole ? ` ${found.rows.length.toLocaleString("en")} of ${found.total.toLocaleString("en")} records are shown.` : "";
    fault(error.name === "AbortError" ? `Stopped.${part}` : `${error.message[0].toUpperCase()}${error.message.slice(1)}.${part}`);
    $("said").textContent = "";
  }
  going = null;
  busy(false);
});

function busy(is) {
  $("go").disabled = is;
  for (const id of ["stop", "progress"]) $(id).hidden = !is;
  $("results").setAttribute("aria-busy", is);
  if (is) { $("progress").removeAttribute("value"); $("said").textContent = "Waiting for the server"; }
}

async function ask(query, body) {
  found = null;
  $("results").hidden = true;
  const response = await answer(`/api/screen?${query}`, { method: "POST", body, signal: going.signal, headers: { "content-type": "application/octet-stream" } });
  for await (const said of lines(response)) {
    if (said.event === "start") { $("summary").textContent = ""; found = { ...said, rows: [], csv: [], whole: false, sort: null, most: PAGE, wide: said.columns.length <= MOST_COLUMNS, telling: said.columns.slice(0, MOST_COLUMNS) }; heads(); $("results").hidden = false; }
    if (said.csv) found.csv.push(said.csv);
    if (said.event === "rows") {
      for (const row of said.rows) found.rows.push(row);
      $("progress").max = found.total; $("progress").value = said.done;
      $("said").textContent = `${said.done.toLocaleString("en")} of ${found.total.toLocaleString("en")}`;
      if (found.rows.length - said.rows.length < found.most || found.sort) show();
    }
    if (said.event === "error") throw new Error(said.message);
    if (said.event === "end") { found.whole = true; end(said); }
  }
  if (!found || !found.whole) throw new Error("the answer broke off before its end");
}

async function* lines(response) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const parts = rest.split("\n");
    rest = parts.pop();
    for (const part of parts) if (part) yield JSON.parse(part);
    if (done) return;
  }
}

function end(said) {
  const counts = Object.entries(said.statuses).map(([status, n]) => `${n.toLocaleString("en")} ${status.replaceAll("_", " ")}`).join(", ");
  $("summary").textContent = `${said.rows.toLocaleString("en")} ${said.rows === 1 ? "record" : "records"} in ${said.seconds} s: ${counts || "none"}.`;
  $("said").textContent = "Done";
  tellMeaning();
  if (!found.wide) { found.telling = telling(); if (!found.sort) heads(); }
  show();
  $("results-title").focus({ preventScroll: true });
  $("results").scrollIntoView({ block: "start" });
}

function tellMeaning() {
  const part = found.wide ? "" : ` The ${MOST_COLUMNS} assays are those that tell most of some molecule.`;
  const values = found.values.length ? " Columns with a unit are values." : "";
  $("meaning").textContent = `Numbers are probabilities to be active, those of 0.5 and more bold.${values}${model.explains ? " A press on a number tells why." : ""} In training: the model learned from this molecule, so that its prediction is no news.${part}`;
}

// The assays that tell most of some molecule: bits that a probability tells beyond the share of actives.
function telling() {
  const bits = (p, share) => (p > share ? p * Math.log2(p / share) + (1 - p) * Math.log2((1 - p) / (1 - share)) : 0);
  const most = found.columns.map((assay) => {
    const counts = (of(assay) || {}).counts || {};
    const share = counts.active === undefined ? 0.5 : (counts.active + 1) / (counts.active + counts.inactive + 1);
    let best = 0;
    if (!found.values.includes(assay)) for (const row of found.rows) if (row.predictions) best = Math.max(best, bits(Math.min(row.predictions[assay], 1 - 1e-6), share));
    return [best, assay];
  });
  return most.sort(([a], [b]) => b - a).slice(0, MOST_COLUMNS).map(([, assay]) => assay);
}

$("wider").addEventListener("click", () => { found.wide = true; found.sort = null; heads(); tellMeaning(); show(); });

function heads() {
  const assays = found.wide ? found.columns : found.telling;
  $("wider").hidden = found.wide;
  $("wider").textContent = `Show all ${found.columns.length} assays`;
  const beside = found.beside.filter((column) => !column.of_assays);
  found.columns_shown = [
    { title: "Structure", picture: true },
    { title: "Molecule", key: (row) => row.id || row.smiles, cell: named },
    { title: "Status", key: (row) => row.status.replaceAll("_", " "), text: true },
    { title: "In training", key: (row) => ({ true: "yes", false: "no" }[row.in_training] || null), text: true },
    ...assays.map((assay) => ({ title: titleOf(assay), small: smallOf(assay), assay, key: (row) => (row.predictions ? row.predictions[assay] : null), cell: predicted(assay) })),
    ...beside.map((column) => ({ title: column.name.replaceAll("_", " "), small: MEANING[column.name], text: column.kind === "text", long: column.kind === "text", key: (row) => told(row.beside && row.beside[column.name]), number: column.kind === "decimals" || column.kind === "number" })),
  ];
  const cells = found.columns_shown.map((column) => {
    const head = made("th", { scope: "col" });
    const small = column.small ? made("small", { textContent: column.small }) : "";
    if (column.picture) { head.append(column.title); return head; }
    head.setAttribute("aria-sort", "none");
    const button = made("button", { type: "button" }, column.title);
    button.addEventListener("click", () => sort(column, head));
    head.append(button, small);
    if (column.text) head.className = "text";
    return head;
  });
  $("table").tHead.replaceChildren(made("tr", {}, ...cells));
  $("table").tBodies[0].replaceChildren();
}

const of = (assay) => titles.get(assay) || titles.get(assay.replace(/\[[^\]]*\]$/, ""));
const titleOf = (assay) => (of(assay) && of(assay).title ? of(assay).title : assay);
function smallOf(assay) {
  const about = of(assay) || {};
  return [about.title ? assay : "", about.unit, about.grade].filter(Boolean).join(", ");
}
const told = (value) => (value === true ? "yes" : value === false ? "no" : value === undefined ? null : value);

function named(row, cell) {
  cell.append(row.id || `row ${row.row}`, made("small", { className: "smiles", textContent: row.smiles.length > 120 ? `${row.smiles.slice(0, 120)}…` : row.smiles, title: row.smiles.slice(0, 2000) }));
}

function predicted(assay) {
  return (row, cell) => {
    const value = row.predictions && row.predictions[assay];
    if (value === null || value === undefined) { cell.textContent = "–"; return; }
    const isValue = found.values.includes(assay);
    const precise = (number) => (isValue ? Number(number.toPrecision(4)).toString() : number.toFixed(3));
    const text = precise(value);
    if (model.explains) {
      const button = made("button", { type: "button", className: "why", textContent: text });
      button.setAttribute("aria-label", `${text}, why?`);
      button.addEventListener("click", () => explain(row, assay, text));
      cell.append(button);
    } else cell.append(text);
    if (!isValue && value >= 0.5) cell.className = "strong";
    const said = { ...(row.of_assays && row.of_assays[assay]) };
    const show = (number) => (isValue ? Number(number.toPrecision(3)) : number.toFixed(2));
    if (typeof said.low === "number" && typeof said.high === "number") cell.append(made("small", { textContent: `${precise(said.low)} to ${precise(said.high)}` }));
    for (const name of ["low", "high"]) delete said[name];
    const more = Object.entries(said).filter(([, each]) => each !== null);
    for (const [name, each] of more) cell.append(made("small", { textContent: `${name.replaceAll("_", " ")} ${typeof each === "number" ? show(each) : each}` }));
  };
}

async function explain(row, assay, predicted) {
  const name = row.id || `row ${row.row}`;
  $("why-title").textContent = `Why ${predicted} for ${name} in ${titleOf(assay)}`;
  $("reasons").replaceChildren(made("p", { className: "note", textContent: "Being worked out" }));
  if (!$("why").open) $("why").showModal();
  const now = (explain.asked = {});
  let said;
  try {
    said = await (await answer("/api/explain", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ smiles: row.smiles.trim().split(/\s/)[0], assay }) })).json();
  } catch (error) { said = { fault: error.message }; }
  if (explain.asked !== now) return;
  if (said.fault) { $("reasons").replaceChildren(made("p", { className: "wrong", textContent: `${said.fault}.` })); return; }
  const figure = made("figure");
  figure.innerHTML = said.drawing; // drawn by the server, which escapes what it was given
  const svg = figure.querySelector("svg");
  if (svg) svg.setAttribute("aria-label", `Shares of the atoms of ${name}`);
  const plain = (number) => number.toFixed(3).replace("-", "−");
  const signed = (number) => `${number < 0 ? "" : "+"}${plain(number)}`;
  const sum = (numbers) => numbers.reduce((all, each) => all + each, 0);
  const what = found.values.includes(assay) ? "the value" : "the log-odds, before they are calibrated";
  const facts = [[what, plain(said.value)], ["of an empty input", plain(said.reference)], ["all atoms", signed(sum(said.atoms))], ["the molecule as a whole", signed(said.whole)]];
  const experts = said.experts.map((each) => [each.name, `atoms ${signed(sum(each.atoms))}, whole ${signed(each.whole)}`]);
  const listed = (pairs) => made("dl", { className: "facts" }, ...pairs.map(([term, text]) => made("div", {}, made("dt", { textContent: term }), made("dd", { textContent: text }))));
  $("reasons").replaceChildren(figure,
    made("p", { textContent: "Orange atoms raise the prediction, blue atoms lower it, against that of an empty input." }),
    listed(facts), made("details", {}, made("summary", { textContent: "By expert" }), listed(experts)));
}

function sort(column, head) {
  const isText = found.rows.some((row) => typeof column.key(row) === "string");
  const before = head.getAttribute("aria-sort");
  const first = isText ? "ascending" : "descending";
  const next = before === first ? (first === "ascending" ? "descending" : "ascending") : first;
  for (const each of $("table").tHead.rows[0].cells) if (each.hasAttribute("aria-sort")) each.setAttribute("aria-sort", each === head ? next : "none");
  found.sort = { column, sign: next === "ascending" ? 1 : -1 };
  show();
}

function ordered() {
  const wanted = $("filter").value.trim().toLowerCase();
  let rows = found.rows;
  if (wanted) rows = rows.filter((row) => `${row.id} ${row.smiles} ${row.status.replaceAll("_", " ")}`.toLowerCase().includes(wanted));
  if (!found.sort) return rows;
  const { column, sign } = found.sort;
  const keyed = rows.map((row) => [column.key(row), row]);
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null); // what is not known stays last
    return sign * (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
  });
  return keyed.map(([, row]) => row);
}

function show() {
  const rows = ordered();
  const shown = rows.slice(0, found.most);
  $("table").tBodies[0].replaceChildren(...shown.map(line));
  $("more").hidden = rows.length <= found.most;
  $("more").textContent = `Show ${Math.min(PAGE, rows.length - shown.length).toLocaleString("en")} more`;
  $("shown").textContent = shown.length < found.rows.length ? `${shown.length.toLocaleString("en")} of ${found.rows.length.toLocaleString("en")} shown` : "";
  draw(shown);
}

function line(row) {
  return made("tr", {}, ...found.columns_shown.map((column) => {
    const cell = made(column.title === "Molecule" ? "th" : "td");
    if (column.title === "Molecule") cell.scope = "row";
    if (column.picture) { cell.className = "picture"; if (row.svg) picture(cell, row); else row.cell = cell; return cell; }
    if (column.text) cell.className = column.long ? "text long" : "text";
    if (column.cell) { column.cell(row, cell); return cell; }
    const value = column.key(row);
    cell.textContent = value === null ? "–" : column.number ? value.toFixed(2) : value;
    return cell;
  }));
}

function picture(cell, row) {
  cell.innerHTML = row.svg; // drawn by the server, which escapes what it was given
  const svg = cell.querySelector("svg");
  if (svg) svg.setAttribute("aria-label", `Structure of ${row.id || `row ${row.row}`}`);
}

async function draw(rows) {
  const now = found;
  const wanted = rows.filter((row) => row.status === "ok" && row.svg === undefined && row.smiles.length <= 10000);
  for (const row of wanted) row.svg = "";
  for (let at = 0; at < wanted.length; at += DRAWN_AT_ONCE) {
    const part = wanted.slice(at, at + DRAWN_AT_ONCE);
    try {
      const response = await answer("/api/drawings", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ smiles: part.map((row) => row.smiles) }) });
      const { drawings } = await response.json();
      part.forEach((row, place) => { row.svg = drawings[place]; if (row.cell && found === now) picture(row.cell, row); });
    } catch { for (const row of part) row.svg = undefined; return; } // busy: drawn when shown next
  }
}

$("more").addEventListener("click", () => {
  const first = found.most;
  found.most += PAGE;
  show();
  const row = $("table").tBodies[0].rows[first];
  if (row && $("more").hidden) { row.cells[1].tabIndex = -1; row.cells[1].focus(); }
});
$("filter").addEventListener("input", () => { if (found) show(); });
$("download").addEventListener("click", () => {
  const url = URL.createObjectURL(new Blob(found.csv, { type: "text/csv;charset=utf-8" }));
  made("a", { href: url, download: found.whole ? "predictions.csv" : "predictions-part.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
});

begin().catch((error) => fault(`${error.message}.`));
