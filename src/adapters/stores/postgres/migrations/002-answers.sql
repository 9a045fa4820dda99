-- runs with: 2
-- One name for whose cart it is, in every table; and an order is a position.
alter table journal rename column cart_id to user_id;
alter table journal rename column place to position;
alter table jobs rename column cart_id to user_id;

-- Of a keyed request its effect is kept, and the text of its answer; HTTP makes its headers from these.
alter table answers rename column cart_id to user_id;
alter table answers rename column body to text;
alter table answers
  add column version bigint,
  add column revision bigint,
  add column item_id text collate "C",
  -- Which encoder made the text.
  add column form text,
  alter column text drop not null;

-- The entity tag is "version.revision"; the item is the last step of the location.
update answers set
  version = substring(headers::json ->> 'etag' from '"(\d+)\.')::bigint,
  revision = substring(headers::json ->> 'etag' from '\.(\d+)"')::bigint,
  item_id = substring(headers::json ->> 'location' from '[^/]+$'),
  form = case when text = '' then null
    when headers::json ->> 'preference-applied' is null then 'cart' else 'minimal' end,
  text = nullif(text, '');

alter table answers
  drop column status,
  drop column headers,
  alter column version set not null,
  alter column revision set not null;

-- A job of a kind has what the kind needs, whichever program writes the row; and so has what departs.
alter table jobs
  add check ((kind = 'release') = (product_id = '')),
  add check ((kind = 'release') = (hold_id is not null));
alter table departing
  add check ((state = 'releasing') = (hold_id is not null));
