// Mouse, touch and keys on an image: slices, window, moving, zoom, and prompts.

import { zoomed } from "./geometry.js";

const PAGE = 10;
const STEP_PX = 24;
const ZOOM_STEP = 1.25;
const WINDOW_DRAG = 400;
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Zoom an image about its middle. */
export function zoomMiddle(panel, factor) {
  const { clientWidth: width, clientHeight: height } = panel.surface;
  panel.setView(zoomed(panel.view, factor, width / 2, height / 2, width, height));
  panel.onMoved(panel);
}

/** Show all of an image again. */
export function fit(panel) {
  panel.setView({ zoom: 1, x: 0, y: 0 });
  panel.onMoved(panel);
}

/** Make an image answer to mouse, touch and keys.
 *
 * @param {Panel} panel
 * @param {object} acts tool(): the tool chosen; prompt(panel, kind, corners); windowed(panel);
 *   plane(name); leave(): back from a prompt
 */
export function makeInteractive(panel, acts) {
  const { surface } = panel;
  let drag = null;

  const position = (event) => {
    const frame = surface.getBoundingClientRect();
    return [event.clientX - frame.left - surface.clientLeft, event.clientY - frame.top - surface.clientTop];
  };
  const pixelAt = (event) => panel.placement().toPixel(...position(event));

  surface.addEventListener("wheel", (event) => {
    if (!panel.series) return;
    event.preventDefault();
    if (event.ctrlKey) {
      const [x, y] = position(event);
      const factor = event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP;
      panel.setView(zoomed(panel.view, factor, x, y, surface.clientWidth, surface.clientHeight));
      panel.onMoved(panel);
    } else if (event.deltaY) {
      panel.move(panel.index + Math.sign(event.deltaY));
    }
  }, { passive: false });

  surface.addEventListener("pointerdown", (event) => {
    if (!panel.series || event.button > 1) return;
    surface.focus({ preventScroll: true });
    surface.setPointerCapture(event.pointerId);
    const tool = event.button === 1 ? "move" : acts.tool();
    drag = { tool, from: position(event), pixel: pixelAt(event), view: panel.view, window: panel.window };
    event.preventDefault();
  });

  surface.addEventListener("pointermove", (event) => {
    if (!panel.series) return;
    panel.describeValue(pixelAt(event));
    if (drag) dragged(panel, drag, position(event), pixelAt(event), acts);
  });

  surface.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { tool, pixel } = drag;
    const ended = pixelAt(event);
    drag = null;
    if (tool === "point" && ended) acts.prompt(panel, "point", [ended]);
    if (tool === "box" && pixel && panel.rubber) acts.prompt(panel, "box", panel.rubber);
  });

  surface.addEventListener("pointercancel", () => {
    drag = null;
  });
  surface.addEventListener("pointerleave", () => panel.series && panel.describeValue(null));
  surface.addEventListener("keydown", (event) => {
    if (!panel.series || event.ctrlKey || event.metaKey || event.altKey) return;
    if (pressed(panel, event, acts)) event.preventDefault();
  });
}

function dragged(panel, drag, to, pixel, acts) {
  const [right, down] = [to[0] - drag.from[0], to[1] - drag.from[1]];
  if (drag.tool === "move") {
    panel.setView({ ...drag.view, x: drag.view.x + right, y: drag.view.y + down });
    panel.onMoved(panel);
  } else if (drag.tool === "window" && !panel.facts.isColour) {
    const width = drag.window.high - drag.window.low;
    const level = (drag.window.low + drag.window.high) / 2 + (down * width) / WINDOW_DRAG;
    const wider = Math.max(width * 2 ** (right / WINDOW_DRAG * 2), width * 1e-3);
    panel.setWindow({ low: level - wider / 2, high: level + wider / 2 });
    acts.windowed(panel);
  } else if (drag.tool === "box" && drag.pixel && pixel) {
    panel.rubber = [drag.pixel, pixel];
    panel.refresh({ pixels: false });
  }
}

/** Whether a key meant something. */
function pressed(panel, event, acts) {
  const tool = acts.tool();
  const arrow = ARROWS[event.key];
  if (arrow && event.shiftKey) {
    panel.setView({ ...panel.view, x: panel.view.x + arrow[1] * STEP_PX, y: panel.view.y + arrow[0] * STEP_PX });
    panel.onMoved(panel);
    return true;
  }
  if (tool === "point" || tool === "box") {
    if (prompted(panel, event.key, arrow, tool, acts)) return true;
  } else if (arrow) {
    panel.move(panel.index + arrow[0] + arrow[1]);
    return true;
  }
  const last = panel.plane.count - 1;
  const keys = {
    PageUp: () => panel.move(panel.index - PAGE), PageDown: () => panel.move(panel.index + PAGE),
    Home: () => panel.move(0), End: () => panel.move(last),
    "+": () => zoomMiddle(panel, ZOOM_STEP), "=": () => zoomMiddle(panel, ZOOM_STEP),
    "-": () => zoomMiddle(panel, 1 / ZOOM_STEP), 0: () => fit(panel),
    a: () => acts.plane("axial"), c: () => acts.plane("coronal"), s: () => acts.plane("sagittal"),
  };
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  act?.();
  return act !== undefined;
}

/** The cross of a prompt by keys: arrows move it, enter sets it, escape leaves. */
function prompted(panel, key, arrow, tool, acts) {
  const { rows, columns } = panel.placement();
  if (arrow) {
    const from = panel.cross ?? [Math.floor(rows / 2), Math.floor(columns / 2)];
    const to = panel.cross ? [from[0] + arrow[0], from[1] + arrow[1]] : from;
    panel.cross = [Math.min(rows - 1, Math.max(0, to[0])), Math.min(columns - 1, Math.max(0, to[1]))];
    if (panel.corner) panel.rubber = [panel.corner, panel.cross];
    panel.describeValue(panel.cross);
    panel.refresh({ pixels: false });
    return true;
  }
  if (key === "Enter" && panel.cross) {
    if (tool === "point") acts.prompt(panel, "point", [panel.cross]);
    else if (panel.corner) acts.prompt(panel, "box", [panel.corner, panel.cross]);
    else {
      panel.corner = panel.cross;
      panel.rubber = [panel.cross, panel.cross];
      panel.say("First corner set: move to the other one and press enter.");
      panel.refresh({ pixels: false });
    }
    return true;
  }
  if (key === "Escape") {
    acts.leave();
    return true;
  }
  return false;
}
