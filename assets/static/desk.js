// What every page runs. Pages work without scripts; these add live parts, sending without leaving, and the keyboard.
import { alarms } from './alarm.js';
import { compose } from './compose.js';
import { list } from './list.js';
import { live } from './live.js';
import { bottom } from './parts.js';

alarms();
bottom();
list();
compose();
if (document.body.dataset.live) live(document.body.dataset.live);

for (const field of document.querySelectorAll('[data-copy]')) {
  field.addEventListener('focus', () => field.select());
}

// A form that is on its way is not sent twice by a double click.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.action.endsWith('/logout')) {
    try {
      sessionStorage.clear(); // unsent words do not wait for the next person at this desk
    } catch {
      // There is no storage, so nothing was kept.
    }
  }
  form.dataset.sent = 'yes';
  setTimeout(() => delete form.dataset.sent, 10_000);
});
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
});
