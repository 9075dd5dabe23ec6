// What every page does where scripts run; all of it works without them too.
"use strict";

// Suggestions below a field that names an address in data-suggest: a combobox with a list (ARIA 1.2), driven by keys
// or by pointer. Choosing goes to the thing; Enter with nothing chosen searches, as it does without scripts.
for (const input of document.querySelectorAll("input[data-suggest]")) {
  const list = document.createElement("ul");
  const said = document.createElement("span");
  let active = -1;
  let timer = 0;
  let asked = "";
  let stop = new AbortController();

  list.id = `${input.id}-forslag`;
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  said.className = "sr-only";
  said.setAttribute("role", "status");
  input.type = "text";
  input.setAttribute("enterkeyhint", "search");
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
  })) input.setAttribute(name, value);
  input.parentElement.append(list, said);

  const choose = (place) => {
    active = place;
    [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
    if (place < 0) input.removeAttribute("aria-activedescendant");
    else {
      input.setAttribute("aria-activedescendant", list.children[place].id);
      list.children[place].scrollIntoView({ block: "nearest" });
    }
  };
  const open = (on) => {
    list.hidden = !on;
    input.setAttribute("aria-expanded", String(on));
    if (!on) choose(-1);
  };
  const close = () => {
    clearTimeout(timer);
    stop.abort();
    asked = "";
    open(false);
  };
  const option = (item, at) => {
    const row = document.createElement("li");
    const name = document.createElement("span");
    const kind = document.createElement("span");
    row.id = `${list.id}-${at}`;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    row.dataset.href = item.url;
    name.lang = item.lang;
    name.textContent = item.label;
    kind.className = "kind";
    kind.textContent = item.context ? `${item.kind} · ${item.context}` : item.kind;
    row.append(name, " ", kind);
    return row;
  };
  const ask = async () => {
    const text = input.value.trim();
    if (text.length < 2) return close();
    if (text === asked) return open(list.children.length > 0);
    asked = text;
    stop.abort();
    stop = new AbortController();
    try {
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(text)}`, { signal: stop.signal });
      if (!answer.ok) return close();
      const found = await answer.json();
      list.setAttribute("aria-label", found.name);
      list.replaceChildren(...found.items.map(option));
      open(found.items.length > 0);
      choose(-1);
      said.textContent = found.said;
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const last = list.children.length - 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) ask();
      else if (event.key === "ArrowDown") choose(active >= last ? -1 : active + 1);
      else choose(active < 0 ? last : active - 1);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && !list.hidden && active >= 0) {
      event.preventDefault();
      location.assign(list.children[active].dataset.href);
    }
  });
  input.addEventListener("blur", close);
  // The field keeps the focus while a suggestion is pressed.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[role=option]");
    if (row) location.assign(row.dataset.href);
  });
}
