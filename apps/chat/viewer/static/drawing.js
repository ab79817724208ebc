// Pixels onto the screen: by NiiVue where a graphics processor draws, else by the plain canvas.
//
// NiiVue gets one slice at a time, as a picture. Given a whole series it would colour all of it
// anew for each change of the window, which takes seconds where there is no graphics processor.
// There the plain canvas is several times faster than WebGL2 in software, so it draws.

const BUILD = new URL("./vendor/niivue/niivue.umd.js", import.meta.url).href;
const RGBA = 2304;
let loading = null;

/** What draws best here: ``niivue``, ``canvas``, or ``none`` of WebGL2 (then the canvas, too).
 *
 * ``?drawing=niivue`` or ``canvas`` in the page's address chooses.
 */
export function bestDrawing() {
  const chosen = new URLSearchParams(globalThis.location.search).get("drawing");
  if (!hasWebgl2({})) return "none";
  if (chosen === "niivue" || chosen === "canvas") return chosen;
  return hasWebgl2({ failIfMajorPerformanceCaveat: true }) ? "niivue" : "canvas";
}

function hasWebgl2(wanted) {
  const context = document.createElement("canvas").getContext("webgl2", wanted);
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

function loadNiivue() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = BUILD;
    script.onload = () => resolve(globalThis.niivue);
    script.onerror = () => reject(new Error("the drawing library did not load"));
    document.head.append(script);
  });
  return loading;
}

/** Draws with NiiVue. */
export class NiivueDrawing {
  constructor(niivue, viewer, canvas) {
    this.niivue = niivue;
    this.viewer = viewer;
    this.canvas = canvas;
    this.largest = viewer.uiData.max2D;
    this.made = "";
  }

  /** @param {Element} host gets a canvas of its own; @param {Function} onLost when WebGL2 goes away */
  static async on(host, onLost) {
    const niivue = await loadNiivue();
    const canvas = document.createElement("canvas");
    host.append(canvas);
    canvas.addEventListener("webglcontextlost", onLost);
    const viewer = new niivue.Niivue({
      backColor: [0, 0, 0, 1], crosshairWidth: 0, dragAndDropEnabled: false, interactive: false,
      isOrientationTextVisible: false, isRadiologicalConvention: false, loadingText: "",
      logLevel: "error", sliceType: niivue.SLICE_TYPE.AXIAL,
    });
    await viewer.attachToCanvas(canvas, false);
    return new NiivueDrawing(niivue, viewer, canvas);
  }

  /** Show pixels (rows from the top) at their place. */
  async show(pixels, placement) {
    const { rows, columns, stepDown, stepAcross } = placement;
    const wanted = [rows, columns, stepDown, stepAcross].join();
    if (wanted !== this.made) {
      const image = await this.niivue.NVImage.new(
        blank(rows, columns, stepDown, stepAcross), "slice.nii", "gray", 1, null, 0, 255,
      );
      upwards(pixels, rows, columns, image.img);
      for (const old of [...this.viewer.volumes]) this.viewer.removeVolume(old);
      this.viewer.addVolume(image);
      this.made = wanted;
    } else {
      upwards(pixels, rows, columns, this.viewer.volumes[0].img);
      this.viewer.updateGLVolume();
    }
    this.place(placement);
  }

  /** Move what is shown. */
  place(placement) {
    const { view, fitted } = placement;
    this.viewer.setPan2Dxyzmm([view.x / fitted, -view.y / fitted, 0, view.zoom]);
  }
}

/** Draws on a plain canvas. */
export class CanvasDrawing {
  constructor(host) {
    this.canvas = document.createElement("canvas");
    this.largest = Infinity;
    this.slice = document.createElement("canvas");
    host.append(this.canvas);
  }

  async show(pixels, placement) {
    this.slice.width = placement.columns;
    this.slice.height = placement.rows;
    this.slice.getContext("2d").putImageData(new ImageData(pixels, placement.columns), 0, 0);
    this.place(placement);
  }

  place(placement) {
    const density = globalThis.devicePixelRatio || 1;
    this.canvas.width = Math.round(placement.width * density);
    this.canvas.height = Math.round(placement.height * density);
    const [left, top] = placement.toScreen(0, 0);
    const [right, bottom] = placement.toScreen(placement.rows, placement.columns);
    const pen = this.canvas.getContext("2d");
    pen.scale(density, density);
    pen.drawImage(this.slice, left, top, right - left, bottom - top);
  }
}

/** A NIfTI file of one black slice, centred on the origin. */
function blank(rows, columns, stepDown, stepAcross) {
  const buffer = new ArrayBuffer(352 + 4 * rows * columns);
  const head = new DataView(buffer);
  const put = (start, numbers, bytes, write) =>
    numbers.forEach((value, n) => head[write](start + n * bytes, value, true));
  put(0, [348], 4, "setInt32");
  put(40, [3, columns, rows, 1, 1, 1, 1, 1], 2, "setInt16");
  put(70, [RGBA, 32], 2, "setInt16");
  put(76, [1, stepAcross, stepDown, 1, 1, 1, 1, 1], 4, "setFloat32");
  put(108, [352, 1, 0], 4, "setFloat32");
  put(254, [1], 2, "setInt16");
  const middle = [columns, rows].map((n) => -(n - 1) / 2);
  put(280, [stepAcross, 0, 0, middle[0] * stepAcross, 0, stepDown, 0, middle[1] * stepDown, 0, 0, 1, 0], 4, "setFloat32");
  [0x6e, 0x2b, 0x31].forEach((letter, n) => head.setUint8(344 + n, letter));
  return buffer;
}

/** Copy rows that run down into an image whose rows run up. */
function upwards(pixels, rows, columns, image) {
  const length = 4 * columns;
  for (let row = 0; row < rows; row += 1) {
    image.set(pixels.subarray(row * length, (row + 1) * length), (rows - 1 - row) * length);
  }
}
