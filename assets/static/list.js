// The list: j and k move, more rows are added below, the place in the list is kept from case to case.
import { parse } from './parts.js';

const place = 'toktok.list';

export function list() {
  const rows = document.getElementById('rows');
  if (!rows) return;
  keepPlace();
  document.addEventListener('keydown', move);
  document.addEventListener('click', (event) => {
    if (event.target.id === 'more-link' && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      more(event.target);
    }
  });
}

// move works by the physical key, so that it also does while the keyboard writes Hangul, and never while somebody types.
function move(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]')) return;
  const step = { KeyJ: 1, KeyK: -1 }[event.code];
  if (!step) return;
  const links = [...document.querySelectorAll('#rows .case')];
  if (!links.length) return;
  let at = links.indexOf(document.activeElement);
  if (at < 0) at = links.findIndex((link) => link.getAttribute('aria-current'));
  const next = links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: 'nearest' });
  event.preventDefault();
}

async function more(link) {
  if (link.dataset.busy) return;
  link.dataset.busy = 'yes';
  link.textContent = '불러오는 중…';
  try {
    const res = await fetch(link.href, { headers: { Accept: 'text/html' }, credentials: 'same-origin' });
    const page = parse(await res.text());
    const found = page.getElementById('rows');
    if (!res.ok || !found) throw new Error('no rows');
    const rows = document.getElementById('rows');
    let first;
    for (const item of [...found.children]) {
      if (document.getElementById(item.id)) continue;
      item.dataset.later = 'yes'; // a live reading of the first page leaves it
      first ??= item;
      rows.append(document.adoptNode(item));
    }
    const box = document.getElementById('more');
    box.replaceChildren(...[...page.getElementById('more').childNodes].map((node) => document.adoptNode(node)));
    box.removeAttribute('data-part');
    first?.querySelector('.case')?.focus();
  } catch {
    location.href = link.href;
  }
}

function keepPlace() {
  const box = document.getElementById('pane-body');
  const key = new URLSearchParams(location.search).toString();
  try {
    const was = JSON.parse(sessionStorage.getItem(place) ?? 'null');
    if (was?.key === key) box.scrollTop = was.top;
    const current = box.querySelector('.is-current');
    current?.scrollIntoView({ block: 'nearest' });
    addEventListener('pagehide', () => sessionStorage.setItem(place, JSON.stringify({ key, top: box.scrollTop })));
  } catch {
    // Without storage the list begins at its top.
  }
}
