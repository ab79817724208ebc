// Words with the page that this viewer stands beside: a frame of it, or a window that it opened.

/** The window that messages come from and go to; null if this page stands alone. */
function other() {
  if (globalThis.parent !== globalThis.self) return globalThis.parent;
  return globalThis.opener;
}

/** Tell the page something; false if nobody is there. */
export function tell(message) {
  const page = other();
  page?.postMessage(message, globalThis.location.origin);
  return Boolean(page);
}

/** Listen to the page, and to nobody else.
 *
 * @param {{show: (finding: string) => void, refresh: () => void}} acts
 */
export function listen(acts) {
  globalThis.addEventListener("message", (event) => {
    if (event.origin !== globalThis.location.origin || event.source !== other()) return;
    const { type, finding } = event.data ?? {};
    if (type === "dxtrace.show" && typeof finding === "string") acts.show(finding);
    if (type === "dxtrace.refresh") acts.refresh();
  });
}
