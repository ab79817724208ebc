// One image beside its slider: what it shows, and its drawing.

import { anchors, overlay, windowed } from "./compose.js";
import { CanvasDrawing, NiivueDrawing, bestDrawing } from "./drawing.js";
import { Placement, arrayIndex, placeOf } from "./geometry.js";

const BARS_MM = [1, 2, 5, 10, 20, 50, 100, 200];
const BAR_PART = 0.25;

export class Panel {
  /**
   * @param {string} title what a reader calls it
   * @param {(panel: Panel) => void} onMoved when plane, slice or view changed by hand
   * @param {(words: string) => void} say tells a reader something
   */
  constructor(title, onMoved, say) {
    const made = document.getElementById("panel").content.cloneNode(true);
    this.element = made.querySelector(".panel");
    this.find = (selector) => this.element.querySelector(selector);
    this.title = title;
    this.onMoved = onMoved;
    this.say = say;
    this.surface = this.find(".surface");
    this.slider = this.find(".slices input");
    this.choice = this.find(".series-choice select");
    this.find("h2").textContent = title;
    this.fill = 0.3;
    this.series = null;
    this.place = null;
    this.unmark();
    this.drawings = {};
    this.isDrawing = false;
    this.isStale = { pixels: false, place: false };
    this.slider.addEventListener("input", () => this.move(Number(this.slider.value)));
    new ResizeObserver(() => this.refresh({ pixels: false })).observe(this.surface);
  }

  get facts() {
    return this.series.facts;
  }

  /** Show a series, or nothing. */
  open(series, planeName) {
    this.series = series;
    this.surface.dataset.drawn = "";
    if (!series) return;
    this.window = { ...series.facts.window };
    this.place = null;
    this.unmark();
    this.view = { zoom: 1, x: 0, y: 0 };
    this.plane = series.plane(planeName ?? series.facts.native);
    this.index = Math.floor(this.plane.count / 2);
    this.describeNotes();
    this.refresh();
  }

  /** Cut along another plane, through the place that is shown. */
  cutAlong(name) {
    const plane = this.series.plane(name);
    if (plane.name === this.plane.name) return;
    const at = this.seen ?? this.facts.shape.map((n) => Math.floor(n / 2));
    at[this.plane.axis] = this.index;
    this.seen = at;
    this.plane = plane;
    this.index = at[plane.axis];
    this.view = { zoom: 1, x: 0, y: 0 };
    this.unmark();
    this.refresh();
  }

  /** Forget a prompt that was begun or shown: it belongs to one slice. */
  unmark() {
    this.cross = null;
    this.corner = null;
    this.rubber = null;
  }

  /** Go to a slice by hand; others may follow. */
  move(index) {
    if (!this.series) return;
    this.place = null;
    this.goTo(index);
    this.onMoved(this);
  }

  /** Go to a slice. */
  goTo(index) {
    const kept = Math.min(this.plane.count - 1, Math.max(0, Math.round(index)));
    if (kept === this.index && this.surface.dataset.drawn) return;
    this.index = kept;
    this.unmark();
    this.refresh();
  }

  /** Go to a place of the picture and point at it. */
  show(at) {
    this.seen = [...at];
    this.place = at;
    this.goTo(at[this.plane.axis]);
    const [row, column] = this.inPlane(at);
    const [x, y] = this.placement().toScreen(row + 0.5, column + 0.5);
    const { clientWidth: width, clientHeight: height } = this.surface;
    if (x < 0 || y < 0 || x > width || y > height) {
      this.view = { ...this.view, x: this.view.x + width / 2 - x, y: this.view.y + height / 2 - y };
    }
    this.refresh({ pixels: false });
  }

  setWindow(window) {
    this.window = window;
    this.refresh();
  }

  setView(view) {
    this.view = view;
    this.refresh({ pixels: false });
  }

  /** The row and column of a place in the plane. */
  inPlane(at) {
    return at.filter((_, axis) => axis !== this.plane.axis);
  }

