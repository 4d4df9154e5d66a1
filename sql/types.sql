-- What columns of each type show of a document, and what they write. One collection has a table for
-- each type, which no twin has: they are compared with the rules that twins are made of.
\getenv source PG_ABS_SRCDIR
\i :source/sql/twin/harness.sql
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

-- A document for each form that a value can have.
INSERT INTO docs SELECT n, jsonb_build_object('v', v::jsonb) FROM unnest(ARRAY[
  '12', '-12.50', '12.0', '3e9', '0.1', '-0.0', '1234.565', '999.994', '999.995', '1e2', '1e-2',
  '32767', '32768', '-32768', '-32769', '2147483647', '2147483648', '-2147483648', '-2147483649',
  '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809',
  '9007199254740993', '16777217', '0.30000000000000004', '99999999999999999999', '1e22', '1e23',
  '1e38', '3.4028235e38', '3.4028236e38', '1e39', '1.7976931348623157e308', '1.8e308', '1e400',
  '-1e400', '5e-324', '1e-324', '1e-400', '-1e-400', '1e-45', '1e-46', '1.401298464324817e-45',
  '123456789012345678901234567890.123456789', '1.100000023841857910156250000001',
  'true', 'false', 'null', '""', '"abc"', '"abcd"', '"naïf"', '"naïve café"', '"  "', '"ab   "',
  '"007"', '"-7"', '"+7"', '"-0"', '" 7"', '"7 "', '"7\\n"', '"7.0"', '"7."', '".5"', '"."', '"-"',
  '"1e2"', '"1E+2"', '"1e-2"', '"1e"', '"e2"', '"1e400"', '"1e-400"', '"1_000"', '"0x10"', '"1,5"',
  '"12345678901234567890"', '"00000000000000000000000000000000000000000000000000000000000000007"',
  '"NaN"', '"nan"', '"Infinity"', '"-Infinity"', '"+Infinity"', '"inf"', '"infinity"',
  '"-infinity"',
  '"true"', '"false"', '"True"', '"t"', '"yes"', '"1"', '"0"',
  '"\\x"', '"\\x00ff"', '"\\x00Ff"', '"\\x0"', '"\\x0g"', '"\\X00"', '"x00"',
  '"0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11"', '"0E3D1C5A-5B8F-7C3E-9A1B-2F6D4C8E0A11"',
  '"0e3d1c5a5b8f7c3e9a1b2f6d4c8e0a11"', '"{0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11}"',
  '"0e3d1c5a-5b8f-7c3e-9a1b2-f6d4c8e0a11"', '"0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a1"',
  '"2024-02-29"', '"2023-02-29"', '"1900-02-29"', '"2000-02-29"', '"2024-04-31"', '"2024-13-01"',
  '"2024-00-10"', '"2024-2-9"', '"24-02-29"', '"0000-01-01"', '"0001-01-01"', '"0044-03-15 BC"',
  '"0005-02-29 BC"', '"0004-02-29 BC"', '"4714-11-24 BC"', '"4714-11-23 BC"', '"12024-02-29"',
  '"294276-12-31"', '"294277-01-01"', '"5874897-12-31"', '"5874898-01-01"', '"20240229"',
  '"2024-02-29T12:30:00"', '"2024-02-29 12:30:00"', '"2024-02-29t12:30"', '"2024-02-29T12"',
  '"2024-02-29T12:30:00.5"', '"2024-02-29T12:30:00.123456"', '"2024-02-29T12:30:00.1234567"',
  '"2024-02-29T23:59:59.9999999"', '"2024-02-29T12:30:00.55"', '"2024-02-29T12:30:60"',
  '"2024-02-29T24:00:00"', '"2024-02-29T24:00:01"', '"2024-02-29T00:00:00"', '"2024-02-29T00:00"',
  '"2024-02-29  12:30:00"', '"2024-02-29T12:30:00 "', '"2024-02-29T12:30:00,5"',
  '"2024-02-29T12:30:00Z"', '"2024-02-29T12:30:00z"', '"2024-02-29T12:30Z"', '"2024-02-29Z"',
  '"2024-02-29T12:30:00+05:30"', '"2024-02-29T12:30:00-0530"', '"2024-02-29T12:30:00+05"',
  '"2024-02-29T12:30:00.999+05:30:15"', '"2024-02-29T12:30:00+5"', '"2024-02-29T12:30:00+16"',
  '"2024-02-29T12:30:00+05:60"', '"2024-02-29T12:30:00 Z"', '"2024-02-29T12:30:00 UTC"',
  '"2024-02-29T12:30:00 Asia/Kathmandu"', '"0044-03-15T12:00:00Z BC"', '"yesterday"', '"epoch"',
  '{}', '{"a": [1, "x\\ny", null]}', '[]', '[1, 2, null]', '[null]', '["1", "x"]', '["1", 2.0]',
  '[[1], [2]]', '[[]]', '[{}]', '[true, "false"]', '[true, 0]', '[1.5, "NaN", "1e400"]',
  '["0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11", null]', '["2024-02-29", "infinity"]',
  '["2024-02-29", "2023-02-29"]']) WITH ORDINALITY AS x (v, n);
