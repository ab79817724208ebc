// The viewer: which series are shown, how, and what the page beside it hears.

import { fit, makeInteractive, zoomMiddle } from "./interaction.js";
import { listMarks } from "./legend.js";
import { listen, tell } from "./messages.js";
import { Panel } from "./panel.js";
import { Refusal, Series, fetchedJson } from "./series.js";

const byId = (id) => document.getElementById(id);
const held = new Map();
const panels = { main: null, beside: null };
let contents = { series: [], findings: [] };
let active = null;
let offset = null;
let opening = Promise.resolve();
// The page around says what this is, and that it is for research.
document.body.classList.toggle("framed", globalThis.parent !== globalThis.self);

function say(words, isWarning = false) {
  byId("message").textContent = words;
  byId("message").classList.toggle("warning", isWarning);
}

function shown() {
  return [panels.main, panels.beside].filter((panel) => panel?.series);
}

function tool() {
  return document.querySelector("input[name=tool]:checked").value;
}

/** A panel in its place, listening. */
function makePanel(title) {
  const panel = new Panel(title, followed, (words) => say(words, true));
  makeInteractive(panel, {
    tool, prompt, windowed: (from) => windowChanged(from, from.window),
    plane: choosePlane, leave: () => chooseTool("window"),
  });
  panel.surface.addEventListener("focus", () => activate(panel));
  byId("panels").append(panel.element);
  return panel;
}

function activate(panel) {
  active = panel;
  for (const one of shown()) one.surface.classList.toggle("active", one === panel && shown().length > 1);
  if (panel?.series) describeControls();
}

/** Open a series in a panel; what is refused is said, and the panel is left empty. */
async function openIn(panel, number) {
  const listed = contents.series.find((one) => one.number === number);
  if (panel === panels.main) panel.choice.value = String(number);
  panel.open(null);
  try {
    if (listed.refused) throw new Refusal(listed.refused);
    say(`Reading ${listed.title}.`);
    if (!held.has(number)) held.set(number, await Series.open(number));
    const series = held.get(number);
    await series.loadMarks();
    panel.open(series, panel === panels.beside ? panels.main.plane?.name : undefined);
    say(listed.title);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(`${listed.title} cannot be shown: ${error.message}.`, true);
  }
  forgetUnseen();
  if (panel === panels.beside && panel.series) align();
  activate(shown().includes(active) ? active : shown()[0] ?? null);
  list();
}

/** Only what is looked at stays in memory. */
function forgetUnseen() {
  const seen = new Set(shown().map((panel) => panel.series.number));
  for (const number of held.keys()) if (!seen.has(number)) held.delete(number);
}

function list() {
  listMarks(byId("marks"), shown(), (panel, mark) => {
    panel.show(mark.at);
    followed(panel);
    panel.surface.focus();
  });
}

/** Which planes and windows there are, and which are chosen, of the panel in use. */
function describeControls() {
  const { facts, plane, window } = active;
  offerPlanes(facts.planes.map((one) => one.name), plane.name);
  byId("windows").disabled = facts.isColour;
  const presets = facts.windows.map((one) => new Option(one.words, one.key));
  byId("preset").replaceChildren(...presets, new Option("free", "free"));
  describeWindow(facts, window);
}

/** The planes to choose from; the controls stay, and with them the focus, while these are the same. */
function offerPlanes(names, chosen) {
  const host = byId("planes");
  const radios = () => [...host.querySelectorAll("input")];
  if (radios().map((one) => one.value).join() !== names.join()) {
    const labels = names.map((name) => {
      const label = document.createElement("label");
      const radio = document.createElement("input");
      Object.assign(radio, { type: "radio", name: "plane", value: name });
      radio.addEventListener("change", () => choosePlane(name));
      label.append(radio, name === "stored" ? "as stored" : name);
      return label;
    });
    host.replaceChildren(host.querySelector("legend"), ...labels);
  }
  host.hidden = names.length < 2;
  for (const radio of radios()) radio.checked = radio.value === chosen;
}

