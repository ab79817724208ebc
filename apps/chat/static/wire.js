// Passes clicks and dropped files on to the server. Runs once for each view of the page;
// element, trigger and watch are given by the page's library.
const opened = new Map();
const sessionBox = () => document.querySelector("#dx-session textarea, #dx-session input");
const questionBox = () => document.querySelector("#dx-question textarea, #dx-question input");

function collect(button) {
  const fields = {};
  const take = (root) => {
    for (const field of root.querySelectorAll("input[name], select[name], textarea[name]")) {
      fields[field.name] = field.type === "checkbox" ? field.checked : field.value;
    }
  };
  const form = button.closest("[data-form]");
  const shared = button.closest("[data-form-shared]");
  if (shared) {
    for (const field of shared.querySelectorAll(":scope > p input[name]")) {
      fields[field.name] = field.value;
    }
  }
  if (form) take(form);
  return fields;
}

function act(button) {
  if (!button.disabled) trigger("click", { ...button.dataset, fields: collect(button) });
}

function reveal(target) {
  const panel = target.closest("[role=tabpanel]");
  if (panel && target.offsetParent === null) {
    const tab = document.getElementById(panel.getAttribute("aria-labelledby") || `${panel.id}-button`);
    if (tab) tab.click();
  }
  for (let at = target.parentElement; at; at = at.parentElement) {
    if (at.tagName === "DETAILS") at.open = true;
  }
  requestAnimationFrame(() => {
    target.scrollIntoView({ block: "center" });
    if (!target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
  });
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (button) {
    event.preventDefault();
    act(button);
    return;
  }
  const shown = event.target.closest("[data-show]");
  if (shown) {
    const frame = document.querySelector(".dx-frame iframe");
    if (frame) {
      frame.contentWindow.postMessage(
        { type: "dxtrace.show", finding: shown.dataset.show }, location.origin);
      frame.scrollIntoView({ block: "center" });
    }
    return;
  }
  const link = event.target.closest('a[href^="#"]');
  const target = link && document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
  if (target) {
    event.preventDefault();
    reveal(target);
  }
});

element.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-enter]")) return;
  const button = event.target.closest("[data-form]")?.querySelector("[data-default]");
  if (button) {
    event.preventDefault();
    act(button);
  }
});

// The page's library uses elements again where a view is drawn anew: a field would keep what was
// typed into the one that stood in its place before.
function resetFields() {
  for (const field of element.querySelectorAll("input[name], textarea[name], select[name]")) {
    if (field.type === "checkbox" || field.type === "radio") field.checked = field.defaultChecked;
    else if (field.tagName === "SELECT") {
      const chosen = [...field.options].findIndex((option) => option.defaultSelected);
      field.selectedIndex = Math.max(chosen, 0);
    } else field.value = field.defaultValue;
  }
}

// What is unfolded stays so when the view is drawn anew.
element.addEventListener("toggle", (event) => {
  const key = event.target.dataset?.key;
  if (key) opened.set(key, event.target.open);
}, true);
watch("value", () => {
  resetFields();
  for (const details of element.querySelectorAll("details[data-key]")) {
    if (opened.has(details.dataset.key)) details.open = opened.get(details.dataset.key);
  }
  const frame = element.querySelector(".dx-frame[data-version]");
  if (frame && frame.dataset.version !== element.dataset.version) {
    element.dataset.version = frame.dataset.version;
    frame.querySelector("iframe").contentWindow?.postMessage(
      { type: "dxtrace.refresh" }, location.origin);
  }
});

// What was pointed at in the viewer becomes a question to an expert.
window.addEventListener("message", (event) => {
  const frame = element.querySelector(".dx-frame iframe");
  if (!frame || event.origin !== location.origin || event.source !== frame.contentWindow) return;
  const { type, series, kind, at } = event.data ?? {};
  if (type === "dxtrace.prompt") trigger("click", { act: "prompt", series, kind, at });
});

// -- dropping files ------------------------------------------------------------------------------

let aborting = null;

