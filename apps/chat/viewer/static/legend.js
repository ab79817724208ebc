// The list of overlays: a letter, a colour, a name; on or off; where it lies.

/** List the marks of the images shown.
 *
 * @param {Element} host
 * @param {Array<Panel>} panels those that show a series
 * @param {(panel: Panel, mark: object) => void} goTo
 */
export function listMarks(host, panels, goTo) {
  const again = () => listMarks(host, panels, goTo);
  const parts = panels.flatMap((panel) => {
    const { marks } = panel.series;
    const head = document.createElement("h3");
    head.textContent = marks.length ? panel.title : `${panel.title}: nothing is marked`;
    const asked = panel.series.asked.map((one) => askedRow(panel, one, goTo));
    const rows = [...marks.map((mark) => row(panel, mark, goTo)), ...asked];
    return marks.length > 1 ? [head, all(panel, again), ...rows] : [head, ...rows];
  });
  host.replaceChildren(...parts);
}

function row(panel, mark, goTo) {
  const made = document.createElement("div");
  made.className = "mark";
  const label = document.createElement("label");
  const box = checkbox(mark.on && !mark.refused, (isOn) => {
    mark.on = isOn;
    panel.refresh();
  });
  box.disabled = Boolean(mark.refused);
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  swatch.textContent = mark.letter;
  swatch.style.color = mark.colour;
  swatch.style.borderColor = mark.colour;
  const name = document.createElement("span");
  name.textContent = mark.title;
  label.append(box, swatch, name);
  made.append(label);
  if (mark.refused) {
    const why = document.createElement("span");
    why.className = "refused";
    why.textContent = `not shown: ${mark.refused}`;
    name.append(" ", why);
    return made;
  }
  made.append(goButton(`${mark.letter}, ${mark.title}`, () => goTo(panel, mark)));
  return made;
}

/** What an expert was asked about: no finding, only where it was to look. */
function askedRow(panel, one, goTo) {
  const made = document.createElement("div");
  made.className = "mark asked";
  const words = document.createElement("span");
  words.textContent = one.words[0].toUpperCase() + one.words.slice(1);
  made.append(words, goButton(one.words, () => goTo(panel, one)));
  return made;
}

function goButton(words, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Go";
  button.setAttribute("aria-label", `Go to ${words}`);
  button.addEventListener("click", onClick);
  return button;
}

function all(panel, again) {
  const made = document.createElement("div");
  made.className = "mark";
  const label = document.createElement("label");
  const { marks } = panel.series;
  const box = checkbox(marks.some((mark) => mark.on), (isOn) => {
    for (const mark of marks) mark.on = isOn;
    again();
    panel.refresh();
  });
  label.append(box, "all");
  made.append(label);
  return made;
}

function checkbox(isOn, onChange) {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.checked = isOn;
  box.addEventListener("change", () => onChange(box.checked));
  return box;
}
