// Alarms: urgent words that nobody has answered yet. The server lists them on every page; what this tab has put away
// stays away, what it has not seen is spoken at once and marks the window's title.
const key = () => `toktok.alarms ${document.body.dataset.me}`;
const mark = '긴급! ';

let state = { gone: [], said: [] };

export function alarms() {
  const box = document.getElementById('alarms');
  if (!box) return;
  try {
    state = JSON.parse(sessionStorage.getItem(key())) ?? state;
  } catch {
    // Without storage an alarm comes back with the next page.
  }
  box.addEventListener('click', (event) => {
    if (event.target.closest('button')) putAway(event.target.closest('.alarm'));
  });
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') putAway(event.target.closest('.alarm'));
  });
  show(box);
}

// renewAlarms takes the alarms of a page that was read again.
export function renewAlarms(page) {
  const box = document.getElementById('alarms');
  const next = page.getElementById('alarms');
  if (!box || !next) return;
  for (const old of [...box.children]) if (!next.querySelector(`#${CSS.escape(old.id)}`)) old.remove();
  for (const item of [...next.children].reverse()) {
    if (!document.getElementById(item.id)) box.prepend(document.adoptNode(item));
  }
  show(box);
}

function show(box) {
  for (const item of box.children) {
    const here = location.pathname === `/tickets/${item.dataset.number}`;
    if (here) remember('gone', item.id); // whoever has the case open knows
    const on = !state.gone.includes(item.id);
    item.classList.toggle('is-on', on);
    item.querySelector('button').hidden = false;
    if (!on || state.said.includes(item.id)) continue;
    remember('said', item.id);
    speak(`긴급한 글이 왔어요. ${item.querySelector('.words-of')?.textContent ?? ''}`);
  }
  title(box);
}

function putAway(item) {
  const box = document.getElementById('alarms');
  remember('gone', item.id);
  item.classList.remove('is-on');
  title(box);
  const next = box.querySelector('.alarm.is-on a');
  if (next) next.focus();
  else {
    const main = document.getElementById('main');
    main.tabIndex = -1;
    main.focus({ preventScroll: true });
  }
}

function title(box) {
  const plain = document.title.startsWith(mark) ? document.title.slice(mark.length) : document.title;
  document.title = (box.querySelector('.alarm.is-on') ? mark : '') + plain;
}

function remember(list, id) {
  if (state[list].includes(id)) return;
  state[list] = [...state[list], id].slice(-100);
  try {
    sessionStorage.setItem(key(), JSON.stringify(state));
  } catch {
    // It holds until the page is left.
  }
}

function speak(text) {
  const line = document.getElementById('alarm-say');
  line.textContent = '';
  setTimeout(() => { line.textContent = text; }, 50);
}