function describeWindow(facts, window) {
  const near = (a, b) => Math.abs(a - b) < 1e-6 * Math.max(1, Math.abs(a));
  const found = facts.windows.find((one) => near(one.low, window.low) && near(one.high, window.high));
  byId("preset").value = found?.key ?? "free";
  byId("level").value = Number(((window.low + window.high) / 2).toPrecision(5));
  byId("width").value = Number((window.high - window.low).toPrecision(5));
}

/** A window was set on one image: linked images of the same unit follow. */
function windowChanged(panel, window) {
  for (const one of panelsWith(panel)) {
    if (one !== panel && one.facts.unit === panel.facts.unit && panel.facts.unit) one.setWindow({ ...window });
  }
  describeWindow(panel.facts, window);
}

function chooseWindow(window) {
  if (!active?.series) return;
  active.setWindow(window);
  windowChanged(active, window);
}

function choosePlane(name) {
  if (!active?.facts.planes.some((one) => one.name === name)) return;
  for (const panel of panelsWith(active)) {
    if (panel.facts.planes.some((one) => one.name === name)) panel.cutAlong(name);
  }
  align();
  describeControls();
}

function chooseTool(value) {
  document.querySelector(`input[name=tool][value=${value}]`).checked = true;
  toolChanged();
}

function toolChanged() {
  for (const panel of shown()) {
    panel.unmark();
    panel.refresh({ pixels: false });
  }
  const words = { point: "Click on what is meant; by keys: arrows, then enter.", box: "Draw a box around what is meant; by keys: arrows, enter at two corners." };
  say(words[tool()] ?? "");
}

/** A panel and those linked to it. */
function panelsWith(panel) {
  return byId("link").checked ? shown() : [panel];
}

/** Where a panel stands along its plane: in mm if the spacing is known, else in slices. */
function station(panel) {
  const step = panel.facts.spacingMm?.[panel.plane.axis];
  return { at: panel.index * (step ?? 1), step: step ?? 1, isMm: step !== undefined };
}

/** Remember how far apart linked panels stand; a panel that was just opened goes to the same part. */
function align() {
  offset = null;
  const [main, beside] = shown();
  if (!beside || main.plane.name !== beside.plane.name) return;
  const part = main.index / Math.max(1, main.plane.count - 1);
  beside.goTo(part * (beside.plane.count - 1));
  keepOffset();
}

function keepOffset() {
  const [main, beside] = shown();
  if (beside) offset = station(beside).at - station(main).at;
}

/** The other panel follows one that was moved, by as many millimetres. */
function followed(panel) {
  const [main, beside] = shown();
  if (!beside) return;
  if (!byId("link").checked) {
    keepOffset();
    return;
  }
  const other = panel === main ? beside : main;
  if (other.plane.name !== panel.plane.name || offset === null) return;
  const [here, there] = [station(panel), station(other)];
  if (here.isMm === there.isMm) {
    other.goTo((here.at + (panel === main ? offset : -offset)) / there.step);
  }
  other.setView({ ...panel.view });
}

/** Tell the page what was pointed at, as tools take it. */
function prompt(panel, kind, pixels) {
  const corners = pixels.map(([row, column]) => panel.indexOf(row, column));
  const at = kind === "point" ? corners : [Math.min, Math.max].map((pick) => corners[0].map((n, axis) => pick(n, corners[1][axis])));
  const told = tell({ type: "dxtrace.prompt", series: panel.facts.series, kind, at });
  panel.corner = null;
  panel.cross = kind === "point" ? pixels[0] : null;
  panel.rubber = kind === "box" ? pixels : null;
  panel.refresh({ pixels: false });
  const words = at.map((index) => `(${index.join(", ")})`).join(" to ");
  if (told) say(`${kind === "point" ? "Point" : "Box"} sent: ${words}.`);
  else say("This window was not opened by the chat page: nobody hears a prompt.", true);
}

