// A series in the browser: its facts, its voxels and the label maps that lie on it.

import { axesOf, placeOfIndex, sizeOf } from "./geometry.js";

const TYPES = { 2: Uint8Array, 4: Int16Array, 16: Float32Array, 128: Uint8Array, 256: Int8Array, 512: Uint16Array };

/** What the server refused, in its own words. */
export class Refusal extends Error {}

/** Fetch from this session; the address is relative to the page. */
async function fetched(address) {
  let response;
  try {
    response = await fetch(address, { credentials: "same-origin" });
  } catch {
    throw new Refusal("the server cannot be reached");
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => null);
  throw new Refusal(typeof told?.detail === "string" ? told.detail : `the server answered ${response.status}`);
}

/** JSON data of this session. */
export async function fetchedJson(address) {
  return (await fetched(address)).json();
}

/** The voxels of a NIfTI file that this server wrote (little endian, uncompressed once here). */
function voxelsOf(buffer) {
  const head = new DataView(buffer);
  const Type = TYPES[head.getInt16(70, true)];
  const start = head.getFloat32(108, true);
  if (head.getInt32(0, true) !== 348 || !Type) throw new Refusal("the series came damaged");
  return new Type(buffer, start);
}

export class Series {
  constructor(number, facts, voxels) {
    this.number = number;
    this.facts = facts;
    this.voxels = voxels;
    this.marks = [];
    this.layers = [];
    this.asked = [];
    this.marksAs = "";
  }

  /** Load a series; marks are loaded apart, as they change. */
  static async open(number) {
    const facts = await fetchedJson(`series/${number}/facts.json`);
    const response = await fetched(`series/${number}/volume.nii`);
    const voxels = voxelsOf(await response.arrayBuffer());
    const samples = facts.isColour ? 3 : 1;
    if (voxels.length !== samples * facts.shape.reduce((a, b) => a * b)) {
      throw new Refusal("the series came cut short");
    }
    return new Series(number, facts, voxels);
  }

  /** Load the marks again; those switched off stay off. */
  async loadMarks() {
    const told = await fetchedJson(`series/${this.number}/marks.json`);
    if (JSON.stringify(told) === this.marksAs) return;
    const off = new Set(this.marks.filter((mark) => !mark.on).map((mark) => mark.path));
    const layers = await Promise.all(
      Array.from({ length: told.layers }, async (_, layer) => {
        const response = await fetched(`series/${this.number}/marks/${layer}.nii`);
        return voxelsOf(await response.arrayBuffer());
      }),
    );
    this.marksAs = JSON.stringify(told);
    this.marks = told.marks.map((mark) => ({ ...mark, on: !off.has(mark.path) }));
    this.layers = layers;
    this.asked = told.asked.map((one) => this.placed(one));
  }

  /** What an expert was asked about: its corners and its middle in the picture. */
  placed({ words, kind, low, high }) {
    const ends = [low, high].map((index) => placeOfIndex(this.facts, index));
    const [first, last] = [Math.min, Math.max].map((pick) => ends[0].map((n, axis) => pick(n, ends[1][axis])));
    return { words, kind, first, last, at: first.map((n, axis) => Math.floor((n + last[axis]) / 2)) };
  }

  /** What was asked about and reaches into a slice. */
  askedIn(plane, index) {
    return this.asked.filter(({ first, last }) => first[plane.axis] <= index && index <= last[plane.axis]);
  }

  /** The plane of a name, or the first. */
  plane(name) {
    return this.facts.planes.find((plane) => plane.name === name) ?? this.facts.planes[0];
  }

  /** A slice of the voxels: rows by columns (by 3). */
  slice(plane, index) {
    return cut(this.voxels, this.facts, plane, index, this.facts.isColour ? 3 : 1);
  }

  /** The marks that are on and reach into a slice. */
  marksIn(plane, index) {
    return this.marks.filter((mark) => {
      const [first, last] = mark.box?.[plane.axis] ?? [1, 0];
      return mark.on && first <= index && index <= last;
    });
  }

  /** The labels of a slice: for each layer that some of these marks lie in, an array. */
  labels(plane, index, marks) {
    const needed = new Set(marks.map((mark) => mark.layer));
    return this.layers.map((layer, n) => (needed.has(n) ? cut(layer, this.facts, plane, index, 1) : []));
  }

  /** The value at a place: a number, or red, green and blue. */
  valueAt(at) {
    const [, rows, columns] = this.facts.shape;
    const where = (at[0] * rows + at[1]) * columns + at[2];
    return this.facts.isColour ? Array.from(this.voxels.subarray(3 * where, 3 * where + 3)) : this.voxels[where];
  }
}

/** A slice of an array of (slice, row, column, samples). */
function cut(array, facts, plane, index, samples) {
  const [, sliceRows, sliceColumns] = facts.shape;
  const steps = [sliceRows * sliceColumns, sliceColumns, 1].map((step) => step * samples);
  const start = index * steps[plane.axis];
  const [rows, columns] = sizeOf(facts, plane);
  if (plane.axis === 0) return array.subarray(start, start + rows * columns * samples);
  const [down, across] = axesOf(plane).map((axis) => steps[axis]);
  const out = new array.constructor(rows * columns * samples);
  let to = 0;
  for (let row = 0; row < rows; row += 1) {
    let from = start + row * down;
    for (let column = 0; column < columns; column += 1, from += across) {
      for (let sample = 0; sample < samples; sample += 1) out[to++] = array[from + sample];
    }
  }
  return out;
}
