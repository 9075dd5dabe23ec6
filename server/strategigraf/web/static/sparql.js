// The SPARQL editor: YASQE in the place of the plain field of the page, and YASR for the answers.
// The page works without this file. Queries go to the page's own endpoint, and to nowhere else.
"use strict";

(() => {
  const data = JSON.parse(document.getElementById("editor-data").textContent);
  const { words } = data;
  const at = (id) => document.getElementById(id);
  const { Yasqe, Yasr } = window.Yasgui;
  const field = at("query");
  const given = new URLSearchParams(location.search).has("query") || Boolean(at("fault"));
  const number = (value, digits = 0) =>
    value.toLocaleString(data.language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const say = (text) => (at("status").textContent = text);
  let running = null;

  // The editor.

  const completion = strategigraf.completion(data, Yasqe, () => say(words.no_suggestions));
  const leave = (editor) => (at("sparql").classList.contains("full") ? fullScreen(false) : editor.getInputField().blur());
  const yasqe = new Yasqe(field.parentElement, {
    value: field.value,
    // The text of a link comes with the page; what was written last is kept in this browser only.
    consumeShareLink: null,
    createShareableLink: null,
    persistenceId: "strategigraf_sparql",
    showQueryButton: false,
    resizeable: false,
    editorHeight: "352px",
    prefixCcApi: null,
    // What is selected is marked elsewhere too, but not every word that the cursor happens to stand on.
    highlightSelectionMatches: { showToken: false },
    requestConfig: { endpoint: data.endpoint },
    extraKeys: {
      "Ctrl-Enter": () => run(),
      "Cmd-Enter": () => run(),
      Esc: leave,
      // The key leaves the editor, as everywhere on the page (WCAG 2.2, 2.1.2).
      Tab: false,
      "Shift-Tab": false,
    },
  });
  yasqe.query = () => run();
  if (given) yasqe.setValue(field.value);
  field.after(yasqe.rootEl);
  field.hidden = true;
  field.required = false;
  at("plain").hidden = true;
  at("tools").hidden = false;
  const input = yasqe.getInputField();
  input.setAttribute("aria-labelledby", "query-label");
  input.setAttribute("aria-describedby", "keys");
  at("query-label").addEventListener("click", () => yasqe.focus());
  yasqe.on("focus", completion.prepare);
  yasqe.on("autocompletionShown", (_, widget) => widget?.hints?.setAttribute("aria-label", words.suggestions));
  yasqe.on("changes", told);
  told();

  /** Say in the words of the page what YASQE says of a line that it cannot read. */
  function told() {
    const text = yasqe.getDoc();
    text.eachLine((handle) => {
      const marker = handle.gutterMarkers?.gutterErrorBar;
      if (!marker) return;
      const line = text.getLineNumber(handle);
      const expected = yasqe.getTokenAt({ line, ch: handle.text.length }).state.possibleCurrent ?? [];
      marker.onmouseover = marker.onmouseout = null;
      marker.title = fill(words.bad_line, { line: line + 1, expected: expected.slice(0, 12).join(" ") });
    });
  }

  // Running a query.

  const yasr = strategigraf.results(data, Yasr, at("shown"), named);

  at("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  at("stop").addEventListener("click", () => {
    running?.abort();
    say(words.stopped);
  });

  async function run() {
    running?.abort();
    yasqe.saveQuery();
    const query = yasqe.getValue();
    clear();
    if (!query.trim()) return fail(words.empty);
    const mine = (running = new AbortController());
    busy(true);
    say(words.running);
    const started = performance.now();
    try {
      const response = await sent(query, mine.signal);
      if (!response.ok) return await refused(response);
      const content = await read(response);
      const seconds = number((performance.now() - started) / 1000, 2);
      if (mine === running) show(query, response, content, seconds);
    } catch (error) {
      if (error.name !== "AbortError") fail(words.unreachable);
    } finally {
      if (mine === running) busy(false);
    }
  }

  function busy(is) {
    if (!is) running = null;
    at("stop").hidden = !is;
    at("ask").setAttribute("aria-busy", String(is));
  }

  function sent(query, signal) {
    const body = new URLSearchParams({ query });
    const headers = {
      Accept: "application/sparql-results+json, text/turtle, application/problem+json;q=0.5",
      // Errors are told in the language of the page, not in that of the browser.
      "Accept-Language": data.language,
    };
    const address = `${data.endpoint}?${body}`;
    const long = address.length > data.longest;
    return long ? fetch(data.endpoint, { method: "POST", headers, signal, body }) : fetch(address, { headers, signal });
  }

  /** The body of a response; null where it is larger than a page can show. */
  async function read(response) {
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      size += value.length;
      if (size > data.most) {
        await reader.cancel();
        return null;
      }
      text += decoder.decode(value, { stream: true });
    }
  }

  function show(query, response, content, seconds) {
    const graph = !response.headers.get("Content-Type").includes("sparql-results");
    const truth = !graph && content !== null && "boolean" in JSON.parse(content);
    remember(query);
    at("answer").hidden = false;
    files(query, graph ? "graph" : truth ? "boolean" : "table");
    if (content === null) {
      say("");
      return nothing(fill(words.too_much, { size: data.most / 1e6 }));
    }
    yasr.setResponse(
      { content: content || " ", ok: true, status: 200, statusText: "", headers: response.headers }, 1,
    );
    const count = truth ? 1 : (yasr.results.getBindings() ?? []).length;
    say(fill(truth ? words.truth : graph ? words.triples : words.rows, { count: number(count), seconds }));
    if (!count) return nothing(words.nothing);
    at("shown").hidden = false;
    return undefined;
  }

  function nothing(text) {
    at("nothing").textContent = text;
    at("nothing").hidden = false;
  }

  function clear() {
    at("kept")?.remove();
    at("fault")?.remove();
    for (const id of ["answer", "failure", "downloads", "nothing", "shown", "link"]) at(id).hidden = true;
    unmark();
  }

  // Errors.

  async function refused(response) {
    const text = await response.text();
    let detail = fill(words.failed, { status: response.status });
    let place = null;
    if (response.headers.get("Content-Type")?.includes("json")) {
      const problem = JSON.parse(text);
      detail = problem.detail ?? detail;
      place = problem.line ? [problem.line, problem.column] : where(detail);
    }
    const wait = Number(response.headers.get("Retry-After"));
    if (wait) detail += ` ${fill(words.wait, { seconds: wait })}`;
    return fail(detail, place);
  }

  /** Line and column, from 1, in the words of a message; null where it has none. */
  function where(text) {
    const found = /\b(?:line|linje) (\d+), (?:column|tegn) (\d+)/.exec(text);
    return found && [Number(found[1]), Number(found[2])];
  }

  function fail(text, place = null) {
    say("");
    at("answer").hidden = false;
    at("failure").hidden = false;
    at("failure").textContent = text;
    if (place) at("failure").append(" ", mark(place));
    // On a narrow screen the place for it is below what is seen.
    at("failure").scrollIntoView({ block: "nearest" });
  }

  /** Mark a line of the query; gives a button that leads there. */
  function mark([line, column]) {
    yasqe.getDoc().addLineClass(line - 1, "wrap", "fault-line");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = fill(words.go_to, { line });
    button.addEventListener("click", () => {
      yasqe.focus();
      yasqe.getDoc().setCursor({ line: line - 1, ch: column - 1 });
    });
    return button;
  }

  function unmark() {
    const text = yasqe.getDoc();
    // A callback that gives something ends the round.
    text.eachLine((handle) => void text.removeLineClass(handle, "wrap", "fault-line"));
  }

  const fault = at("fault");
  const place = fault && where(fault.textContent);
  if (place) fault.append(" ", mark(place));
  yasqe.on("changes", unmark);

  // Files, links and names.

  function files(query, kind) {
    const list = at("downloads");
    list.textContent = `${words.download} `;
    data.formats[kind].forEach(([format, label], index) => {
      if (index) list.append(" · ");
      list.append(file(query, format, label));
    });
    list.hidden = false;
  }

  function file(query, format, label) {
    const address = `${data.endpoint}?${new URLSearchParams({ query, format })}`;
    if (address.length <= data.longest) {
      const link = document.createElement("a");
      Object.assign(link, { href: address, download: `strategigraf.${format}` });
      link.textContent = label;
      return link;
    }
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "as-link", textContent: label });
    button.addEventListener("click", () => posted(query, format).catch(() => fail(words.unreachable)));
    return button;
  }

  /** Fetch an answer by POST and hand it over as a file. */
  async function posted(query, format) {
    const body = new URLSearchParams({ query, format });
    const response = await fetch(data.endpoint, { method: "POST", body, headers: { "Accept-Language": data.language } });
    if (!response.ok) return refused(response);
    const address = URL.createObjectURL(await response.blob());
    Object.assign(document.createElement("a"), { href: address, download: `strategigraf.${format}` }).click();
    URL.revokeObjectURL(address);
    return undefined;
  }

  /** The address of the page becomes the link to the query that was run. */
  function remember(query) {
    const search = `?${new URLSearchParams({ query })}`;
    const long = search.length > data.longest;
    history.replaceState(null, "", location.pathname + (long ? "" : search));
    for (const other of document.querySelectorAll("a[hreflang]")) {
      const address = new URL(other.href);
      address.search = long ? "" : search;
      other.href = address.href;
    }
  }

  at("share").addEventListener("click", async () => {
    const link = `${data.page}?${new URLSearchParams({ query: yasqe.getValue() })}`;
    if (link.length > data.longest) return say(words.too_long);
    try {
      await navigator.clipboard.writeText(link);
      say(words.copied);
    } catch {
      // Browsers give the clipboard only to pages that come by HTTPS, and only where the reader allows it.
      at("link").hidden = false;
      at("link-text").value = link;
      at("link-text").select();
    }
    return undefined;
  });

  /** The names of things, from the endpoint, in the language of the page where there is one. */
  async function named(iris) {
    const listed = iris.filter((iri) => !/[<>"{}|^`\\\s]/.test(iri)).map((iri) => `<${iri}>`);
    const query = `SELECT ?iri ?name WHERE { VALUES ?iri { ${listed.join(" ")} }
      ?iri <http://www.w3.org/2000/01/rdf-schema#label> ?name }`;
    const found = new Map(iris.map((iri) => [iri, ""]));
    try {
      const response = await sent(query);
      if (!response.ok) return found;
      for (const { iri, name } of (await response.json()).results.bindings) {
        if (!found.get(iri.value) || name["xml:lang"] === data.language) found.set(iri.value, name.value);
      }
    } catch {
      // Names are a help; the answer stands without them.
    }
    return found;
  }

  // Tools and examples.

  at("tidy").addEventListener("click", () => {
    yasqe.autoformat();
    yasqe.getDoc().setCursor({ line: 0, ch: 0 });
  });
  at("full").addEventListener("click", () => fullScreen(!at("sparql").classList.contains("full")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !yasqe.hasFocus()) fullScreen(false);
  });

  function fullScreen(is) {
    at("sparql").classList.toggle("full", is);
    document.documentElement.classList.toggle("behind", is);
    at("full").setAttribute("aria-pressed", String(is));
    yasqe.refresh();
  }

  const examples = [...at("examples").querySelectorAll("li")];
  at("finder").hidden = false;
  if (window.matchMedia("(max-width: 736px)").matches) at("examples").open = false;
  for (const example of examples) {
    const link = example.querySelector("a");
    const form = example.querySelector("form");
    const text = link ? new URL(link.href).searchParams.get("query") : form.elements.query.value;
    const chosen = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      yasqe.setValue(text);
      at("ask").scrollIntoView({ block: "nearest" });
      run();
    };
    if (link) link.addEventListener("click", chosen);
    else form.addEventListener("submit", chosen);
  }
  at("find-example").addEventListener("input", (event) => {
    const wanted = event.target.value.trim().toLowerCase();
    for (const example of examples) example.hidden = !example.textContent.toLowerCase().includes(wanted);
    for (const group of at("examples").querySelectorAll("section")) {
      group.hidden = !group.querySelector("li:not([hidden])");
    }
    const shown = examples.filter((example) => !example.hidden).length;
    at("found").textContent = fill(words.found, { shown, total: examples.length });
  });
})();
