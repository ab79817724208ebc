// Where a voxel lies: in the array that tools take, in the turned picture, and on the screen.
//
// The server turns a series so that its axes run to the feet (0), the back (1) and the left (2), as
// far as that is known, and says how. A place in the picture is [slice, row, column] of the turned
// array; an index of the array is in the order of intake.

// The axes that run down and across in a slice that is cut along an axis.
const ACROSS = [[1, 2], [0, 2], [0, 1]];

/** The axes that rows and columns of a plane run along. */
export function axesOf(plane) {
  return ACROSS[plane.axis];
}

/** Rows and columns of a plane. */
export function sizeOf(facts, plane) {
  return axesOf(plane).map((axis) => facts.shape[axis]);
}

/** A place in the picture as an index of the array that tools take. */
export function arrayIndex(facts, at) {
  const kept = at.slice(3 - facts.arrayShape.length);
  const index = new Array(kept.length);
  facts.order.forEach((source, axis) => {
    const last = facts.arrayShape[source] - 1;
    index[source] = facts.flips[axis] ? last - kept[axis] : kept[axis];
  });
  return index;
}

/** The place in the picture of an index of the array that tools take. */
export function placeOfIndex(facts, index) {
  const kept = facts.order.map((source, axis) => {
    const last = facts.arrayShape[source] - 1;
    return facts.flips[axis] ? last - index[source] : index[source];
  });
  return [...new Array(3 - kept.length).fill(0), ...kept];
}

/** The place in the picture of a slice, a row and a column of a plane. */
export function placeOf(plane, index, row, column) {
  const at = [0, 0, 0];
  const [down, across] = axesOf(plane);
  at[plane.axis] = index;
  at[down] = row;
  at[across] = column;
  return at;
}

/** How a slice lies on the screen: equal millimetres both ways, fitted, then zoomed and moved. */
export class Placement {
  /**
   * @param {object} facts of the series
   * @param {object} plane one of its planes
   * @param {number} width of the surface in CSS pixels
   * @param {number} height of the surface
   * @param {{zoom: number, x: number, y: number}} view zoom and offset in CSS pixels
   */
  constructor(facts, plane, width, height, view) {
    [this.rows, this.columns] = sizeOf(facts, plane);
    this.stepDown = (plane.pixelMm ?? [1, 1])[0];
    this.stepAcross = (plane.pixelMm ?? [1, 1])[1];
    this.width = width;
    this.height = height;
    this.view = view;
    // Screen pixels for a millimetre (or for a pixel where spacing is unknown) before zooming.
    this.fitted = Math.min(width / (this.columns * this.stepAcross), height / (this.rows * this.stepDown));
    this.scale = this.fitted * view.zoom;
  }

  /** The screen position of a row and a column; whole numbers are the edges of pixels. */
  toScreen(row, column) {
    return [
      this.width / 2 + (column - this.columns / 2) * this.stepAcross * this.scale + this.view.x,
      this.height / 2 + (row - this.rows / 2) * this.stepDown * this.scale + this.view.y,
    ];
  }

  /** The row and the column under a screen position; null outside the slice. */
  toPixel(x, y) {
    const column = Math.floor((x - this.width / 2 - this.view.x) / (this.stepAcross * this.scale) + this.columns / 2);
    const row = Math.floor((y - this.height / 2 - this.view.y) / (this.stepDown * this.scale) + this.rows / 2);
    if (row < 0 || column < 0 || row >= this.rows || column >= this.columns) return null;
    return [row, column];
  }
}

/** Zoom about a screen position, so that what lies under it stays there. */
export function zoomed(view, factor, x, y, width, height) {
  const zoom = Math.min(40, Math.max(0.25, view.zoom * factor));
  const ratio = zoom / view.zoom;
  const [fromX, fromY] = [x - width / 2, y - height / 2];
  return { zoom, x: fromX - (fromX - view.x) * ratio, y: fromY - (fromY - view.y) * ratio };
}