async function* filesOf(entry, path) {
  if (entry.isFile) {
    const file = await new Promise((done, failed) => entry.file(done, failed));
    yield { file, name: path + entry.name };
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const batch = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!batch.length) return;
    for (const child of batch) yield* filesOf(child, `${path}${entry.name}/`);
  }
}

function refuse(zone, words) {
  const place = zone.querySelector("[data-refusal]");
  place.textContent = words;
  place.hidden = !words;
}

function progress(zone, share, words) {
  const place = zone.querySelector("[data-progress]");
  place.hidden = share === null;
  if (share === null) return;
  place.querySelector("progress").value = share;
  place.querySelector("[data-progress-words]").textContent = words;
}

async function session(signal) {
  const known = sessionBox()?.value;
  if (known) return known;
  const made = await fetch("/session", { method: "POST", signal });
  if (!made.ok) throw new Error(await made.text());
  return (await made.json()).session;
}

async function send(zone, files) {
  if (!files.length || aborting) return;
  const total = files.reduce((sum, f) => sum + f.file.size, 0);
  const limit = Number(zone.dataset.limit);
  const mega = (bytes) => Math.round(bytes / 1e6).toLocaleString("en");
  refuse(zone, "");
  if (total > limit) {
    refuse(zone, `This is too large for the page: ${mega(total)} MB, and a session holds at most `
      + `${mega(limit)} MB. Review it with 'dxtrace review', or have the limit raised `
      + "(dxtrace chat --max-upload-mb).");
    return;
  }
  aborting = new AbortController();
  const waiting = [...files];
  let done = 0, sent = 0;
  const tell = () => progress(zone, total ? sent / total : 1,
    `${done} of ${files.length} files, ${mega(sent)} of ${mega(total)} MB`);
  tell();
  let id = "";
  try {
    id = await session(aborting.signal);
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const answer = await fetch(`/session/${id}/files?name=${encodeURIComponent(next.name)}`,
          { method: "PUT", body: next.file, signal: aborting.signal });
        if (!answer.ok) throw new Error(await answer.text());
        done += 1;
        sent += next.file.size;
        tell();
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    trigger("click", { act: "brought", session: id, question: questionBox()?.value || "" });
  } catch (error) {
    const stopped = aborting.signal.aborted && error.name === "AbortError";
    aborting.abort();
    // What came before it stopped is no part of what is brought next.
    if (id) fetch(`/session/${id}/files`, { method: "DELETE" }).catch(() => {});
    refuse(zone, stopped ? "The upload was stopped." : error.message);
  } finally {
    aborting = null;
    progress(zone, null, "");
  }
}

element.addEventListener("change", (event) => {
  const input = event.target.closest("[data-files]");
  if (!input) return;
  const files = [...input.files].map((file) => ({ file, name: file.webkitRelativePath || file.name }));
  const zone = input.closest("[data-drop]");
  input.value = "";
  send(zone, files);
});

element.addEventListener("click", (event) => {
  if (event.target.closest("[data-abort]") && aborting) aborting.abort();
});

for (const kind of ["dragenter", "dragover"]) {
  element.addEventListener(kind, (event) => {
    const zone = event.target.closest("[data-drop]");
    if (zone) {
      event.preventDefault();
      zone.classList.add("dx-over");
    }
  });
}
element.addEventListener("dragleave", (event) => {
  event.target.closest("[data-drop]")?.classList.remove("dx-over");
});
element.addEventListener("drop", async (event) => {
  const zone = event.target.closest("[data-drop]");
  if (!zone) return;
  event.preventDefault();
  zone.classList.remove("dx-over");
  const entries = [...event.dataTransfer.items].map((i) => i.webkitGetAsEntry?.()).filter(Boolean);
  const loose = [...event.dataTransfer.files];
  const files = [];
  for (const entry of entries) for await (const found of filesOf(entry, "")) files.push(found);
  if (!entries.length) files.push(...loose.map((file) => ({ file, name: file.name })));
  send(zone, files);
});
