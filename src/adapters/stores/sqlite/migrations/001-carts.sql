-- A cart is one row for itself, with product_id '', and one for each of its lines, side by side: a
-- change of a cart writes one page where two tables wrote two. A line is a product with its attributes
-- (canonical JSON); the primary key keeps it unique. Rows are too large for a table without rowid: its
-- inner pages held five of them, so that 100,000 carts were seven pages deep.
create table cart_rows (
  user_id      text    not null,
  product_id   text    not null,
  attributes   text    not null,
  -- Of the cart:
  version      integer,
  revision     integer,
  departing    integer,
  -- Of a line:
  item_id      text,
  name         text,
  quantity     integer check (quantity > 0),
  -- Minor units, as the catalogue had it.
  unit_price   integer,
  currency     text,
  reservations text,
  older        text,
  -- Of both; when a line was added, when a cart was first written:
  created_at   integer not null,
  updated_at   integer not null,
  primary key (user_id, product_id, attributes),
  check ((revision is null) = (product_id <> '')),
  check ((quantity is null) = (product_id = ''))
) strict;

-- What readers may rely on while the service runs.
create view cart_items as
  select user_id, product_id, quantity, item_id, name, attributes, unit_price, currency,
    created_at as added_at, updated_at
  from cart_rows where product_id <> '';

-- Settled reservations beyond the latest of an item (JSON).
create table older_reservations (
  user_id     text not null,
  item_id     text not null,
  key         text not null,
  reservation text not null,
  primary key (user_id, item_id, key)
) without rowid, strict;

-- Reservations that left their item and are not settled outside.
create table departing (
  user_id  text    not null,
  key      text    not null,
  item_id  text    not null,
  quantity integer not null,
  state    text    not null check (state in ('cancelled', 'releasing')),
  hold_id  text,
  since    integer not null,
  primary key (user_id, key)
) without rowid, strict;

-- In order of writing by rowid, so that sweeping starts at the oldest without an index of its own.
create table journal (
  cart_id      text    not null,
  revision     integer not null,
  place        integer not null,
  version      integer not null,
  type         text    not null,
  data         text    not null,
  actor        text    not null,
  at           integer not null,
  published_at integer,
  unique (cart_id, revision, place)
) strict;

create table answers (
  cart_id     text    not null,
  caller      text    not null,
  key         text    not null,
  fingerprint text    not null,
  status      integer not null,
  headers     text    not null,
  body        text    not null,
  at          integer not null,
  unique (cart_id, key, caller)
) strict;

create table jobs (
  id            text    not null primary key,
  kind          text    not null check (kind in ('reserve', 'cancel', 'release')),
  key           text    not null,
  cart_id       text    not null,
  item_id       text    not null,
  product_id    text    not null,
  quantity      integer not null,
  hold_id       text,
  created_at    integer not null,
  due_at        integer not null,
  attempts      integer not null default 0,
  unknown_at    integer,
  last_error    text,
  leased_by     text,
  buried_at     integer
) without rowid, strict;

-- Claiming reads the oldest due jobs that nobody has: exactly this index, from its start.
create index jobs_due on jobs (due_at, id) where leased_by is null and buried_at is null;
-- Taking jobs back from a dead worker; small, a row only while a call is open.
create index jobs_leased on jobs (leased_by) where leased_by is not null;
create index jobs_buried on jobs (id) where buried_at is not null;

create table workers (
  worker_id text    not null primary key,
  beat_at   integer not null
) without rowid, strict;
