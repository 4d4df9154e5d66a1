-- What columns of each type show of a document, and what they write.
CREATE SCHEMA types;
SET search_path = types;
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'ISO';
SET extra_float_digits = 1;
SET bytea_output = 'hex';
\set VERBOSITY terse

-- One field, under every type at once: `path 'v'` may be named by one column of a table only, so
-- there is a table for each type over one collection.
CREATE FOREIGN TABLE docs (_id int, _doc jsonb) SERVER quire;
CREATE FUNCTION declare_each() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  type text;
BEGIN
  FOREACH type IN ARRAY '{int2,int4,int8,float4,float8,numeric,numeric(5\,2),bool,text,varchar(3),
      char(5),bytea,uuid,date,timestamp,timestamp(1),timestamptz,json,jsonb,int4[],text[],
      float8[],uuid[],bool[],numeric[],jsonb[],date[]}'::text[] LOOP
    EXECUTE format('CREATE FOREIGN TABLE %I (_id int, v %s) SERVER quire '
                   'OPTIONS (collection ''docs'')', 'v ' || trim(type), type);
  END LOOP;
END $$;
SELECT declare_each();

-- Prints which types show the value of a document, and as what.
CREATE FUNCTION shown(document jsonb) RETURNS TABLE (type text, shown text) LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  DELETE FROM docs;
  INSERT INTO docs VALUES (1, document);
  FOR name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'types'::regnamespace
      AND c.relname LIKE 'v %' ORDER BY c.oid LOOP
    type := substr(name, 3);
    EXECUTE format('SELECT v::text FROM %I', name) INTO shown;
    IF shown IS NOT NULL THEN
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;

SELECT * FROM shown('{"v": 12}');
SELECT * FROM shown('{"v": -12.50}');
SELECT * FROM shown('{"v": 12.0}');
SELECT * FROM shown('{"v": 3e9}');
SELECT * FROM shown('{"v": 0.1}');
SELECT * FROM shown('{"v": 1234.565}');
SELECT * FROM shown('{"v": 99999999999999999999}');
SELECT * FROM shown('{"v": 1e400}') WHERE type NOT IN ('text', 'json', 'jsonb', 'numeric');
SELECT * FROM shown('{"v": true}');
SELECT * FROM shown('{"v": null}');
SELECT * FROM shown('{}');
SELECT * FROM shown('{"v": ""}');
SELECT * FROM shown('{"v": "abc"}');
SELECT * FROM shown('{"v": "naïf"}');
SELECT * FROM shown('{"v": "007"}');
SELECT * FROM shown('{"v": " 7"}');
SELECT * FROM shown('{"v": "1e2"}');
SELECT * FROM shown('{"v": "NaN"}');
SELECT * FROM shown('{"v": "-Infinity"}');
SELECT * FROM shown('{"v": "true"}');
SELECT * FROM shown('{"v": "t"}');
SELECT * FROM shown('{"v": "\\x00ff"}');
SELECT * FROM shown('{"v": "\\x0"}');
SELECT * FROM shown('{"v": "0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11"}');
SELECT * FROM shown('{"v": "0e3d1c5a5b8f7c3e9a1b2f6d4c8e0a11"}');
SELECT * FROM shown('{"v": "2024-02-29"}');
SELECT * FROM shown('{"v": "2023-02-29"}');
SELECT * FROM shown('{"v": "2024-02-29T12:30:00"}');
SELECT * FROM shown('{"v": "2024-02-29T12:30:00.123456"}');
SELECT * FROM shown('{"v": "2024-02-29T12:30:00Z"}');
SELECT * FROM shown('{"v": "2024-02-29T12:30:00+05:30"}');
SELECT * FROM shown('{"v": "infinity"}');
SELECT * FROM shown('{"v": "yesterday"}');
SELECT * FROM shown('{"v": {"a": [1, "x\ny", null]}}');
SELECT * FROM shown('{"v": []}');
SELECT * FROM shown('{"v": [1, 2, null]}');
SELECT * FROM shown('{"v": [null]}');
SELECT * FROM shown('{"v": ["1", "x"]}');
SELECT * FROM shown('{"v": [[1], [2]]}');

-- What a column writes: the document, and whether the column shows it again.
CREATE FUNCTION written(type text, literal text) RETURNS TABLE (document jsonb, shows bool)
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM docs;
  EXECUTE format('INSERT INTO %I VALUES (1, %L)', 'v ' || type, literal);
  RETURN QUERY EXECUTE format(
    'SELECT d._doc, v.v::text = (%L::%s)::text FROM docs d, %I v', literal, type, 'v ' || type);
