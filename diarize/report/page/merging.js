/* Two speakers who are one: the square of one dragged onto the row of the other. The menu in the row does the same. */

import { byId } from "./text.js";

export function mergeByDrag(corrections) {
  const table = byId("speaker-table");
  let held = null;
  const rowAt = (event) => document.elementFromPoint(event.clientX, event.clientY)?.closest("#speaker-table tbody tr[data-speaker]") || null;
  const show = (row) => {
    for (const each of table.querySelectorAll("tr.onto")) each.classList.toggle("onto", each === row);
    row?.classList.add("onto");
  };
  const done = () => {
    held?.row.classList.remove("held");
    held = null;
    show(null);
  };
  table.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(".handle");
    if (!handle || event.button !== 0) return;
    held = { row: handle.closest("tr"), id: event.pointerId };
    held.row.classList.add("held");
    table.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  table.addEventListener("pointermove", (event) => {
    if (held?.id !== event.pointerId) return;
    const row = rowAt(event);
    show(row === held.row ? null : row);
  });
  table.addEventListener("pointerup", (event) => {
    if (held?.id !== event.pointerId) return;
    const [from, row] = [held.row, rowAt(event)];
    done();
    if (row && row !== from) corrections.merge(Number(from.dataset.speaker), Number(row.dataset.speaker));
  });
  table.addEventListener("pointercancel", done);
}