/** Go to the place of a finding. */
async function showFinding(id) {
  const place = contents.findings.find((one) => one.finding === id);
  if (!place) {
    say("This finding has no place in an image.", true);
    return;
  }
  let panel = shown().find((one) => one.series.number === place.series);
  if (!panel) {
    await openIn(panels.main, place.series);
    panel = panels.main;
  }
  const mark = panel.series?.marks.find((one) => place.marks.includes(one.path) && !one.refused);
  if (!mark) return;
  mark.on = true;
  list();
  panel.show(mark.at);
  panel.refresh();
  followed(panel);
  say(`${mark.letter}: ${mark.title}`);
}

/** Read again what there is; images stay where they are. */
async function refresh() {
  contents = await fetchedJson("contents.json");
  fillChoices();
  const [first] = contents.series;
  if (!first) {
    for (const panel of shown()) panel.open(null);
    say("There are no images in this case.");
    list();
    return;
  }
  if (!panels.main.series) await openIn(panels.main, startingSeries());
  for (const panel of shown()) {
    await panel.series.loadMarks();
    panel.refresh();
  }
  list();
}

/** The first current series that can be shown. */
function startingSeries() {
  const able = contents.series.filter((one) => !one.refused);
  return (able.find((one) => !one.isPrior) ?? able[0] ?? contents.series[0]).number;
}

function fillChoices() {
  const options = () => contents.series.map((one) => new Option(one.title, one.number));
  const chosen = [panels.main.series?.number, panels.beside.series?.number];
  panels.main.choice.replaceChildren(...options());
  byId("beside").replaceChildren(new Option("none", ""), ...options());
  if (chosen[0] !== undefined) panels.main.choice.value = chosen[0];
  byId("beside").value = chosen[1] ?? "";
  byId("pair").hidden = contents.series.length < 2;
}

async function chooseBeside(value) {
  panels.beside.element.hidden = value === "";
  if (value === "") {
    panels.beside.open(null);
    forgetUnseen();
    activate(panels.main);
    list();
  } else {
    await openIn(panels.beside, Number(value));
  }
}

/** One change of what is shown after the other; what fails is said. */
function next(step) {
  const run = opening.then(step).catch((error) => say(`This could not be shown: ${error.message}.`, true));
  opening = run;
  return run;
}

function wire() {
  panels.main = makePanel("Image");
  panels.beside = makePanel("Beside");
  panels.beside.choice.parentElement.hidden = true; // it is chosen above
  panels.beside.element.hidden = true;
  panels.main.choice.addEventListener("change", () => next(() => openIn(panels.main, Number(panels.main.choice.value))));
  byId("beside").addEventListener("change", () => next(() => chooseBeside(byId("beside").value)));
  byId("link").addEventListener("change", keepOffset);
  byId("preset").addEventListener("change", () => {
    const found = active?.facts.windows.find((one) => one.key === byId("preset").value);
    if (found) chooseWindow({ low: found.low, high: found.high });
  });
  for (const id of ["level", "width"]) byId(id).addEventListener("change", typedWindow);
  for (const radio of document.querySelectorAll("input[name=tool]")) radio.addEventListener("change", toolChanged);
  byId("zoom-in").addEventListener("click", () => active?.series && zoomMiddle(active, 1.25));
  byId("zoom-out").addEventListener("click", () => active?.series && zoomMiddle(active, 0.8));
  byId("fit").addEventListener("click", () => active?.series && fit(active));
  byId("opacity").addEventListener("input", () => {
    for (const panel of [panels.main, panels.beside]) {
      panel.fill = Number(byId("opacity").value) / 100;
      panel.refresh();
    }
  });
}

function typedWindow() {
  const [level, width] = [byId("level").valueAsNumber, byId("width").valueAsNumber];
  if (!Number.isFinite(level) || !(width > 0)) {
    say("The window needs a level and a width above 0.", true);
    return;
  }
  chooseWindow({ low: level - width / 2, high: level + width / 2 });
}

wire();
listen({ show: (finding) => next(() => showFinding(finding)), refresh: () => next(refresh) });
next(refresh).then(() => tell({ type: "dxtrace.ready" }));