  /** The index, as tools take it, of a row and a column of the slice shown. */
  indexOf(row, column) {
    return arrayIndex(this.facts, placeOf(this.plane, this.index, row, column));
  }

  placement() {
    return new Placement(this.facts, this.plane, this.surface.clientWidth, this.surface.clientHeight, this.view);
  }

  /** Draw soon: pixels anew, or only at another place. */
  refresh({ pixels = true } = {}) {
    if (!this.series) return;
    this.describe();
    this.isStale.place = true;
    this.isStale.pixels ||= pixels;
    if (!this.isDrawing) {
      this.isDrawing = true;
      requestAnimationFrame(() => this.drawUntilDone());
    }
  }

  async drawUntilDone() {
    try {
      while (this.series && (this.isStale.pixels || this.isStale.place)) {
        const { pixels } = this.isStale;
        this.isStale = { pixels: false, place: false };
        await this.draw(pixels);
      }
    } catch (error) {
      this.say(`The image could not be drawn: ${error.message}`);
    } finally {
      this.isDrawing = false;
    }
  }

  async draw(pixels) {
    const placement = this.placement();
    if (!placement.width || !placement.height) return;
    const { plane, index } = this;
    const drawing = await this.drawingFor(Math.max(placement.rows, placement.columns));
    if (pixels || this.drawnBy !== drawing) {
      const marks = this.series.marksIn(plane, index);
      const labels = this.series.labels(plane, index, marks);
      const shown = windowed(this.series.slice(plane, index), this.facts.isColour, this.window);
      overlay(shown, placement.columns, labels, marks, this.fill);
      this.letters = anchors(placement.columns, labels, marks);
      await drawing.show(shown, placement);
      this.drawnBy = drawing;
    } else {
      drawing.place(placement);
    }
    this.drawOver(placement);
    this.surface.dataset.drawn = `${plane.name} ${index}`;
    this.surface.dispatchEvent(new CustomEvent("dxtrace.drawn", { bubbles: true }));
  }

  /** NiiVue where it can, the plain canvas where there is no WebGL2 or the picture is too large. */
  async drawingFor(edge) {
    const host = this.find(".picture");
    if (this.drawings.niivue === undefined) this.drawings.niivue = await this.startNiivue(host);
    const niivue = this.drawings.niivue;
    const fits = niivue !== null && edge <= niivue.largest;
    if (!fits) this.drawings.canvas ??= new CanvasDrawing(host);
    const chosen = fits ? niivue : this.drawings.canvas;
    for (const one of Object.values(this.drawings)) if (one) one.canvas.hidden = one !== chosen;
    this.surface.dataset.drawing = fits ? "niivue" : "canvas";
    return chosen;
  }

  async startNiivue(host) {
    const best = bestDrawing();
    if (best === "none") this.note("This browser has no WebGL2: slices are drawn without it.");
    if (best !== "niivue") return null;
    const lost = (event) => {
      event.preventDefault();
      this.drawings.niivue?.canvas.remove();
      this.drawings.niivue = null;
      this.refresh();
    };
    try {
      return await NiivueDrawing.on(host, lost);
    } catch (error) {
      this.note(`WebGL2 could not be started (${error.message}): slices are drawn without it.`);
      host.replaceChildren();
      return null;
    }
  }

