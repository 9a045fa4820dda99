-- runs with: 1
-- Keys are compared as bytes ("C"), as the service compares them. Times are epoch milliseconds. Pages of
-- tables whose rows change in place are not filled, so that the new version of a row finds room beside
-- the old one and no index changes.
create table carts (
  user_id    text   collate "C" primary key,
  version    bigint not null,
  revision   bigint not null,
  created_at bigint not null,
  updated_at bigint not null
) with (fillfactor = 70);

-- A line is a product with its attributes; the hash of '{}' is ''.
create table cart_items (
  user_id         text    collate "C" not null,
  product_id      text    collate "C" not null,
  attributes_hash text    collate "C" not null,
  quantity        integer not null check (quantity > 0),
  item_id         text    collate "C" not null,
  name            text,
  -- Minor units, as the catalogue had it.
  unit_price      bigint,
  currency        text,
  attributes      text    not null,
  reservations    text    not null,
  older           text,
  added_at        bigint  not null,
  updated_at      bigint  not null,
  primary key (user_id, product_id, attributes_hash)
) with (fillfactor = 70);

-- Settled reservations beyond the latest of an item (JSON).
create table older_reservations (
  user_id     text collate "C" not null,
  item_id     text collate "C" not null,
  key         text collate "C" not null,
  reservation text not null,
  primary key (user_id, item_id, key)
);

-- Reservations that left their item and are not settled outside.
create table departing (
  user_id  text    collate "C" not null,
  key      text    collate "C" not null,
  item_id  text    collate "C" not null,
  quantity integer not null,
  state    text    not null check (state in ('cancelled', 'releasing')),
  hold_id  text,
  since    bigint  not null,
  primary key (user_id, key)
);

create table journal (
  cart_id      text    collate "C" not null,
  revision     bigint  not null,
  place        integer not null,
  version      bigint  not null,
  type         text    not null,
  data         text    not null,
  actor        text    not null,
  at           bigint  not null,
  published_at bigint,
  primary key (cart_id, revision, place)
);
create index journal_unpublished on journal (cart_id, revision, place) where published_at is null;
-- Rows lie in the order of their time, so a summary of each block range finds the old ones.
create index journal_at on journal using brin (at) with (autosummarize = on);

create table answers (
  cart_id     text    collate "C" not null,
  key         text    collate "C" not null,
  caller      text    collate "C" not null,
  fingerprint text    not null,
  status      integer not null,
  headers     text    not null,
  body        text    not null,
  at          bigint  not null,
  primary key (cart_id, key, caller)
);
create index answers_at on answers using brin (at) with (autosummarize = on);

-- Its rows live for a call: dead ones are many, and a claim reads over them.
create table jobs (
  id         text    collate "C" primary key,
  kind       text    not null check (kind in ('reserve', 'cancel', 'release')),
  key        text    collate "C" not null,
  cart_id    text    collate "C" not null,
  item_id    text    collate "C" not null,
  product_id text    not null,
  quantity   integer not null,
  hold_id    text,
  created_at bigint  not null,
  due_at     bigint  not null,
  attempts   integer not null default 0,
  unknown_at bigint,
  last_error text,
  leased_by  text    collate "C",
  handed_at  bigint,
  buried_at  bigint
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index jobs_due on jobs (due_at, id)
  where leased_by is null and buried_at is null and handed_at is null;
create index jobs_handed on jobs (handed_at) where handed_at is not null;
create index jobs_leased on jobs (leased_by) where leased_by is not null;
create index jobs_buried on jobs (id) where buried_at is not null;

create table workers (
  worker_id text   collate "C" primary key,
  beat_at   bigint not null
);
