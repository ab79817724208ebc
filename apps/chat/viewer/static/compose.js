// A slice as red, green, blue and opaque: windowed, with its marks over it.

/** The pixels of a slice.
 *
 * @param {ArrayLike<number>} values of the slice, with 3 samples where it is coloured
 * @param {boolean} isColour
 * @param {{low: number, high: number}} window this and less is black, that and more is white
 * @returns {Uint8ClampedArray} what is no number is black
 */
export function windowed(values, isColour, window) {
  const count = isColour ? values.length / 3 : values.length;
  const out = new Uint8ClampedArray(4 * count);
  const low = window.low;
  const scale = 255 / Math.max(window.high - window.low, 1e-6);
  for (let from = 0, to = 0; to < out.length; to += 4) {
    if (isColour) {
      out[to] = values[from++];
      out[to + 1] = values[from++];
      out[to + 2] = values[from++];
    } else {
      const grey = (values[from++] - low) * scale;
      out[to] = grey;
      out[to + 1] = grey;
      out[to + 2] = grey;
    }
    out[to + 3] = 255;
  }
  return out;
}

/** Lay marks over pixels: filled as strongly as asked, their edges always drawn.
 *
 * @param {Uint8ClampedArray} pixels are changed
 * @param {number} columns of the slice
 * @param {Array<ArrayLike<number>>} layers labels of the slice, the lowest first
 * @param {Array<object>} marks to show, with layer, label and colour
 * @param {number} fill from 0 to 1
 */
export function overlay(pixels, columns, layers, marks, fill) {
  layers.forEach((labels, layer) => {
    const colours = new Array(256);
    for (const mark of marks) {
      if (mark.layer === layer) colours[mark.label] = rgb(mark.colour);
    }
    for (let n = 0; n < labels.length; n += 1) {
      const label = labels[n];
      const colour = label ? colours[label] : undefined;
      if (colour) blend(pixels, 4 * n, colour, isEdge(labels, n, columns, label) ? 1 : fill);
    }
  });
}

/** For each of these marks that is in the slice: its topmost pixel, as row and column. */
export function anchors(columns, layers, marks) {
  const first = layers.map(() => new Map());
  layers.forEach((labels, layer) => {
    const found = first[layer];
    let before = 0;
    for (let n = 0; n < labels.length; n += 1) {
      const label = labels[n];
      if (label && label !== before && !found.has(label)) found.set(label, n);
      before = label;
    }
  });
  return marks
    .filter((mark) => first[mark.layer].has(mark.label))
    .map((mark) => {
      const n = first[mark.layer].get(mark.label);
      return { mark, row: Math.floor(n / columns), column: n % columns };
    });
}

function rgb(colour) {
  return [1, 3, 5].map((n) => Number.parseInt(colour.slice(n, n + 2), 16));
}

function isEdge(labels, n, columns, label) {
  const column = n % columns;
  return (
    (column > 0 && labels[n - 1] !== label) || (column < columns - 1 && labels[n + 1] !== label) ||
    (n >= columns && labels[n - columns] !== label) ||
    (n + columns < labels.length && labels[n + columns] !== label)
  );
}

function blend(pixels, at, colour, strength) {
  for (let sample = 0; sample < 3; sample += 1) {
    pixels[at + sample] += (colour[sample] - pixels[at + sample]) * strength;
  }
}
