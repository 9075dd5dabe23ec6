// Buttons that copy a text of the page; they are shown only where that can be done.
"use strict";
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const text = document.getElementById(button.dataset.copy);
    if (!text) continue;
    button.hidden = false;
    const told = document.createElement("span");
    told.setAttribute("role", "status");
    told.className = "told";
    button.after(told);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent.trim());
        told.textContent = button.dataset.done;
      } catch {
        // What may not be copied for the reader is marked, so that she can do it herself.
        getSelection().selectAllChildren(text);
      }
    });
  }
}