INSERT INTO docs VALUES (0, '{"w": 1}');
-- Uuids and timestamps are values of their own when columns of these types write them.
INSERT INTO "v uuid" VALUES (-1, '0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11');
INSERT INTO "v timestamptz" VALUES (-2, '2024-02-29 12:30:00.000001+02');
INSERT INTO "v bytea" VALUES (-4, '\x00ff'), (-5, '');
INSERT INTO "v float8" VALUES (-6, '0.1'), (-7, '1e308'), (-8, '-5e-324'), (-9, 'NaN');
INSERT INTO "v timestamp" VALUES (-10, '2024-02-29 12:30:00.56');

-- Each column shows what the rule says; how many it shows is the proof that there was something.
CREATE FUNCTION compare() RETURNS TABLE (type text, shown bigint, different text)
LANGUAGE plpgsql AS $$
DECLARE
  c record;
BEGIN
  FOR c IN SELECT k.rel, k.type, k.shown FROM twin.column k JOIN pg_class r ON r.oid = k.rel
      WHERE k.name = 'v' AND r.relnamespace = 'types'::regnamespace ORDER BY k.rel LOOP
    type := c.type;
    EXECUTE format('SELECT count(v), string_agg(format(''%%s: %%s instead of %%s'', _doc, v, rule),
        ''; '' ORDER BY _id) FILTER (WHERE v::text IS DISTINCT FROM rule::text)
      FROM %s AS v
      JOIN (SELECT _id, doc, (%s)::%s AS rule FROM docs AS d (_id, doc)) AS d (_id, _doc)
        USING (_id)', c.rel, c.shown, c.type) INTO shown, different;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT * FROM compare();
-- Nothing depends on the session.
SET datestyle = 'German';
SET timezone = 'UTC';
SET intervalstyle = 'sql_standard';
SET bytea_output = 'escape';
SET lc_numeric = 'C';
SET extra_float_digits = 0;
SELECT * FROM compare() WHERE different IS NOT NULL;
RESET datestyle;
SET timezone = 'Asia/Kathmandu';
SET bytea_output = 'hex';
RESET extra_float_digits;

-- What a column writes: the document, and whether the column shows it again.
CREATE FUNCTION written(type text, literal text) RETURNS TABLE (document jsonb, shows bool)
LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM docs;
  EXECUTE format('INSERT INTO %I VALUES (1, %L)', 'v ' || type, literal);
  RETURN QUERY EXECUTE format(
    'SELECT d._doc, v.v::text = (%L::%s)::text FROM docs d, %I v', literal, type, 'v ' || type);
END $$;
CREATE TABLE literals (n int GENERATED ALWAYS AS IDENTITY, type text, literal text);
INSERT INTO literals (type, literal) VALUES
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
  ('date[]', '{2024-02-29,infinity}');
SELECT type, literal, left(document::text, 70) AS document, shows
  FROM literals, LATERAL written(type, literal) ORDER BY n;
-- It is what the rule says, too.
CREATE FUNCTION rule(type text, literal text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  value jsonb;
BEGIN
  EXECUTE format('SELECT twin.written(%L::%s)', literal, type) INTO value;
  RETURN jsonb_build_object('_id', 1, 'v', value);
END $$;
SELECT type, literal, document, rule(type, literal) FROM literals, LATERAL written(type, literal)
  WHERE document::text IS DISTINCT FROM rule(type, literal)::text ORDER BY n;
INSERT INTO "v int4[]" VALUES (2, '{{1,2},{3,4}}');

-- Nor does what is written.
SET datestyle = 'German';
SET timezone = 'UTC';
SET bytea_output = 'escape';
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
CREATE FOREIGN TABLE sorted (_id int, v int4, _doc jsonb) SERVER quire;
CALL twin.make('sorted');
CALL twin.run($$
  INSERT INTO sorted (_id, _doc)
    VALUES (1, '{"v": 5}'), (3, '{"v": "x"}'), (4, '{"v": 7}'), (5, '{}'), (6, '{"v": "6"}');
  SELECT * FROM sorted ORDER BY v NULLS FIRST, _id;
  SELECT _id FROM sorted WHERE v IS NULL ORDER BY 1;
  SELECT sum(v), count(v), count(*), max(v) FROM sorted;
$$);
INSERT INTO docs VALUES (3, '{"v": "x"}');

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

TABLE twin.report;
CALL twin.finish('types');