END $$;
SELECT w.type, w.literal, left(x.document::text, 70) AS document, x.shows FROM (VALUES
  ('int2', '-32768'), ('int4', '2147483647'), ('int8', '-9223372036854775808'),
  ('float4', '0.1'), ('float4', '3.4028235e38'), ('float4', 'NaN'), ('float8', '0.1'),
  ('float8', '1e308'), ('float8', '-5e-324'), ('float8', '-Infinity'), ('float8', '1e15'),
  ('numeric', '0.10'), ('numeric', '123456789012345678901234567890.5'), ('numeric', 'NaN'),
  ('numeric', 'Infinity'), ('numeric(5,2)', '999.994'), ('bool', 'yes'), ('text', 'a"\b'),
  ('varchar(3)', 'abc'), ('char(5)', 'ab'), ('bytea', '\x00ff'), ('bytea', ''),
  ('uuid', '0E3D1C5A-5B8F-7C3E-9A1B-2F6D4C8E0A11'), ('date', '2024-02-29'),
  ('date', '0044-03-15 BC'), ('date', 'infinity'), ('date', '5874897-12-31'),
  ('timestamp', '2024-02-29 12:30:00.5'), ('timestamp', '-infinity'),
  ('timestamp', '0001-01-01 00:00 BC'), ('timestamp(1)', '2024-02-29 12:30:00.56'),
  ('timestamptz', '2024-02-29 12:30:00.000001+02'), ('timestamptz', 'infinity'),
  ('json', '{"b": 1, "a": [true]}'), ('jsonb', '{"b": 1.50, "a": "x"}'), ('jsonb', 'null'),
  ('int4[]', '{}'), ('int4[]', '{1,NULL,-3}'), ('text[]', '{"a b",NULL,"{}"}'),
  ('float8[]', '{1.5,NaN}'), ('uuid[]', '{0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11}'),
  ('bool[]', '{t,f,NULL}'), ('numeric[]', '{1.10,NaN,1e20}'), ('jsonb[]', '{"{\"a\": 1}",null}'),
  ('date[]', '{2024-02-29,infinity}')) AS w (type, literal),
  LATERAL written(w.type, w.literal) AS x;
INSERT INTO "v int4[]" VALUES (2, '{{1,2},{3,4}}');

-- Nothing depends on the session.
SELECT * FROM shown('{"v": "2024-02-29T12:30:00"}');
SET datestyle = 'German';
SET timezone = 'UTC';
SET intervalstyle = 'sql_standard';
SET bytea_output = 'escape';
SET lc_numeric = 'C';
SELECT * FROM shown('{"v": "2024-02-29T12:30:00"}') WHERE type = 'text';
SELECT w.*, x.* FROM (VALUES ('date', '29.02.2024'), ('timestamp', '29.02.2024 12:30:00'),
  ('timestamptz', '29.02.2024 12:30:00'), ('bytea', 'abc')) AS w (type, literal),
  LATERAL written(w.type, w.literal) AS x;
RESET datestyle;

-- Domains are their base types, and are checked where values come in.
CREATE DOMAIN age AS int CHECK (VALUE >= 0);
CREATE DOMAIN tags AS text[] NOT NULL;
CREATE FOREIGN TABLE domains (_id int, v age, w tags) SERVER quire OPTIONS (collection 'docs');
DELETE FROM docs;
INSERT INTO domains VALUES (1, 5, '{a}');
INSERT INTO domains VALUES (2, -5, '{a}');
SELECT d.*, pg_typeof(v) FROM domains d;

-- A column that is not there, or not shown, sorts and compares as NULL.
INSERT INTO docs VALUES (3, '{"v": "x"}'), (4, '{"v": 7}'), (5, '{}'), (6, '{"v": "6"}');
SELECT * FROM "v int4" ORDER BY v NULLS FIRST, _id;
SELECT _id FROM "v int4" WHERE v IS NULL ORDER BY 1;
SELECT sum(v), count(v), count(*), max(v) FROM "v int4";

-- strict refuses to leave something unshown.
CREATE FOREIGN TABLE picky (_id int, v int, w text OPTIONS (path 'a.b'), _doc jsonb) SERVER quire
  OPTIONS (collection 'docs', strict 'true');
\set VERBOSITY default
INSERT INTO picky (_id, _doc) VALUES (10, '{"v": "x"}');
INSERT INTO picky (_id, _doc) VALUES (10, '{"v": [1]}');
INSERT INTO picky (_id, _doc) VALUES (10, '{"v": null, "other": [1]}');
UPDATE picky SET _doc = '{"v": 1.5}' WHERE _id = 10;
UPDATE picky SET w = 'fine' WHERE _id = 10 RETURNING *;
UPDATE picky SET w = 'not fine' WHERE _id = 3;

SET client_min_messages = warning;
DROP SCHEMA types CASCADE;
