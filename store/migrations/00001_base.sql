-- The whole schema of toktok (RULES G2). Instants are unix milliseconds, dates 'YYYY-MM-DD' in KST.
-- Features come later; their keys do not.

-- +goose Up

-- ---- settings ---------------------------------------------------------------------------------
create table settings (
  key        text primary key,
  value      text not null,                     -- JSON, or a sealed value for secrets
  version    integer not null default 1,
  changed_at integer not null,
  changed_by text not null
) strict, without rowid;

create table setting_history (
  id         integer primary key,
  key        text not null,
  value      text,
  version    integer not null,
  changed_at integer not null,
  changed_by text not null
) strict;
create index setting_history_key on setting_history (key, version);

create table counters (
  name  text primary key,                       -- 'number:2026', 'state:open:0' …
  value integer not null
) strict, without rowid;

-- ---- people of the office ---------------------------------------------------------------------
create table departments (
  id         integer primary key,
  name       text not null unique,
  contact    text not null default '',          -- telephone shown to the citizen
  approval   integer not null default 0 check (approval in (0, 1)),
  closed_at  integer,
  position   integer not null default 0
) strict;

create table staff (
  id           integer primary key,
  login        text not null unique,
  name         text not null,
  role         text not null check (role in ('admin', 'operator', 'department', 'auditor')),
  phone        text not null default '',
  password     text not null,                   -- argon2id
  totp         text,                            -- sealed
  created_at   integer not null,
  disabled_at  integer,
  failed       integer not null default 0,
  locked_until integer
) strict;

create table staff_departments (
  staff      integer not null references staff (id) on delete cascade,
  department integer not null references departments (id) on delete restrict,
  head       integer not null default 0 check (head in (0, 1)),
  primary key (staff, department)
) strict, without rowid;
create index staff_departments_department on staff_departments (department);

create table sessions (
  id         text primary key,
  digest     blob not null,                     -- SHA-256 of the secret half of the cookie
  staff      integer not null references staff (id) on delete cascade,
  created_at integer not null,
  last_seen  integer not null,
  address    text not null,
  agent      text not null
) strict, without rowid;
create index sessions_staff on sessions (staff, last_seen);

create table tokens (
  id         integer primary key,
  name       text not null unique,
  digest     blob not null unique,
  role       text not null check (role in ('admin', 'operator', 'department', 'auditor')),
  department integer references departments (id) on delete restrict,
  created_at integer not null,
  last_used  integer,
  revoked_at integer,
  held       integer not null default 0 check (held in (0, 1))  -- after a restore, until confirmed
) strict;

-- ---- time -------------------------------------------------------------------------------------
create table hours (
  scope    text not null,                       -- 'desk' | 'department:<id>'
  weekday  integer not null check (weekday between 0 and 6),
  from_min integer not null check (from_min between 0 and 1440),
  to_min   integer not null check (to_min between 0 and 1440 and to_min > from_min),
  primary key (scope, weekday, from_min)
) strict, without rowid;

create table hour_exceptions (
  id       integer primary key,
  scope    text not null,                       -- 'desk' | 'department:<id>'
  date     text not null,
  closed   integer not null check (closed in (0, 1)),
  from_min integer,
  to_min   integer,
  name     text not null,
  entered_at integer not null,
  entered_by text not null
) strict;
create index hour_exceptions_date on hour_exceptions (scope, date);

create table holidays (
  date       text not null,
  name       text not null,
  kind       text not null check (kind in ('public', 'substitute', 'election', 'temporary', 'removed')),
  source     text not null,
  entered_at integer not null,
  entered_by text not null,
  primary key (date, name)
) strict, without rowid;

create table occurrences (
  job           text not null,
  scheduled_for integer not null,
  outcome       text not null check (outcome in ('running', 'done', 'failed', 'missed', 'skipped')),
  started_at    integer,
  ended_at      integer,
  detail        text not null default '',
  primary key (job, scheduled_for)
) strict, without rowid;