  /** Letters, the place of a finding, the cross and the box over the picture. */
  drawOver(placement) {
    const over = [];
    const put = (name, x, y) => {
      const made = document.createElement("span");
      made.className = name;
      made.style.left = `${x}px`;
      made.style.top = `${y}px`;
      over.push(made);
      return made;
    };
    for (const { mark, row, column } of this.letters ?? []) {
      const letter = put("letter", ...placement.toScreen(row, column));
      letter.textContent = mark.letter;
      letter.style.color = mark.colour;
    }
    if (this.place && this.place[this.plane.axis] === this.index) {
      const [row, column] = this.inPlane(this.place);
      put("ring", ...placement.toScreen(row + 0.5, column + 0.5));
    }
    if (this.cross) put("cross", ...placement.toScreen(this.cross[0] + 0.5, this.cross[1] + 0.5));
    const frame = (name, a, b) => {
      const from = placement.toScreen(Math.min(a[0], b[0]), Math.min(a[1], b[1]));
      const to = placement.toScreen(Math.max(a[0], b[0]) + 1, Math.max(a[1], b[1]) + 1);
      const box = put(name, ...from);
      box.style.width = `${to[0] - from[0]}px`;
      box.style.height = `${to[1] - from[1]}px`;
    };
    for (const { kind, first, last } of this.series.askedIn(this.plane, this.index)) {
      const [from, to] = [this.inPlane(first), this.inPlane(last)];
      if (kind === "box") frame("asked-box", from, to);
      else put("asked-point", ...placement.toScreen(from[0] + 0.5, from[1] + 0.5));
    }
    if (this.rubber) frame("rubber", ...this.rubber);
    this.find(".drawn").replaceChildren(...over);
    this.drawScale(placement);
  }

  drawScale(placement) {
    const bar = this.find(".scale");
    const fitting = BARS_MM.filter((mm) => mm * placement.scale <= placement.width * BAR_PART);
    bar.hidden = !this.plane.pixelMm || fitting.length === 0;
    if (bar.hidden) return;
    const mm = fitting.at(-1);
    bar.style.width = `${mm * placement.scale}px`;
    bar.firstElementChild.textContent = `${mm} mm`;
  }

  /** The words around the picture. */
  describe() {
    const { plane, index, facts } = this;
    const where = `${plane.words} ${index + 1} of ${plane.count}${plane.counted}`;
    const words = plane.count > 1 ? where : plane.words;
    this.surface.setAttribute("aria-label", `${this.title}: ${words}`);
    this.find(".where").textContent = plane.count > 1 ? `${index + 1}/${plane.count}` : "";
    this.find(".slice-words").textContent = words[0].toUpperCase() + words.slice(1);
    this.find(".what").textContent = facts.isColour ? "" : windowWords(this.window, facts.unit);
    this.slider.max = plane.count - 1;
    this.slider.value = index;
    this.slider.parentElement.hidden = plane.count < 2;
    this.slider.setAttribute("aria-valuetext", words);
    for (const side of ["left", "right", "top", "bottom"]) {
      this.find(`.edge.${side}`).textContent = plane.edges?.[side] ?? "";
    }
  }

  /** Say something of this image that stays. */
  note(words) {
    this.drawingNote = words;
    this.describeNotes();
  }

  describeNotes() {
    const items = [this.drawingNote, ...this.facts.notes].filter(Boolean).map((words) => {
      const item = document.createElement("li");
      item.textContent = words;
      return item;
    });
    this.find(".notes").replaceChildren(...items);
    this.find(".value").textContent = "";
  }

  /** Say what lies at a row and a column; nothing outside. */
  describeValue(pixel) {
    if (!pixel) {
      this.find(".value").textContent = "";
      return;
    }
    const at = placeOf(this.plane, this.index, ...pixel);
    this.seen = at;
    const value = this.series.valueAt(at);
    const shown = Array.isArray(value) ? `red ${value[0]}, green ${value[1]}, blue ${value[2]}` : Number(value.toPrecision(6));
    const index = arrayIndex(this.facts, at);
    const axes = ["slice", "row", "column"].slice(3 - index.length);
    const place = index.map((n, axis) => `${axes[axis]} ${n}`).join(", ");
    this.find(".value").textContent = `${shown} ${this.facts.unit} at ${place}`.replace("  ", " ");
  }
}

function windowWords(window, unit) {
  const round = (value) => Number(value.toPrecision(4));
  return `Level ${round((window.low + window.high) / 2)}, width ${round(window.high - window.low)} ${unit}`.trim();
}
