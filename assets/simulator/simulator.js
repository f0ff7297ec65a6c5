// The phone page: shows what the simulator's JSON API tells and sends what the citizen does. The live stream only says
// what has changed; this module fetches it again.
const api = "/simulator/api";
const $ = (selector, root = document) => root.querySelector(selector);
const phones = new Map(); // citizen id → phone element
let state = { citizens: [] };

function el(tag, props = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

// redraw builds the children anew only if what they show has changed: a button that is being pressed must not vanish.
function redraw(node, shown, build) {
  const signature = JSON.stringify(shown);
  if (node.signature === signature) return;
  node.signature = signature;
  const focused = document.activeElement?.id;
  node.replaceChildren(...build());
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
}

// arrange makes nodes the children of parent and leaves alone those that stand right: moving one would lose its focus.
function arrange(parent, nodes) {
  const keep = new Set(nodes);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  nodes.forEach((node, i) => {
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null);
  });
}

function complain(text) {
  const box = $("#notice");
  box.textContent = text;
  box.hidden = !text;
}

async function call(path, body, raw) {
  const options = body === undefined && !raw ? {} : { method: "POST" };
  if (raw) options.body = raw;
  else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers = { "Content-Type": "application/json" };
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("서버에 닿지 못했어요. 서버가 켜져 있는지 확인해 주세요.");
  }
  const text = await response.text();
  let data = {};
  try { data = JSON.parse(text); } catch { /* not JSON: told below */ }
  if (!response.ok) throw new Error(data.error || data.detail || `서버가 ${response.status}로 답했어요.`);
  return data;
}

// attempt runs something the user asked for and says what went wrong.
async function attempt(work) {
  try {
    complain("");
    return await work();
  } catch (err) {
    complain(err.message);
  }
}

const kst = (options) => new Intl.DateTimeFormat("ko-KR", { timeZone: "Asia/Seoul", hourCycle: "h23", ...options });
const minute = kst({ hour: "2-digit", minute: "2-digit" });
const day = kst({ month: "long", day: "numeric", weekday: "short" });
const year = kst({ year: "numeric" });
const full = (date) => `${year.format(date)} ${day.format(date)} ${minute.format(date)}`;

// The service's clock runs on from where it was told to be.
let clockAt = 0, clockRead = 0;
function tick() {
  if (clockAt) $("#clock").textContent = full(new Date(clockAt + Date.now() - clockRead));
}
setInterval(tick, 1000);

async function loadState() {
  state = await call(`${api}/state`);
  clockAt = Date.parse(state.clock);
  clockRead = Date.now();
  tick();
  $("#spent").textContent = `${state.spent.toLocaleString("ko-KR")}원`;
  $("#dev").checked = state.dev;
  const input = $("#clock-now");
  if (!input.value) setClockInput(clockAt);
  drawPeople();
}

// The field has no zone; what stands in it is Korean time.
function setClockInput(at) {
  $("#clock-now").value = new Date(at + 9 * 3600e3).toISOString().slice(0, 16);
}

function drawPeople() {
  const shown = state.citizens.map((c) => [c.id, c.name, c.friend, c.blocked, phones.has(c.id)]);
  redraw($("#people"), shown, () => state.citizens.map((c) => {
    const tags = c.blocked ? "차단" : c.friend ? "친구" : "친구 아님";
    const button = el("button", { type: "button", id: `person-${c.id}` }, el("span", {}, c.name), el("span", { className: "tag" }, tags));
    button.dataset.person = c.id;
    button.setAttribute("aria-pressed", String(phones.has(c.id)));
    button.addEventListener("click", () => toggle(c.id));
    return el("li", {}, button);
  }));
  $("#empty").hidden = phones.size > 0;
  for (const [id, phone] of phones) drawSwitches(phone, state.citizens.find((c) => c.id === id));
}

function remember() {
  try { localStorage.setItem("toktok-phones", JSON.stringify([...phones.keys()])); } catch { /* private window */ }
}

async function toggle(id) {
  if (phones.has(id)) return close(id);
  open(id);
  remember();
  await attempt(() => loadScreen(id));
  $("textarea", phones.get(id)).focus();
}

function close(id) {
  phones.get(id).remove();
  phones.delete(id);
  remember();
  drawPeople();
}