-- ---- citizens ---------------------------------------------------------------------------------
-- A citizen is the thread.
create table citizens (
  id            integer primary key,
  name          text not null default '',
  created_at    integer not null,
  privacy_told  integer,                        -- when the privacy notice was first linked
  mask_told     integer,                        -- when told not to send resident numbers
  blocked_at    integer,
  blocked_until integer,
  blocked_by    text,
  block_reason  text,
  minute_at     integer not null default 0,     -- RULES B7: messages of the running minute and day
  minute_count  integer not null default 0,
  day_on        text not null default '',
  day_count     integer not null default 0
) strict;

create table identities (
  id              integer primary key,
  citizen         integer not null references citizens (id) on delete cascade,
  channel         text not null check (channel in ('bot', 'consult', 'web')),
  scope           text not null,                -- exact bot id or sender key
  key             text not null,
  plusfriend_key  text not null default '',
  app_user_id     text not null default '',
  friend          integer check (friend in (0, 1)),   -- null: never told
  friend_at       integer,
  event_off_since integer,
  blocked_at      integer,
  unique (channel, scope, key)
) strict;
create index identities_citizen on identities (citizen);
create index identities_app_user on identities (app_user_id) where app_user_id <> '';

create table contacts (
  citizen        integer primary key references citizens (id) on delete cascade,
  name           text not null default '',
  phone          text not null default '',
  address        text not null default '',
  consent_for    text not null default '',
  consent_at     integer,
  verified_at    integer
) strict;

-- ---- cases ------------------------------------------------------------------------------------
create table categories (
  id         integer primary key,
  code       text not null unique,
  name       text not null,
  department integer references departments (id) on delete restrict,
  kind       text not null default 'other'
             check (kind in ('other', 'inquiry_law', 'inquiry_system', 'suggestion', 'grievance', 'statutory')),
  rule       text not null default '',          -- '' = the kind's own (RULES A7)
  retention  text not null default '3y',
  position   integer not null default 0,
  closed_at  integer
) strict;

