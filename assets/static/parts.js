// Parts of a page are renewed from the same page, read again from the server: [data-part] elements with an id.
//   data-part          replaced when it changed
//   data-part="keyed"  a list: its items are kept, added and removed by id
//   data-part="hold"   replaced, but not while somebody works in it

const policy = globalThis.trustedTypes
  ? trustedTypes.createPolicy('toktok', { createHTML: (html) => html })
  : { createHTML: (html) => html };

// parse reads a page of ours. Scripts in it do not run, and what is taken from it was escaped by the server.
export function parse(html) {
  return new DOMParser().parseFromString(policy.createHTML(html), 'text/html');
}

export function say(text) {
  const line = document.getElementById('say');
  if (!line) return;
  line.textContent = '';
  setTimeout(() => { line.textContent = text; }, 50);
}

// renew takes the parts of a page that was read into the page that is open. force also renews parts somebody works in.
export function renew(page, force = false) {
  const focus = remember();
  for (const part of document.querySelectorAll('[data-part][id]')) {
    const next = page.getElementById(part.id);
    if (!next) continue;
    const how = part.dataset.part;
    if (how === 'keyed') keyed(part, next);
    else if (how === 'hold' && !force && busy(part)) continue;
    else replace(part, next, how === 'hold' && !force);
  }
  if (page.title) document.title = page.title;
  restore(focus);
}

function replace(part, next, keepOpen) {
  if (part.isEqualNode(next)) return;
  const copy = document.adoptNode(next);
  if (keepOpen) {
    for (const open of part.querySelectorAll('details[open][id]')) copy.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute('open', '');
  }
  part.replaceWith(copy);
}

// busy reports whether somebody has opened a form in the part or typed into it.
function busy(part) {
  if (part.querySelector('details.action[open]')) return true;
  return part.contains(document.activeElement) && document.activeElement.matches('input, textarea, select');
}

function keyed(part, next) {
  const box = part.closest('.scroll, .pane-body');
  const stuck = box && part.id === 'items' && atBottom(box);
  const anchor = box && !stuck ? firstVisible(part, box) : null;
  const before = anchor?.getBoundingClientRect().top;
  const old = new Map([...part.children].map((item) => [item.id, item]));
  const fresh = [];
  let at = part.firstElementChild;
  for (const item of [...next.children]) {
    const known = old.get(item.id);
    old.delete(item.id);
    let put = known;
    if (!known || !known.isEqualNode(item)) {
      put = document.adoptNode(item);
      if (known) {
        if (at === known) at = known.nextElementSibling;
        if (known.querySelector('details[open]')) put.querySelector('details')?.setAttribute('open', '');
        if (known.dataset.later) put.dataset.later = 'yes';
        known.remove();
      } else {
        put.classList.add('is-arriving');
        setTimeout(() => { // the item is compared with the server's again
          put.classList.remove('is-arriving');
          if (!put.classList.length) put.removeAttribute('class');
        }, 400);
        fresh.push(put);
      }
    }
    if (put === at) at = at.nextElementSibling;
    else part.insertBefore(put, at);
  }
  for (const [id, gone] of old) {
    if (!(part.id === 'rows' && gone.dataset.later) || id === 'row-none') gone.remove();
  }
  if (stuck) box.scrollTop = box.scrollHeight;
  else if (anchor?.isConnected) box.scrollTop += anchor.getBoundingClientRect().top - before;
  if (fresh.length) part.dispatchEvent(new CustomEvent('arrived', { bubbles: true, detail: fresh }));
}

function firstVisible(part, box) {
  const top = box.getBoundingClientRect().top;
  return [...part.children].find((item) => item.getBoundingClientRect().bottom > top);
}

const atBottom = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 60;

// bottom shows the newest words first when a thread is opened.
export function bottom() {
  const box = document.getElementById('scroll');
  if (!box || new URLSearchParams(location.search).has('before')) return;
  const go = () => { box.scrollTop = box.scrollHeight; };
  go();
  for (const img of box.querySelectorAll('img')) if (!img.complete) img.addEventListener('load', go, { once: true });
}

function remember() {
  const el = document.activeElement;
  if (!el || el === document.body) return null;
  const item = el.closest('[id]');
  return { el, id: el.id, item: item?.id, href: el.getAttribute('href') };
}

function restore(was) {
  if (!was || was.el.isConnected) return;
  const item = was.item && document.getElementById(was.item);
  const el = (was.id && document.getElementById(was.id)) || item?.querySelector('a, button, summary, input');
  el?.focus({ preventScroll: true });
}
