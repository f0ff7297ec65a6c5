// The composer: sending without leaving the page, the meter, Enter, and typed words that survive a reload.
import { banner, clearBanner, take } from './live.js';
import { parse, say } from './parts.js';

const choice = 'toktok.enter';

export function compose() {
  if (!document.getElementById('composer')) return;
  wire(document.getElementById('composer'));
}

function wire(form) {
  const text = form.querySelector('textarea');
  const enter = form.querySelector('#enter-sends');
  form.querySelector('#enter').hidden = false;
  enter.checked = stored(localStorage, choice) !== 'newline';
  enter.addEventListener('change', () => store(localStorage, choice, enter.checked ? 'send' : 'newline'));
  recall(form, text);
  meter(form, text);
  text.addEventListener('input', () => {
    meter(form, text);
    keep(form, text);
    look(form);
  });
  for (const kind of form.querySelectorAll('[name=kind]')) {
    kind.addEventListener('change', () => {
      meter(form, text);
      keep(form, text);
    });
  }
  text.addEventListener('keydown', (event) => {
    // While a syllable is being composed Enter ends the syllable; keyCode 229 says the same where isComposing does not.
    if (event.key !== 'Enter' || event.isComposing || event.keyCode === 229 || event.shiftKey || event.altKey) return;
    if (!(event.ctrlKey || event.metaKey) && !enter.checked) return;
    event.preventDefault();
    if (text.value.trim()) form.requestSubmit(form.querySelector('#send'));
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send(form, event.submitter);
  });
}

async function send(form, button) {
  if (form.dataset.busy) return;
  form.dataset.busy = 'yes';
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.set(button.name, button.value);
  const buttons = form.querySelectorAll('button');
  for (const b of buttons) b.disabled = true;
  try {
    const res = await fetch(form.action, { method: 'POST', body, headers: { Accept: 'text/html' }, credentials: 'same-origin' });
    const page = parse(await res.text());
    if (!take(res, page, true)) return;
    clearBanner();
    const typed = form.querySelector('textarea').value;
    const next = page.getElementById('composer');
    if (res.ok) forget();
    if (next?.matches('form')) {
      const fresh = document.adoptNode(next);
      form.replaceWith(fresh);
      if (!res.ok) fresh.querySelector('textarea').value = typed;
      wire(fresh);
      fresh.querySelector('textarea').focus();
    } else if (next) {
      form.replaceWith(document.adoptNode(next));
    }
    const notices = page.getElementById('notices');
    if (notices) document.getElementById('notices')?.replaceWith(document.adoptNode(notices));
    if (res.ok) {
      const box = document.getElementById('scroll');
      box.scrollTop = box.scrollHeight;
      say(body.get('kind') === 'note' ? '메모를 남겼어요.' : '보냈어요.');
    }
  } catch {
    banner('보내지 못했어요. 연결을 확인하고 다시 보내 주세요. 쓰던 글은 그대로 있어요.');
  } finally {
    delete form.dataset.busy;
    for (const b of buttons) b.disabled = !document.getElementById('items')?.childElementCount;
  }
}

// look moves "seen" on: whoever types on after a citizen's words appeared has seen them. A colleague's answer is not
// passed over this way; sending tells of it.
function look(form) {
  const seen = form.querySelector('[name=seen]');
  let upTo = Number(seen.value);
  for (const item of document.querySelectorAll('#items > .bubble')) {
    const id = Number(item.id.slice(1));
    if (id <= upTo) continue;
    if (item.matches('.reply')) return;
    if (item.matches('.citizen')) upTo = id;
  }
  seen.value = upTo;
}

function meter(form, text) {
  const line = form.querySelector('#composer-meter');
  const n = text.value.trim().length; // UTF-16 units, as KakaoTalk counts
  const { one, two, most } = form.dataset;
  const note = form.querySelector('[name=kind]:checked')?.value === 'note';
  let words = '';
  if (note) words = n ? `${n}자` : '시민에게 보이지 않아요.';
  else if (n > most) words = `${n}자 · 길어요: ${most}자까지 보낼 수 있어요. 나눠서 보내 주세요.`;
  else if (n > one) words = `${n}자 · ${n <= two ? '2개로 나눠 보내요' : '길어서 접혀 보일 수 있어요'}`;
  else words = n ? `${n}자 · 1/1` : '';
  line.textContent = words;
  line.classList.toggle('is-long', !note && n > most);
}

// Typed words stay in the tab until they are sent; leaving the account empties it.
const key = () => `toktok.typed ${document.body.dataset.me} ${location.pathname}`;

function keep(form, text) {
  store(sessionStorage, key(), JSON.stringify({ text: text.value, kind: form.querySelector('[name=kind]:checked')?.value }));
}

function recall(form, text) {
  if (text.value) return;
  const was = JSON.parse(stored(sessionStorage, key()) ?? 'null');
  if (!was?.text) return;
  text.value = was.text;
  const kind = form.querySelector(`[name=kind][value="${was.kind === 'note' ? 'note' : 'reply'}"]`);
  if (kind) kind.checked = true;
}

function forget() {
  try {
    sessionStorage.removeItem(key());
  } catch {
    // There is no storage, so nothing was kept.
  }
}

function store(where, name, value) {
  try {
    where.setItem(name, value);
  } catch {
    // Storage is full or switched off: the words stay in the field.
  }
}

function stored(where, name) {
  try {
    return where.getItem(name);
  } catch {
    return null;
  }
}