create table tickets (
  id              integer primary key,
  number          text unique,                  -- '2026-000123'; null for tests
  citizen         integer not null references citizens (id) on delete restrict,
  channel         text not null check (channel in ('bot', 'consult', 'web', 'phone', 'visit')),
  test            integer not null default 0 check (test in (0, 1)),
  state           text not null check (state in ('waiting', 'open', 'answered', 'review', 'closed')),
  subject         text not null,
  category        integer references categories (id) on delete restrict,
  department      integer references departments (id) on delete restrict,
  assignee        integer references staff (id) on delete set null,
  priority        text not null default 'normal' check (priority in ('low', 'normal', 'high', 'urgent')),
  urgent          integer not null default 0 check (urgent in (0, 1)),
  urgent_on       text not null default '',     -- date of the last help bubble (RULES C4)
  flooded         integer not null default 0 check (flooded in (0, 1)),
  possible_repeat integer not null default 0 check (possible_repeat in (0, 1)),
  round           integer not null default 1,
  kind            text check (kind in ('other', 'inquiry_law', 'inquiry_system', 'suggestion', 'grievance', 'statutory')),
  received_at     integer not null,             -- of the running round
  accepted_at     integer,
  accept_by       integer,
  awaiting_since  integer,
  first_reply_at  integer,
  done_at         integer,
  notified_at     integer,
  closed_at       integer,
  outcome         text,
  snooze_until    integer,
  paused          integer not null default 0 check (paused in (0, 1)),
  take_by         integer,
  taken_at        integer,
  due             integer references dues (id) on delete set null,
  due_at          integer,                      -- instant after which it is overdue; for sorting
  due_text        text,                         -- as RULES H1 writes it
  unread          integer not null default 0,
  preview         text not null default '',
  preview_kind    text not null default '',
  preview_at      integer not null,
  updated_at      integer not null,
  talked_at       integer,                      -- last message a person or a case notice sent (RULES B4)
  citizen_at      integer,                      -- last message of the citizen
  ends_asking     integer not null default 0 check (ends_asking in (0, 1)),  -- our last words end in a question (RULES A6)
  friend_told     integer not null default 0 check (friend_told in (0, 1)),
  photo_asked     integer not null default 0 check (photo_asked in (0, 1)),
  callback_ended  integer not null default 0 check (callback_ended in (0, 1)),
  period_told     text not null default '',     -- closed period whose receipt was given (row 6)
  follow_up_on    text,                         -- period of the queue row while waiting
  check (state not in ('waiting', 'open') or awaiting_since is not null),
  check (state <> 'answered' or awaiting_since is null),
  check (state <> 'review' or department is not null),
  check (state <> 'closed' or (snooze_until is null and paused = 0))
) strict;
create index tickets_citizen on tickets (citizen, id);
create index tickets_state_awaiting on tickets (state, awaiting_since, id) where test = 0;
create index tickets_state_newest on tickets (state, received_at, id) where test = 0;
create index tickets_due on tickets (due_at, id) where due_at is not null and test = 0;
create index tickets_state_due on tickets (state, due_at, id) where due_at is not null and test = 0;
create index tickets_department on tickets (department, state, awaiting_since, id) where department is not null and test = 0;
create index tickets_department_newest on tickets (department, received_at, id) where department is not null and test = 0;
create index tickets_department_received on tickets (department, state, received_at, id) where department is not null and test = 0;
create index tickets_department_due on tickets (department, state, due_at, id) where department is not null and due_at is not null and test = 0;
create index tickets_category on tickets (category, state, received_at, id) where category is not null and test = 0;
create index tickets_urgent on tickets (state, received_at, id) where urgent = 1 and test = 0;
create index tickets_assignee on tickets (assignee, state, awaiting_since, id) where assignee is not null and test = 0;
create index tickets_snooze on tickets (snooze_until) where snooze_until is not null;
create index tickets_accept on tickets (accept_by) where accepted_at is null and accept_by is not null and state <> 'closed';
create index tickets_take on tickets (take_by) where take_by is not null;
create index tickets_test on tickets (state) where test = 1;

create table rounds (
  ticket      integer not null references tickets (id) on delete cascade,
  n           integer not null,
  opened_by   text not null,
  received_at integer not null,
  accepted_at integer,
  kind        text,
  due         integer references dues (id) on delete set null,
  done_at     integer,
  notified_at integer,
  outcome     text,
  primary key (ticket, n)
) strict, without rowid;

create table ticket_links (
  id         integer primary key,
  kind       text not null check (kind in ('split', 'merged', 'duplicate', 'follows')),
  from_ticket integer not null references tickets (id) on delete cascade,
  to_ticket  integer not null references tickets (id) on delete cascade,
  at         integer not null,
  by_who     text not null
) strict;
create index ticket_links_from on ticket_links (from_ticket);
create index ticket_links_to on ticket_links (to_ticket);

create table messages (
  id         integer primary key,
  ticket     integer not null references tickets (id) on delete cascade,
  citizen    integer not null references citizens (id) on delete cascade,
  kind       text not null check (kind in ('citizen', 'reply', 'note', 'auto', 'log')),
  text       text not null,
  at         integer not null,                  -- arrival, or commit for our own
  by_staff   integer references staff (id) on delete set null,
  by_name    text not null default '',
  key        text not null default '',          -- wording key of an auto, transition of a log
  repeats    integer not null default 1,
  seen_by    integer,
  seen_at    integer,
  moved_from integer references tickets (id) on delete set null,
  approval   text check (approval in ('draft', 'asked', 'approved', 'returned')),
  files      integer not null default 0
) strict;
create index messages_ticket on messages (ticket, id);

