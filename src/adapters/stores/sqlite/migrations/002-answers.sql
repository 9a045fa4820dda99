-- One name for whose cart it is, in every table; and an order is a position.
alter table journal rename column cart_id to user_id;
alter table journal rename column place to position;

-- Of a keyed request its effect is kept, and the text of its answer; HTTP makes its headers from these.
create table kept_answers (
  version     integer not null,
  revision    integer not null,
  at          integer not null,
  user_id     text    not null,
  caller      text    not null,
  key         text    not null,
  fingerprint text    not null,
  item_id     text,
  -- Which encoder made the text.
  form        text,
  text        text,
  unique (user_id, key, caller)
) strict;

-- The entity tag is "version.revision"; the item is the last step of the location.
insert into kept_answers (version, revision, at, user_id, caller, key, fingerprint, item_id, form, text)
  select cast(substr(tag, 1, instr(tag, '.') - 1) as integer),
    cast(substr(tag, instr(tag, '.') + 1) as integer),
    at, cart_id, caller, key, fingerprint,
    substr(location, length(rtrim(location, replace(location, '/', ''))) + 1),
    case when body = '' then null when minimal is null then 'cart' else 'minimal' end,
    nullif(body, '')
  from (select *, trim(headers ->> '$.etag', '"') as tag, headers ->> '$.location' as location,
      headers ->> '$."preference-applied"' as minimal
    from answers order by rowid);

drop table answers;
alter table kept_answers rename to answers;

-- A job of a kind has what the kind needs, whichever program writes the row.
create table checked_jobs (
  id            text    not null primary key,
  kind          text    not null check (kind in ('reserve', 'cancel', 'release')),
  key           text    not null,
  user_id       text    not null,
  item_id       text    not null,
  product_id    text    not null check ((kind = 'release') = (product_id = '')),
  quantity      integer not null,
  hold_id       text    check ((kind = 'release') = (hold_id is not null)),
  created_at    integer not null,
  due_at        integer not null,
  attempts      integer not null default 0,
  unknown_at    integer,
  last_error    text,
  leased_by     text,
  buried_at     integer
) without rowid, strict;
insert into checked_jobs select * from jobs;
drop table jobs;
alter table checked_jobs rename to jobs;

-- Claiming reads the oldest due jobs that no worker has: exactly this index, from its start.
create index jobs_due on jobs (due_at, id) where leased_by is null and buried_at is null;
-- Taking jobs back from a dead worker; small, a row only while a call is open.
create index jobs_leased on jobs (leased_by) where leased_by is not null;
create index jobs_buried on jobs (id) where buried_at is not null;