function open(id) {
  const citizen = state.citizens.find((c) => c.id === id);
  if (!citizen || phones.has(id)) return;
  const phone = $("#phone").content.cloneNode(true).firstElementChild;
  phones.set(id, phone);
  phone.dataset.citizen = id;
  phone.setAttribute("aria-label", `${citizen.name}의 대화방`);
  $("h3", phone).textContent = citizen.name;
  const screen = $(".screen", phone);
  screen.setAttribute("aria-label", `${citizen.name}의 대화`);
  const input = $("textarea", phone);
  input.setAttribute("aria-label", `${citizen.name}의 메시지`);
  input.placeholder = "메시지 입력";
  $(".close", phone).addEventListener("click", () => close(id));
  for (const box of phone.querySelectorAll("[data-switch]")) {
    box.addEventListener("change", () => {
      const key = box.dataset.switch;
      const path = { friend: "friend", blocked: "block", callback: "callback" }[key];
      attempt(() => call(`${api}/citizens/${id}/${path}`, { [key]: box.checked }));
    });
  }
  const form = $(".composer", phone);
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = "";
    act(phone, () => call(`${api}/citizens/${id}/say`, { text }));
  });
  input.addEventListener("keydown", (e) => {
    // A Hangul syllable in composition is not finished yet: Enter ends it and must not send.
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      form.requestSubmit();
    }
  });
  const menu = $(".attach", phone);
  const secure = () => ($(".secure", phone).checked ? "secure=1" : "");
  for (const button of phone.querySelectorAll(".sample")) {
    button.addEventListener("click", () => {
      menu.open = false;
      act(phone, () => call(`${api}/citizens/${id}/photo?sample=${button.dataset.sample}&${secure()}`, {}));
    });
  }
  $("input[type=file]", phone).addEventListener("change", (e) => {
    const data = new FormData();
    for (const file of e.target.files) data.append("photo", file);
    e.target.value = "";
    menu.open = false;
    act(phone, () => call(`${api}/citizens/${id}/photo?${secure()}`, undefined, data));
  });
  menu.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && menu.open) {
      menu.open = false;
      $("summary", menu).focus();
    }
  });
  $("#phones").append(phone);
  drawSwitches(phone, citizen);
  drawPeople();
}

// act does something as the citizen. The screen follows by itself through the live stream.
async function act(phone, work) {
  const id = phone.dataset.citizen;
  const turn = await attempt(work);
  if (turn?.opened) complain(`버튼이 여는 곳: ${turn.opened}`);
  await attempt(() => loadScreen(id));
}

function drawSwitches(phone, citizen) {
  if (!citizen) return;
  for (const box of phone.querySelectorAll("[data-switch]")) box.checked = citizen[box.dataset.switch];
  $(".key", phone).textContent = `사용자 키 ${citizen.key.slice(0, 8)}…`;
}

async function loadScreen(id) {
  const phone = phones.get(id);
  if (!phone) return;
  const data = await call(`${api}/citizens/${id}/screen`);
  drawSwitches(phone, data.citizen);
  const screen = $(".screen", phone);
  const known = Number(screen.dataset.last || -1);
  const atEnd = screen.scrollHeight - screen.scrollTop - screen.clientHeight < 60;
  const old = new Map([...screen.children].map((li) => [li.dataset.key, li]));
  const rows = [];
  let last = "";
  for (const b of data.bubbles) {
    const date = day.format(new Date(b.at));
    if (date !== last) rows.push(old.get(`d${b.id}`) || dateRow(date, b.id)); // by the bubble: a clock set back brings a day twice
    last = date;
    const key = `${b.id}${b.unseen ? "!" : ""}`;
    rows.push(old.get(key) || bubbleRow(phone, b, key));
    if (known >= 0 && b.id > known && b.from === "bot") announce(`${data.citizen.name}에게 온 답: ${b.title || ""} ${b.text || ""}`);
  }
  arrange(screen, rows);
  const chips = $(".chips", phone);
  const held = chips.contains(document.activeElement);
  redraw(chips, data.quick_replies.map((q) => q.label), () => data.quick_replies.map((q) => tapButton(phone, q.label, 0)));
  if (held && !chips.contains(document.activeElement)) $("textarea", phone).focus();
  const newest = data.bubbles.at(-1)?.id ?? 0;
  screen.dataset.last = newest;
  if (atEnd || newest > known) screen.scrollTop = screen.scrollHeight; // last: the chips take room from the screen
}