create table files (
  id         integer primary key,
  ticket     integer not null references tickets (id) on delete cascade,
  message    integer not null references messages (id) on delete cascade,
  name       text not null,
  type       text not null default '',
  size       integer not null default 0,
  sha256     text not null default '',          -- of what came
  state      text not null check (state in ('fetching', 'ready', 'expired', 'refused')),
  reason     text not null default '',
  url        text not null default '',          -- where it is fetched from; emptied when settled
  expires_at integer,
  tries      integer not null default 0,
  next_try   integer,
  taken_at   text not null default '',          -- as the camera wrote it
  width      integer not null default 0,
  height     integer not null default 0,
  path       text not null default '',          -- below data/files
  created_at integer not null
) strict;
create index files_message on files (message);
create index files_fetching on files (next_try) where state = 'fetching';

-- ---- getting out (RULES D) --------------------------------------------------------------------
create table deliveries (
  id         integer primary key,
  message    integer not null references messages (id) on delete cascade,
  ticket     integer not null references tickets (id) on delete cascade,
  citizen    integer not null references citizens (id) on delete cascade,
  class      text not null check (class in ('reply', 'notice', 'line')),
  state      text not null check (state in ('queued', 'sending', 'accepted', 'delivered', 'pickup', 'offered', 'failed', 'unknown', 'cancelled')),
  route      text not null default '' check (route in ('', 'callback', 'consult', 'event', 'alimtalk', 'pickup', 'phone')),
  bubbles    text not null,                     -- JSON array of texts, as the citizen will read them
  count      integer not null,                  -- number of bubbles
  not_before integer,
  expires_at integer,
  due_at     integer not null default 0,        -- when it may go: not_before, or the back-off its citizen shares
  skip       text not null default '',          -- routes that failed for this one, space separated
  attempt    integer references attempts (id) on delete set null,
  offer      integer references offers (id) on delete set null,
  reason     text not null default '',
  created_at integer not null,
  settled_at integer
) strict;
create index deliveries_message on deliveries (message);
create index deliveries_open on deliveries (citizen, id) where state in ('queued', 'sending', 'accepted', 'pickup', 'offered');
create index deliveries_queued on deliveries (due_at, id) where state = 'queued';
create index deliveries_attempt on deliveries (attempt) where attempt is not null;
create index deliveries_offer on deliveries (offer) where offer is not null;
create index deliveries_unfinished on deliveries (state, id) where state not in ('delivered', 'cancelled');
create index deliveries_offered on deliveries (id) where state = 'offered';
create index deliveries_unheard on deliveries (created_at, id) where class = 'notice' and state in ('pickup', 'unknown');
create index deliveries_expiring on deliveries (expires_at) where expires_at is not null and state in ('queued', 'pickup');
create index deliveries_lines on deliveries (ticket) where class = 'line' and state = 'queued';

create table attempts (
  id         integer primary key,
  uid        text not null unique,              -- 128 bit; what the event carries
  citizen    integer not null references citizens (id) on delete cascade,
  route      text not null check (route in ('callback', 'consult', 'event', 'alimtalk')),
  scope      text not null default '',          -- bot
  target     text not null default '',          -- user key or callback url
  state      text not null check (state in ('sending', 'accepted', 'done')),
  outcome    text not null default '',
  reason     text not null default '',
  try        integer not null default 1,
  at         integer not null,
  lease      integer not null,                  -- a sender owns it until then
  next_at    integer,                           -- next try, poll or decision
  task       text not null default '',
  polls      integer not null default 0,
  called_at  integer,                           -- its skill call came
  ended_at   integer
) strict;
create unique index attempts_in_flight on attempts (citizen) where state <> 'done';
create index attempts_next on attempts (next_at) where state <> 'done';

