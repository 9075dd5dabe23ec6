// The tile map by keyboard: one stop for Tab, and the arrow keys go to the nearest square in their direction.
for (const map of document.querySelectorAll('svg[data-tiles]')) {
  const squares = [...map.querySelectorAll('a')].map((link) => {
    const square = link.querySelector('rect');
    return { link, x: Number(square.getAttribute('x')), y: Number(square.getAttribute('y')) };
  });
  const stop = (chosen) => squares.forEach((one) => one.link.setAttribute('tabindex', one === chosen ? '0' : '-1'));
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  stop(squares[0]);
  map.addEventListener('keydown', (event) => {
    const here = squares.find((one) => one.link === event.target.closest('a'));
    const way = ways[event.key];
    if (!here || !way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    let best = null;
    let least = Infinity;
    for (const one of squares) {
      const along = (one.x - here.x) * way[0] + (one.y - here.y) * way[1];
      const aside = Math.abs((one.x - here.x) * way[1]) + Math.abs((one.y - here.y) * way[0]);
      if (along > 0 && along + 2 * aside < least) {
        least = along + 2 * aside;
        best = one;
      }
    }
    if (!best) return;
    stop(best);
    best.link.focus();
  });
}
