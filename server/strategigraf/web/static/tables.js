// Tables marked data-sortable sort where they stand. A head that is a link keeps leading to the sorted page for those
// without scripts; with them, a click sorts the rows here and puts the link's address in the address line.
(() => {
  const collator = new Intl.Collator('da', { numeric: true });
  const key = (row, column) => {
    const cell = row.cells[column];
    return cell ? (cell.dataset.sort ?? cell.textContent.trim()) : '';
  };
  const sort = (table, head) => {
    const body = table.tBodies[0];
    const down = head.getAttribute('aria-sort') === 'ascending';
    for (const other of table.tHead.querySelectorAll('[aria-sort]')) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const rows = [...body.rows].map((row, place) => ({ row, place, key: key(row, head.cellIndex) }));
    const numbers = rows.every((one) => one.key === '' || !Number.isNaN(Number(one.key)));
    rows.sort((a, b) => {
      const order = numbers ? Number(a.key) - Number(b.key) : collator.compare(a.key, b.key);
      return (down ? -order : order) || a.place - b.place;
    });
    body.append(...rows.map((one) => one.row));
    for (const use of table.tHead.querySelectorAll('.sort use')) {
      const order = use.closest('th').getAttribute('aria-sort') ?? 'none';
      use.setAttribute('href', use.getAttribute('href').replace(/#.*/, `#sort-table-${order}`));
    }
  };
  for (const table of document.querySelectorAll('table[data-sortable]')) {
    if (!table.tHead || !table.tBodies.length) continue;
    for (const head of table.tHead.rows[0].cells) {
      if ('nosort' in head.dataset) continue;
      const link = head.querySelector('a.sort');
      if (link) {
        link.addEventListener('click', (event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button) return;
          event.preventDefault();
          sort(table, head);
          const address = new URL(link.href);
          const name = address.searchParams.get('sort').replace(/^-/, '');
          const down = head.getAttribute('aria-sort') === 'descending';
          address.searchParams.set('sort', down ? `-${name}` : name);
          history.replaceState(null, '', address.pathname + address.search);
        });
      } else if (!head.querySelector('button')) {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'sort';
        button.append(...head.childNodes);
        head.append(button);
        button.addEventListener('click', () => sort(table, head));
      }
    }
  }
})();