create table attempt_deliveries (
  attempt  integer not null references attempts (id) on delete cascade,
  delivery integer not null references deliveries (id) on delete cascade,
  outcome  text not null default '',
  reason   text not null default '',
  at       integer,
  primary key (attempt, delivery)
) strict, without rowid;
create index attempt_deliveries_delivery on attempt_deliveries (delivery);

create table offers (
  id       integer primary key,
  citizen  integer not null references citizens (id) on delete cascade,
  request  text not null,
  attempt  integer references attempts (id) on delete set null,
  state    text not null check (state in ('open', 'delivered', 'returned', 'unknown')),
  at       integer not null,
  settled_at integer
) strict;
create index offers_open on offers (citizen) where state = 'open';
create index offers_attempt on offers (attempt) where attempt is not null;

create table callbacks (
  id       integer primary key,
  url      text not null,
  citizen  integer not null references citizens (id) on delete cascade,
  ticket   integer not null references tickets (id) on delete cascade,
  from_at  integer not null,
  until_at integer not null,
  attempt  integer references attempts (id) on delete set null,
  end_line integer not null default 0 check (end_line in (0, 1)),
  ended_at integer
) strict;
create index callbacks_open on callbacks (citizen) where ended_at is null;
create index callbacks_ending on callbacks (until_at) where ended_at is null and attempt is null;
create index callbacks_attempt on callbacks (attempt) where attempt is not null;

create table route_pauses (
  route    text primary key,
  failures integer not null default 0,
  until    integer,
  reason   text not null default ''
) strict, without rowid;

create table call_tasks (
  id         integer primary key,
  ticket     integer not null references tickets (id) on delete cascade,
  delivery   integer references deliveries (id) on delete set null,
  reason     text not null,
  created_at integer not null,
  done_at    integer,
  done_by    text
) strict;
create index call_tasks_open on call_tasks (created_at) where done_at is null;
create index call_tasks_delivery on call_tasks (delivery) where delivery is not null;
create index call_tasks_ticket on call_tasks (ticket) where done_at is null;

-- ---- closed hours -----------------------------------------------------------------------------
create table queue_items (
  period      text not null,                    -- date of the opening that ends the closed period
  ticket      integer not null references tickets (id) on delete cascade,
  queued_at   integer not null,
  promised_at integer not null,
  outcome     text check (outcome in ('followed', 'wrote', 'answered', 'closed')),
  worked_at   integer,
  delivery    integer references deliveries (id) on delete set null,
  primary key (period, ticket)
) strict, without rowid;
create index queue_items_open on queue_items (ticket) where outcome is null;

-- ---- departments and legal clocks -------------------------------------------------------------
create table transfers (
  id          integer primary key,
  ticket      integer not null references tickets (id) on delete cascade,
  from_department integer references departments (id) on delete restrict,
  to_department   integer references departments (id) on delete restrict,
  agency      text not null default '',
  reason      text not null,
  by_who      text not null,
  sent_at     integer not null,
  taken_at    integer,
  returned_at integer,
  limit_at    integer
) strict;
create index transfers_ticket on transfers (ticket, id);

create table dues (
  id           integer primary key,
  ticket       integer not null references tickets (id) on delete cascade,
  round        integer not null,
  rule         text not null,
  inputs       text not null,                   -- JSON: accepted_at, exclusions, extensions
  result       text not null,                   -- as RULES H1 writes it
  steps        text not null,                   -- JSON
  calendar     integer not null,                -- version of the calendar it was computed with
  computed_at  integer not null,
  announced_at integer
) strict;
create index dues_ticket on dues (ticket, id);

create table pauses (
  id      integer primary key,
  ticket  integer not null references tickets (id) on delete cascade,
  round   integer not null,
  kind    text not null,
  from_on text not null,
  to_on   text,
  reason  text not null default '',
  by_who  text not null
) strict;
create index pauses_ticket on pauses (ticket);

