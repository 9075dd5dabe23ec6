// Answers in the SPARQL editor: YASR with the words of the page, links to our own pages, and names of things.
"use strict";

strategigraf.results = (data, Yasr, parent, named) => {
  const { words } = data;
  const names = new Map();
  const escaped = (text) =>
    text.replace(/[&<>"']/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[sign]);

  /** Where a reader finds an IRI: its page here, or the IRI itself; "" where it is no web address. */
  function address(iri) {
    for (const [base, page] of Object.entries(data.things)) {
      if (iri.startsWith(base)) return page + iri.slice(base.length);
    }
    return /^https?:/i.test(iri) ? iri : "";
  }

  function shortened(iri) {
    const [prefix, base] = Object.entries(data.prefixes)
      .filter(([, base]) => iri.startsWith(base) && iri.length > base.length)
      .sort((a, b) => b[1].length - a[1].length)[0] ?? [];
    return base ? `${prefix}:${iri.slice(base.length)}` : iri;
  }

  function link(iri) {
    const href = address(iri);
    const text = escaped(shortened(iri));
    const name = names.get(iri);
    const gloss = `<span class="name" data-of="${escaped(iri)}">${name ? escaped(name) : ""}</span>`;
    return `${href ? `<a href="${escaped(href)}" title="${escaped(iri)}">${text}</a>` : text} ${gloss}`;
  }

  class Table extends Yasr.plugins.table {
    constructor(yasr) {
      super(yasr);
      this.label = words.table;
      this.helpReference = undefined;
    }

    draw(kept) {
      // The table is drawn with a tool for dragging columns, which puts <style> elements into the page; the page's
      // Content-Security-Policy forbids those. The tool leaves alone what does not say that it is a table.
      const results = this.yasr.resultsEl;
      results.appendChild = (table) => {
        table.matches = () => false;
        return Node.prototype.appendChild.call(results, table);
      };
      try {
        super.draw({ ...kept, compact: true, isEllipsed: false });
      } finally {
        delete results.appendChild;
        this.destroyResizer();
      }
      this.tableEl.style.removeProperty("width");
      this.dataTable.on("draw", () => this.name());
      this.name();
    }

    drawControls() {
      super.drawControls();
      for (const one of this.tableControls.querySelectorAll(".switch")) one.parentElement.remove();
      this.tableFilterField.placeholder = words.filter;
      this.tableFilterField.setAttribute("aria-label", words.filter);
      this.tableSizeField.setAttribute("aria-label", words.page_size);
      this.tableSizeField.lastElementChild.textContent = words.all;
      this.tableControls.querySelector(".pageSizerLabel").textContent = `${words.page_size} `;
    }

    getColumns() {
      const [numbers, ...columns] = super.getColumns();
      // What is searched is read as HTML by the table, so it is escaped like what is shown.
      const render = (binding, type) => {
        if (!binding) return "";
        if (type === "display") return this.getCellContent(binding);
        return type === "filter" ? escaped(`${binding.value} ${names.get(binding.value) ?? ""}`) : binding.value;
      };
      return [numbers, ...columns.map((column) => ({ ...column, render }))];
    }

    getCellContent(binding) {
      if (binding.type === "uri") return `<div>${link(binding.value)}</div>`;
      const language = binding["xml:lang"];
      const kind = binding.datatype ? ` title="${escaped(shortened(binding.datatype))}"` : "";
      return `<div${language ? ` lang="${escaped(language)}"` : ""}${kind}>${escaped(binding.value)}</div>`;
    }

    /** Put the names of the things on this page of the table beside them. */
    async name() {
      const spans = [...this.tableEl.querySelectorAll("span[data-of]")];
      const wanted = new Set(spans.map((span) => span.dataset.of).filter((iri) => iri.startsWith(data.labelled)));
      const unknown = [...wanted].filter((iri) => !names.has(iri));
      if (unknown.length) for (const [iri, name] of await named(unknown)) names.set(iri, name);
      for (const span of spans) span.textContent = names.get(span.dataset.of) ?? "";
    }
  }

  class Response extends Yasr.plugins.response {
    constructor(yasr) {
      super(yasr);
      this.label = words.response;
      this.helpReference = undefined;
    }

    draw(kept) {
      super.draw(kept);
      this.cm.getInputField().setAttribute("aria-label", words.response);
    }

    showLess(set) {
      super.showLess(set);
      const [all, file] = this.overLay.querySelectorAll("button");
      all.textContent = all.title = words.show_all;
      all.type = "button";
      // The files stand above the answer.
      file.remove();
    }
  }

  class Truth extends Yasr.plugins.boolean {
    draw() {
      const said = document.createElement("p");
      said.className = "empty";
      said.textContent = this.yasr.results.getBoolean() ? words.true : words.false;
      this.yasr.resultsEl.append(said);
    }
  }

  class Answer extends Yasr {
    // The page says these things in its own words and places.
    updateResponseInfo() {}
    updateHelpButton() {}
    fillFallbackBox() {}
    drawDownloadIcon() {}
    drawDocumentationButton() {}

    drawPluginSelectors() {
      super.drawPluginSelectors();
      const list = this.headerEl.querySelector(".yasr_btnGroup");
      list.setAttribute("aria-label", words.views);
      for (const button of list.querySelectorAll("button")) button.removeAttribute("aria-label");
    }

    updatePluginSelectors(able) {
      super.updatePluginSelectors(able);
      for (const button of this.headerEl.querySelectorAll(".yasr_btnGroup button")) {
        button.setAttribute("aria-pressed", String(button.classList.contains("selected")));
        button.disabled = button.classList.contains("disabled");
      }
    }
  }

  // The browser sets the widths of columns; a wide table is scrolled in its own frame.
  Yasr.plugins.table.defaults.tableConfig.autoWidth = false;
  const arrows = { first: "«", previous: "‹", next: "›", last: "»" };
  const thousands = data.language === "da" ? "." : ",";
  Object.assign(Yasr.plugins.table.defaults.tableConfig.language, {
    info: words.shown, infoEmpty: words.none_shown, infoFiltered: words.filtered, zeroRecords: words.nothing,
    emptyTable: words.nothing, thousands,
    paginate: arrows,
    aria: {
      orderable: words.sort, orderableReverse: words.sort_reverse, orderableRemove: words.sort_remove,
      paginate: { first: words.first, previous: words.previous, next: words.next, last: words.last, number: words.number },
    },
  });
  Yasr.registerPlugin("table", Table);
  Yasr.registerPlugin("response", Response);
  Yasr.registerPlugin("boolean", Truth);
  const yasr = new Answer(parent, { persistenceId: null, prefixes: data.prefixes, pluginOrder: ["table", "response"] });
  yasr.resultsEl.tabIndex = 0;
  yasr.resultsEl.setAttribute("role", "region");
  yasr.resultsEl.setAttribute("aria-labelledby", "answer-title");
  return yasr;
};
