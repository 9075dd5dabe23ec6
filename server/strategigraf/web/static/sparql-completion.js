// Completion in the SPARQL editor: prefixes from the page, classes and properties from the VoID description
// (W3C note "Describing Linked Datasets with the VoID Vocabulary", section 4.5). Nothing is asked of any other host:
// YASQE's own completers for these, which ask Linked Open Vocabularies and prefix.cc, are replaced.
"use strict";

window.strategigraf = {};

strategigraf.completion = (data, Yasqe, failed) => {
  const VOID = "http://rdfs.org/ns/void#";
  const LABEL = "http://www.w3.org/2000/01/rdf-schema#label";
  const MOST = 100;
  let terms = null;

  /** The triples of an N-Triples document, as [subject, predicate, object, language]; blank nodes keep their names. */
  function* triples(text) {
    const line = /^(?:<([^>]*)>|(_:\S+)) <([^>]*)> (?:<([^>]*)>|(_:\S+)|("(?:[^"\\]|\\.)*")(?:@([\w-]+)|\^\^<[^>]*>)?) \.$/gm;
    for (const [, iri, blank, predicate, object, node, literal, language] of text.matchAll(line)) {
      yield [iri ?? blank, predicate, literal ? unescaped(literal) : object ?? node, language ?? ""];
    }
  }

  // Escapes are JSON's, but for \U and \' (RDF 1.1 N-Triples, section 7).
  function unescaped(literal) {
    const plain = literal.replace(/\\U([0-9A-Fa-f]{8})/g, (_, code) => String.fromCodePoint(parseInt(code, 16)));
    return JSON.parse(plain.replace(/\\'/g, "'").replace(/[\u0000-\u001f]/g, ""));
  }

  /** The classes and properties of the data set, each with its count and its labels, the most used first. */
  function read(text) {
    const parts = { class: new Map(), property: new Map() };
    const counts = { entities: new Map(), triples: new Map() };
    const inner = [];
    const labels = new Map();
    for (const [subject, predicate, object, language] of triples(text)) {
      if (predicate === `${VOID}class`) parts.class.set(subject, object);
      else if (predicate === `${VOID}property`) parts.property.set(subject, object);
      else if (predicate === `${VOID}entities`) counts.entities.set(subject, Number(object));
      else if (predicate === `${VOID}triples`) counts.triples.set(subject, Number(object));
      else if (predicate === LABEL) labels.set(subject, { ...labels.get(subject), [language]: object });
      else if (predicate === `${VOID}classPartition` || predicate === `${VOID}propertyPartition`) {
        inner.push([subject, object]);
      }
    }
    // A partition of a partition, such as a property on the things of one class, is not one of the data set.
    const nested = new Set();
    for (const [owner, part] of inner) if (parts.class.has(owner) || parts.property.has(owner)) nested.add(part);
    const listed = (kind, count) =>
      [...parts[kind]]
        .filter(([part]) => !nested.has(part))
        .map(([part, iri]) => ({ iri, count: count.get(part) ?? 0, labels: labels.get(iri) ?? {} }))
        .sort((a, b) => b.count - a.count || (a.iri < b.iri ? -1 : 1));
    return { class: listed("class", counts.entities), property: listed("property", counts.triples) };
  }

  function fetched() {
    terms ??= fetch(data.void, { headers: { Accept: "application/n-triples" } })
      .then((response) => (response.ok ? response.text() : Promise.reject(new Error(response.statusText))))
      .then(read)
      .catch(() => {
        terms = null;
        failed();
        return { class: [], property: [] };
      });
    return terms;
  }

  const local = (iri) => iri.slice(Math.max(iri.lastIndexOf("#"), iri.lastIndexOf("/")) + 1);

  function matches(term, token) {
    const written = token.string.trim();
    if (written.startsWith("<")) return term.iri.startsWith(token.autocompletionString);
    const colon = written.indexOf(":");
    if (colon >= 0) {
      const prefix = written.slice(0, colon);
      const base = token.tokenPrefixUri ?? data.prefixes[prefix];
      if (!base || !term.iri.startsWith(base)) return false;
    }
    const word = written.slice(colon + 1).toLowerCase();
    return [local(term.iri), ...Object.values(term.labels)].some((name) => name.toLowerCase().includes(word));
  }

  /** The prefixed name of an IRI by the prefixes of the query or the page's, or the IRI in angle brackets. */
  function shortened(yasqe, iri) {
    for (const prefixes of [yasqe.getPrefixesFromQuery(), data.prefixes]) {
      const [prefix, base] = Object.entries(prefixes)
        .filter(([, base]) => iri.startsWith(base) && /^[A-Za-z_][\w-]*$/.test(iri.slice(base.length)))
        .sort((a, b) => b[1].length - a[1].length)[0] ?? [];
      if (base) return `${prefix}:${iri.slice(base.length)}`;
    }
    return `<${iri}>`;
  }

  const byText = new Map();

  function completer(kind, least) {
    return {
      name: kind,
      bulk: false,
      autoShow: true,
      persistenceId: null,
      async get(yasqe, token) {
        const written = token.string.trim();
        if (written === "a" || (written.length < least && !/[:<]/.test(written))) return [];
        const found = (await fetched())[kind].filter((term) => matches(term, token));
        const starts = (term) => local(term.iri).toLowerCase().startsWith(written.slice(written.indexOf(":") + 1).toLowerCase());
        found.sort((a, b) => starts(b) - starts(a));
        for (const term of found) byText.set(shortened(yasqe, term.iri), term);
        // What is written in full already would only stand in the way of the Enter key.
        if (found.length === 1 && shortened(yasqe, found[0].iri) === written) return [];
        return found.slice(0, MOST).map((term) => term.iri);
      },
      postProcessSuggestion: (yasqe, token, iri) => (token.string.startsWith("<") ? `<${iri}>` : shortened(yasqe, iri)),
      postprocessHints: (_, hints) => hints.map((hint) => ({ ...hint, render })),
    };
  }

  function render(element, _, hint) {
    const term = byText.get(hint.text);
    const name = document.createElement("span");
    name.textContent = hint.text;
    element.append(name);
    if (!term) return;
    const about = document.createElement("span");
    about.className = "hint-about";
    const label = term.labels[data.language] ?? Object.values(term.labels)[0];
    about.textContent = [label, term.count.toLocaleString(data.language)].filter(Boolean).join(" · ");
    element.append(about);
  }

  Yasqe.forkAutocompleter("class", completer("class", 0));
  Yasqe.forkAutocompleter("property", completer("property", 2));
  Yasqe.forkAutocompleter("prefixes", {
    name: "prefixes",
    persistenceId: null,
    get: () => Object.entries(data.prefixes).map(([prefix, base]) => `${prefix}: <${base}>`),
  });
  return { prepare: fetched };
};