create table extensions (
  id         integer primary key,
  ticket     integer not null references tickets (id) on delete cascade,
  round      integer not null,
  ground     text not null check (ground in ('coop', 'site', 'force', 'similar')),
  reason     text not null,
  days       integer not null,
  until_on   text not null,
  consent_at integer,
  at         integer not null,
  by_who     text not null
) strict;
create index extensions_ticket on extensions (ticket);

create table commitments (
  id       integer primary key,
  ticket   integer not null references tickets (id) on delete cascade,
  message  integer references messages (id) on delete set null,
  due_on   text not null,
  text     text not null,
  made_at  integer not null,
  made_by  text not null,
  kept_at  integer,
  slipped_at integer
) strict;
create index commitments_open on commitments (due_on) where kept_at is null;

create table case_links (
  ticket     integer not null references tickets (id) on delete cascade,
  generation integer not null,
  digest     blob not null unique,
  ends_at    integer,
  revoked_at integer,
  primary key (ticket, generation)
) strict, without rowid;

create table legal_holds (
  id      integer primary key,
  ticket  integer not null references tickets (id) on delete restrict,
  reason  text not null,
  by_who  text not null,
  at      integer not null,
  ended_at integer
) strict;

-- ---- intake -----------------------------------------------------------------------------------
-- What came, masked, with the answer it got; a repeat of the same request gets the same bytes (RULES B1).
create table journal (
  id          integer primary key,
  at          integer not null,
  identity    integer references identities (id) on delete cascade,
  request     text not null,                    -- X-Request-Id
  fingerprint blob not null,                    -- block, utterance, extra, params, media
  message     integer references messages (id) on delete set null,
  body        blob not null,
  answer      blob not null
) strict;
create index journal_identity on journal (identity, id);

create table quarantine (
  id         integer primary key,
  at         integer not null,
  reason     text not null,                     -- unreadable, failed, wrong_bot …
  detail     text not null default '',
  request    text not null default '',
  body       blob not null,
  handled_at integer,
  handled_by text,
  message    integer references messages (id) on delete set null
) strict;
create index quarantine_open on quarantine (at) where handled_at is null;

create table idempotency (
  scope  text not null,                         -- token and path
  key    text not null,
  digest blob not null,
  status integer not null,
  body   blob not null,
  at     integer not null,
  primary key (scope, key)
) strict, without rowid;
create index idempotency_at on idempotency (at);

-- ---- the operators' words ---------------------------------------------------------------------
create table canned (
  id         integer primary key,
  scope      text not null default 'all',       -- all | department:<id> | staff:<id>
  folder     text not null default '',
  title      text not null,
  body       text not null,
  used       integer not null default 0,
  changed_at integer not null,
  changed_by text not null
) strict;

create table drafts (
  staff    integer not null references staff (id) on delete cascade,
  ticket   integer not null references tickets (id) on delete cascade,
  kind     text not null check (kind in ('reply', 'note')),
  text     text not null,
  saved_at integer not null,
  primary key (staff, ticket, kind)
) strict, without rowid;

-- ---- evidence ---------------------------------------------------------------------------------
-- Rows hold ids, field names and digests, never words (RULES G4).
create table access (
  id       integer primary key,
  at       integer not null,
  who      text not null,
  staff    integer,
  address  text not null,
  action   text not null,
  citizens text not null,                       -- JSON array of citizen ids
  detail   text not null default '',
  hash     blob
) strict;
create index access_at on access (at);

create table audit (
  id      integer primary key,
  at      integer not null,
  who     text not null,
  staff   integer,
  address text not null default '',
  action  text not null,
  ticket  integer,
  object  text not null default '',
  detail  text not null default '',
  hash    blob
) strict;
create index audit_ticket on audit (ticket, id) where ticket is not null;
create index audit_at on audit (at);

-- What the search index has still to learn (RULES G3).
create table changes (
  seq     integer primary key autoincrement,
  message integer not null,
  op      text not null check (op in ('add', 'move', 'mask', 'erase'))
) strict;
