// The console's script: times and money in the reader's way, the live parts of the overview, and the
// lines of a form. Every page works without it.

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Shows the times in an element in the reader's zone; of today only the time of day. */
function showTimes(root) {
  const today = new Date().toDateString();
  for (const element of root.querySelectorAll('time[datetime]')) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    element.textContent = (at.toDateString() === today ? clock : date).format(at);
  }
}

/** Shows amounts, which come in minor units, with the digits that their currency has. */
function showMoney(root) {
  for (const element of root.querySelectorAll('data[data-currency]')) {
    try {
      const format = new Intl.NumberFormat(undefined, {
        style: 'currency',
        currency: element.dataset.currency,
      });
      const digits = format.resolvedOptions().maximumFractionDigits;
      element.textContent = format.format(Number(element.value) / 10 ** digits);
    } catch {
      // A currency that the browser does not know stays in minor units.
    }
  }
}

function show(root) {
  showTimes(root);
  showMoney(root);
}

/** Puts new HTML into a part, and the focus back where it was. */
function replace(part, html) {
  if (part.shown === html) return;
  part.shown = html;
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const figures = new Map();
  for (const cell of part.querySelectorAll('[data-figure]')) {
    figures.set(cell.dataset.figure, cell.textContent);
  }
  const scrolled = [...part.querySelectorAll('.scroll')].map((it) => it.scrollLeft);
  part.innerHTML = html;
  part.querySelectorAll('.scroll').forEach((it, index) => {
    it.scrollLeft = scrolled[index] ?? 0;
  });
  for (const cell of part.querySelectorAll('[data-figure]')) {
    const before = figures.get(cell.dataset.figure);
    if (before !== undefined && before !== cell.textContent) cell.classList.add('changed');
  }
  show(part);
  if (focused?.id) document.getElementById(focused.id)?.focus({ preventScroll: true });
  else if (focused?.classList.contains('scroll')) part.querySelector('.scroll')?.focus({ preventScroll: true });
}

/** Set while a button is held down: what is replaced under a finger gets no click. */
let isPressed = false;
for (const begin of ['pointerdown', 'keydown']) {
  addEventListener(begin, (event) => {
    isPressed = begin === 'pointerdown' || event.key === ' ';
  });
}
for (const end of ['pointerup', 'pointercancel', 'keyup', 'blur']) {
  addEventListener(end, () => setTimeout(() => (isPressed = false)));
}

/** Follows the overview. What is not live any more says so. */
function follow(element) {
  const liveness = document.querySelector('[data-liveness]');
  let last = Date.now();
  let tone = null;
  let stream;

  const say = (isLive) => {
    if (element.classList.contains('stale') === !isLive && liveness.dataset.live) return;
    element.classList.toggle('stale', !isLive);
    liveness.dataset.live = isLive ? 'yes' : 'no';
    liveness.textContent = isLive
      ? 'Live.'
      : `Not live since ${clock.format(new Date(last))}: the worker does not answer. What stands here is of that time.`;
  };
  const open = () => {
    stream = new EventSource(element.dataset.live);
    stream.addEventListener('overview', (event) => {
      const { parts } = JSON.parse(event.data);
      last = Date.now();
      for (const [name, html] of isPressed ? [] : Object.entries(parts)) {
        const part = element.querySelector(`[data-part="${CSS.escape(name)}"]`);
        if (part) replace(part, html);
      }
      say(true);
      const sentence = element.querySelector('.sentence');
      if (sentence && sentence.className !== tone) {
        // Read out when it is another state, and not whenever a number in it changes.
        if (tone !== null) document.getElementById('announce').textContent = sentence.textContent;
        tone = sentence.className;
      }
    });
    stream.addEventListener('error', () => {
      // After an answer that is no stream no browser comes back by itself.
      if (stream.readyState === EventSource.CLOSED) setTimeout(comeBack, 2000);
    });
  };
  const reopen = () => {
    stream.close();
    open();
  };
  const comeBack = async () => {
    const asked = await fetch(location.href, { redirect: 'manual' }).catch(() => null);
    // The session has ended: the page that asks for a token comes next.
    if (asked?.type === 'opaqueredirect') location.reload();
    else reopen();
  };
  open();
  setInterval(() => {
    if (Date.now() - last > 4000) say(false);
  }, 1000);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) stream.close();
    else reopen();
  });
}

/** Lets a form of an order grow. */
function addLines(button) {
  const lines = button.parentElement.querySelector('[data-lines]');
  button.hidden = false;
  button.addEventListener('click', () => {
    const last = lines.lastElementChild;
    const number = lines.children.length;
    const line = last.cloneNode(true);
    for (const element of line.querySelectorAll('.problem')) element.remove();
    for (const input of line.querySelectorAll('input')) {
      input.value = '';
      input.id = input.id.replace(/\d+/, number);
      input.removeAttribute('aria-invalid');
      input.removeAttribute('aria-describedby');
    }
    for (const label of line.querySelectorAll('label')) {
      label.htmlFor = label.htmlFor.replace(/\d+/, number);
      label.textContent = label.textContent.replace(/\d+$/, number + 1);
    }
    lines.append(line);
    line.querySelector('input').focus();
  });
}

/** Asks again for a page about something that is under way. */
async function poll() {
  const part = document.querySelector('[data-poll]');
  if (!part) return;
  try {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const fresh = page.querySelector('main');
      if (fresh) {
        document.querySelector('main').replaceChildren(...fresh.childNodes);
        show(document);
      }
    }
  } catch {
    // The worker does not answer; it is asked again.
  }
  setTimeout(poll, 1000);
}

show(document);
document.querySelectorAll('[data-live]').forEach((it) => it.dataset.live.startsWith('/') && follow(it));
document.querySelectorAll('[data-add-line]').forEach(addLines);
if (document.querySelector('[data-poll]')) setTimeout(poll, 1000);
// A field with a problem is where a person goes on.
document.querySelector('[aria-invalid="true"]')?.focus();
