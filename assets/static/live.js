// One event stream. A notice says only that something changed; the parts are read again through the page's own address,
// under the reader's own rights.
import { renewAlarms } from './alarm.js';
import { parse, renew, say } from './parts.js';

const GAP = 1000; // ms between two readings, so that a busy morning does not become a storm

let due = 0;
let reading = false;
let again = false;
let last = 0;

export function refresh(soon = false) {
  if (reading) {
    again = true;
    return;
  }
  clearTimeout(due);
  due = setTimeout(read, soon ? 0 : Math.max(80, last + GAP - Date.now()));
}

async function read() {
  reading = true;
  last = Date.now();
  try {
    const res = await fetch(location.pathname + location.search, {
      headers: { Accept: 'text/html', 'X-Toktok-Look': document.visibilityState === 'visible' ? 'yes' : 'no' },
      credentials: 'same-origin',
    });
    take(res, parse(await res.text()));
  } catch {
    // The line tells that the connection is lost, and the next notice or connection reads again.
  } finally {
    reading = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

// take puts a page that was read in place of the open one; false means that the reader may not see it any more.
export function take(res, page, force = false) {
  if (res.redirected && new URL(res.url).pathname === '/login') {
    banner('로그인 시간이 끝났어요. 쓰던 글은 그대로 있어요. ', '/login?next=' + encodeURIComponent(location.pathname + location.search), '다시 로그인');
    return false;
  }
  const error = page.querySelector('[data-error]');
  if (error) {
    if (['403', '404'].includes(error.dataset.error)) hide();
    banner(error.querySelector('p')?.textContent + ' ', '/tickets', '받은함으로');
    return false;
  }
  if (!res.ok && !page.querySelector('#composer, form')) return false;
  renew(page, force);
  renewAlarms(page);
  return true;
}

// hide empties a case that left the reader's sight; words he was writing stay in their field.
function hide() {
  for (const id of ['case-head', 'items', 'side']) document.getElementById(id)?.replaceChildren();
  for (const button of document.querySelectorAll('#composer button')) button.disabled = true;
}

export function banner(text, to, label) {
  let line = document.getElementById('banner');
  if (!line) {
    line = document.createElement('p');
    line.id = 'banner';
    line.className = 'notice warn';
    line.setAttribute('role', 'alert');
    (document.getElementById('composer') ?? document.getElementById('main'))?.prepend(line);
  }
  if (line.dataset.text === text) return;
  line.dataset.text = text;
  line.textContent = text;
  if (to) {
    const link = document.createElement('a');
    link.href = to;
    link.textContent = label;
    line.append(link);
  }
}

export function clearBanner() {
  document.getElementById('banner')?.remove();
}

export function live(url) {
  const line = document.getElementById('live');
  const text = document.getElementById('live-text');
  let source;
  let lost = 0;
  let retry = 0;

  const show = () => {
    if (!line) return;
    line.hidden = false;
    line.classList.toggle('is-on', !lost);
    line.classList.toggle('is-off', !!lost);
    text.textContent = lost ? `연결 끊김 ${Math.round((Date.now() - lost) / 1000)}초` : '실시간';
  };
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => {
      if (lost) {
        lost = 0;
        refresh(); // whatever was missed
      }
      show();
    };
    source.onmessage = (event) => refresh(isUrgent(event.data));
    source.addEventListener('resync', () => refresh());
    source.onerror = () => {
      lost ||= Date.now();
      show();
      if (source.readyState !== EventSource.CLOSED) return; // the browser comes back by itself
      clearTimeout(retry);
      retry = setTimeout(() => { refresh(); open(); }, 5000);
    };
  };
  open();
  setInterval(() => { if (lost) show(); }, 1000);
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', (event) => { if (event.persisted) { open(); refresh(); } });
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') refresh(); });
  tick();

  document.addEventListener('arrived', (event) => {
    if (event.target.id !== 'items') return;
    const words = event.detail.filter((item) => item.matches('.bubble.citizen'));
    if (words.length) say(`시민의 새 글: ${words.at(-1).querySelector('.words')?.textContent.slice(0, 200) ?? '사진'}`);
  });
}

// An urgent word does not wait for its turn.
function isUrgent(data) {
  try {
    return JSON.parse(data).kind === 'urgent';
  } catch {
    return false;
  }
}

// tick counts waiting times on, by the service's clock: the demo's is not the browser's.
function tick() {
  const shift = Number(document.body.dataset.now) - Date.now();
  setInterval(() => {
    for (const time of document.querySelectorAll('time[data-since]')) {
      const words = elapsed(Date.now() + shift - Number(time.dataset.since));
      if (time.textContent !== words) time.textContent = words;
    }
  }, 20_000);
}

function elapsed(ms) {
  const m = Math.floor(ms / 60_000);
  if (m < 1) return '방금';
  if (m < 60) return `${m}분`;
  if (m < 1440) return `${Math.floor(m / 60)}시간${m % 60 ? ` ${m % 60}분` : ''}`;
  const hours = Math.floor(m / 60) % 24;
  return `${Math.floor(m / 1440)}일${hours ? ` ${hours}시간` : ''}`;
}