function announce(text) {
  $("#live").append(el("span", {}, text));
  while ($("#live").childElementCount > 5) $("#live").firstElementChild.remove();
}

function dateRow(date, id) {
  const li = el("li", { className: "meta" }, `── ${date} ──`);
  li.dataset.key = `d${id}`;
  return li;
}

const ways = { event: "알림으로 온 말", callback: "콜백으로 온 답", waiting: "대기 문구" };

function bubbleRow(phone, b, key) {
  const own = b.from === "citizen";
  const li = el("li", { className: `bubble${own ? " own" : ""}${b.via === "event" || b.via === "callback" ? " pushed" : ""}${b.kind === "photo" ? " photo" : ""}` });
  li.dataset.key = key;
  const words = el("div", { className: "words" });
  words.append(el("span", { className: "unseen" }, own ? "내가 보냄: " : "채널: "));
  if (b.image_url) {
    const img = el("img", { src: b.image_url, alt: b.text || "보낸 사진" });
    img.addEventListener("load", () => {
      const screen = $(".screen", phone);
      if (li === screen.lastElementChild || screen.scrollHeight - screen.scrollTop - screen.clientHeight < img.clientHeight + 60) screen.scrollTop = screen.scrollHeight;
    });
    words.append(img);
  }
  if (b.title) words.append(el("strong", {}, b.title));
  if (b.text && b.kind !== "simpleImage") words.append(...folded(b.text));
  if (!b.text && !b.title && !b.image_url) words.append(`[${b.kind}]`);
  if (b.buttons?.length) words.append(el("div", { className: "card-buttons" }, ...b.buttons.map((x) => tapButton(phone, x.label, b.id))));
  li.append(words);
  if (b.unseen) li.append(el("p", { className: "silent" }, `답이 오지 않았어요: ${b.unseen}`));
  const at = new Date(b.at);
  li.append(el("span", { className: "meta" }, [ways[b.via], minute.format(at)].filter(Boolean).join(" · ")));
  return li;
}

// KakaoTalk folds a text past 500 characters behind a button.
function folded(text) {
  if (text.length <= 500) return [text];
  const shown = el("span", {}, `${text.slice(0, 500)}…`);
  const more = el("button", { type: "button", className: "fold" }, "전체 보기");
  more.addEventListener("click", () => {
    shown.textContent = text;
    more.remove();
  });
  return [shown, more];
}

function tapButton(phone, label, bubble) {
  const button = el("button", { type: "button" }, label);
  button.addEventListener("click", () => act(phone, () => call(`${api}/citizens/${phone.dataset.citizen}/tap`, { label, bubble })));
  return button;
}

async function loadFaults() {
  const { faults } = await call(`${api}/faults`);
  redraw($("#faults"), faults, () => faults.map((f) => {
    const id = `fault-${f.fault}`;
    const select = el("select", { id },
      el("option", { value: "0" }, "꺼짐"), el("option", { value: "1" }, "한 번"),
      el("option", { value: "3" }, "세 번"), el("option", { value: "-1" }, "계속"));
    if (f.on && ![1, 3, -1].includes(f.left)) select.append(el("option", { value: String(f.left) }, `${f.left}번`));
    select.value = String(f.on ? f.left : 0);
    select.addEventListener("change", () => attempt(() => call(`${api}/faults`, { fault: f.fault, count: Number(select.value) })));
    return el("li", { className: `row${f.on ? " on" : ""}` }, el("label", { htmlFor: id }, `${f.text}${f.hits ? ` · ${f.hits}회 일어남` : ""}`), select);
  }));
}

const directions = { skill: "스킬 호출", api: "카카오 API", media: "사진 서버" };

async function loadLog() {
  const { log } = await call(`${api}/log`);
  const list = $("#log");
  const old = new Map([...list.children].map((li) => [li.dataset.id, li]));
  arrange(list, log.slice(-60).reverse().map((x) => old.get(String(x.id)) || logRow(x)));
}

