// Draws the neighbourhood graph from /graph.json, in places that the server gives. The list beside it and the table
// say the same without scripts; the keyboard moves in the list, and the drawing follows.
"use strict";
(() => {
  const box = document.getElementById("graf");
  const tools = document.getElementById("graf-knapper");
  const note = document.getElementById("graf-fejl");
  if (!box || !window.cytoscape) return;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const mouse = window.matchMedia("(pointer: fine)").matches;
  const font = getComputedStyle(document.body).fontFamily;

  const style = [
    { selector: "node", style: {
      shape: "data(shape)", "background-color": "data(colour)", width: 26, height: 26,
      label: "data(label)", "font-family": font, "font-size": 12, color: "#1a1a1a",
      "min-zoomed-font-size": 7, "text-wrap": "wrap", "text-max-width": 120, "text-valign": "bottom", "text-margin-y": 4,
      "text-background-color": "#fff", "text-background-opacity": 0.8, "text-background-padding": 1,
    } },
    { selector: "node[distance = 0]", style: {
      width: 46, height: 46, "font-size": 15, "font-weight": 600, "border-width": 4, "border-color": "#1a1a1a",
    } },
    { selector: "node[distance = 2]", style: { width: 20, height: 20, "font-size": 11 } },
    { selector: "edge", style: {
      width: 1.4, "line-color": "#8a939b", "target-arrow-color": "#8a939b", "target-arrow-shape": "triangle",
      "arrow-scale": 0.9, "curve-style": "bezier", label: "", "font-family": font, "font-size": 11,
      "text-rotation": "autorotate", "text-background-color": "#fff", "text-background-opacity": 0.9,
    } },
    { selector: "edge[basis = 'thematic']", style: { "line-style": "dashed" } },
    { selector: ".far", style: { opacity: 0.18 } },
    { selector: "edge.near", style: {
      label: "data(label)", width: 2.6, "line-color": "#1a1a1a", "target-arrow-color": "#1a1a1a", "z-index": 9,
    } },
    { selector: "node.near", style: { "border-width": 3, "border-color": "#1a1a1a" } },
  ];

  const draw = (data) => {
    box.hidden = false;
    tools.hidden = false;
    const nodes = data.nodes.map((node) => ({ data: node, position: { x: node.x, y: node.y } }));
    const edges = data.edges.map((edge, place) => ({ data: { ...edge, id: `e${place}` } }));
    const cy = window.cytoscape({
      container: box, elements: { nodes, edges }, style,
      layout: { name: "preset", fit: true, padding: 40 },
      autoungrabify: true, boxSelectionEnabled: false, userZoomingEnabled: false, userPanningEnabled: mouse,
      minZoom: 0.2, maxZoom: 3,
    });

    const plain = () => cy.elements().removeClass("far near").removeStyle("font-size");
    const show = (node) => {
      plain();
      const around = node.closedNeighborhood();
      cy.elements().not(around).addClass("far");
      node.addClass("near");
      node.connectedEdges().addClass("near");
      // However small the drawing, what is pointed at can be read.
      if (cy.zoom() < 1) around.style("font-size", 12 / cy.zoom());
    };
    const rows = new Map();
    for (const row of document.querySelectorAll("[data-node]")) {
      rows.set(row.dataset.node, row);
      const node = cy.getElementById(row.dataset.node);
      if (node.empty()) continue;
      row.addEventListener("focusin", () => {
        show(node);
        const seen = cy.extent();
        const at = node.position();
        if (at.x < seen.x1 || at.x > seen.x2 || at.y < seen.y1 || at.y > seen.y2) {
          if (calm) cy.center(node); else cy.animate({ center: { eles: node }, duration: 200 });
        }
      });
      row.addEventListener("focusout", plain);
      row.addEventListener("mouseenter", () => show(node));
      row.addEventListener("mouseleave", plain);
    }
    const mark = (node, on) => rows.get(node.id())?.classList.toggle("seen", on);
    cy.on("mouseover", "node", (event) => { show(event.target); mark(event.target, true); box.classList.add("point"); });
    cy.on("mouseout", "node", (event) => { plain(); mark(event.target, false); box.classList.remove("point"); });
    cy.on("tap", "node", (event) => { window.location.assign(event.target.data("url")); });
    cy.on("tap", "edge", (event) => { if (event.target.data("url")) window.location.assign(event.target.data("url")); });
    cy.on("mouseover", "edge", (event) => event.target.addClass("near"));
    cy.on("mouseout", "edge", (event) => event.target.removeClass("near"));

    tools.addEventListener("click", (event) => {
      const by = event.target.closest("button")?.dataset.zoom;
      if (by === "fit") cy.fit(undefined, 40);
      else if (by) cy.zoom({ level: cy.zoom() * Number(by), renderedPosition: { x: box.clientWidth / 2, y: box.clientHeight / 2 } });
    });
    new ResizeObserver(() => { cy.resize(); cy.fit(undefined, 40); }).observe(box);
  };

  fetch(box.dataset.source, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(String(answer.status)))))
    .then(draw)
    .catch(() => { box.hidden = true; tools.hidden = true; note.textContent = note.dataset.failed; });
})();
