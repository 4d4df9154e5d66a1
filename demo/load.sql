-- Three collections out of Debian's iso-codes: countries, their subdivisions, and languages.
-- :iso is the folder of the files; each of them is one object that holds one array.

\echo
\echo 'The extension, and three foreign tables: each is a view of a collection, each column a path.'
\echo
CREATE EXTENSION quire;

CREATE FOREIGN TABLE countries (
  _id      text NOT NULL,
  name     text,
  flag     text,
  capital  text OPTIONS (path 'facts.capital'),
  _doc     jsonb,
  _version bigint
) SERVER quire;

CREATE FOREIGN TABLE subdivisions (
  _id      text NOT NULL,
  name     text,
  country  text,
  type     text,
  parent   text,
  _doc     jsonb
) SERVER quire;

CREATE FOREIGN TABLE languages (
  _id      text NOT NULL,
  name     text,
  scope    text,
  kind     text OPTIONS (path 'type'),
  _doc     jsonb
) SERVER quire;

\echo
\echo '1. Load whole documents; the key comes from the document.'
\echo
\timing on
INSERT INTO countries (_id, _doc)
  SELECT d ->> 'alpha_2', d
    FROM jsonb_array_elements(pg_read_file(:'iso' || '/iso_3166-1.json')::jsonb -> '3166-1') AS d;

INSERT INTO subdivisions (_id, country, _doc)
  SELECT d ->> 'code', split_part(d ->> 'code', '-', 1), d
    FROM jsonb_array_elements(pg_read_file(:'iso' || '/iso_3166-2.json')::jsonb -> '3166-2') AS d;

INSERT INTO languages (_id, _doc)
  SELECT d ->> 'alpha_3', d
    FROM jsonb_array_elements(pg_read_file(:'iso' || '/iso_639-3.json')::jsonb -> '639-3') AS d;