function logRow(x) {
  const bad = !["표시함", "받음", "보냄"].includes(x.verdict);
  const line = `${minute.format(new Date(x.at))} ${directions[x.direction]} ${x.status || "응답 없음"} · ${x.verdict}${x.citizen ? ` · ${x.citizen}` : ""}`;
  const box = el("details", { className: bad ? "bad" : "" }, el("summary", {}, line));
  if (x.reason) box.append(el("p", { className: bad ? "why" : "" }, x.reason));
  for (const p of x.problems || []) box.append(el("p", { className: "why" }, `${p.path ? `${p.path}: ` : ""}${p.text}`));
  box.append(el("p", { className: "small" }, `${x.method} ${x.url} · ${x.took_ms} ms${x.request_id ? ` · ${x.request_id}` : ""}`));
  for (const [name, body] of [["요청", x.request], ["응답", x.response]]) {
    if (body) box.append(el("p", { className: "small" }, name), el("pre", { tabIndex: 0 }, pretty(body)));
  }
  const li = el("li", {}, box);
  li.dataset.id = x.id;
  return li;
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

const jobs = { opening: "업무 시작", closing: "업무 마감", settle: "답변 정리", due: "기한 살피기", retention: "보관 기간 정리", backup: "백업" };
const outcomes = { done: "실행함", failed: "실패", missed: "때를 놓침", skipped: "건너뜀" };

async function moveClock(body) {
  const result = $("#clock-result");
  const buttons = document.querySelectorAll("#advance button, #clock-form button");
  for (const b of buttons) b.disabled = true;
  result.textContent = "옮기는 중…";
  try {
    const { now, ran } = await call("/demo/clock", body);
    setClockInput(Date.parse(now));
    const lines = (ran || []).map((r) => el("li", {}, `${full(new Date(r.scheduled_for))} ${jobs[r.job] || r.job}: ${outcomes[r.outcome] || r.outcome}`));
    result.replaceChildren(el("p", {}, `지금은 ${full(new Date(now))}이에요.`),
      lines.length ? el("ul", {}, ...lines) : el("p", {}, "그사이에 할 일은 없었어요."));
  } catch (err) {
    result.textContent = `옮기지 못했어요. ${err.message}`;
  } finally {
    for (const b of buttons) b.disabled = false;
  }
  await attempt(loadState);
}

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => moveClock({ advance: button.dataset.advance }));
}
$("#clock-form").addEventListener("submit", (e) => {
  e.preventDefault();
  moveClock({ now: `${$("#clock-now").value}:00+09:00` });
});
$("#dev").addEventListener("change", (e) => attempt(() => call(`${api}/bot`, { dev: e.target.checked })));
$("#add").addEventListener("submit", async (e) => {
  e.preventDefault();
  const form = e.target;
  await attempt(async () => {
    const citizen = await call(`${api}/citizens`, { name: form.name.value, friend: form.friend.checked });
    form.reset();
    await loadState();
    if (!phones.has(citizen.id)) await toggle(citizen.id);
  });
});

// Notices come in bursts: each thing is fetched once per burst.
const due = new Set();
function later(what) {
  if (due.size === 0) queueMicrotask(() => setTimeout(flush, 60));
  due.add(what);
}
function flush() {
  const all = [...due];
  due.clear();
  for (const what of all) {
    if (what === "state") attemptQuietly(loadState);
    else if (what === "faults") attemptQuietly(loadFaults);
    else if (what === "log") attemptQuietly(loadLog);
    else attemptQuietly(() => loadScreen(what));
  }
}
// The stream shows a lost connection itself; a failed refresh says nothing more.
const attemptQuietly = (work) => work().catch(() => {});

function listen() {
  const stream = new EventSource(`${api}/events`);
  stream.addEventListener("open", () => {
    $("#link").textContent = "실시간";
    for (const what of ["state", "faults", "log", ...phones.keys()]) later(what);
  });
  stream.addEventListener("error", () => {
    $("#link").textContent = "다시 연결하는 중";
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
  stream.addEventListener("message", (e) => {
    const { topic, citizen } = JSON.parse(e.data);
    if (topic === "screen" || (topic === "state" && citizen)) later(citizen);
    if (topic !== "screen") later(topic);
  });
}

await attempt(async () => {
  await loadState();
  let saved = [];
  try { saved = JSON.parse(localStorage.getItem("toktok-phones") || "[]"); } catch { /* private window */ }
  const wanted = saved.filter((id) => state.citizens.some((c) => c.id === id));
  if (!wanted.length && state.citizens.length) wanted.push(state.citizens[0].id);
  for (const id of wanted) {
    open(id);
    await loadScreen(id);
  }
  $("#empty").hidden = phones.size > 0;
});
listen();
