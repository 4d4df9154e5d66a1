-- Single documents by key: quire.get, put, patch, delete. No twin: here are their messages, types
-- of ids and refusals; what they do to documents is beside heap twins in function_twins.sql.
CREATE SCHEMA functions;
SET search_path = functions;
-- What a query gives: one value, or the SQLSTATE and message of its failure.
CREATE FUNCTION try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
BEGIN
  EXECUTE query INTO result;
  RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

CREATE FOREIGN TABLE d (_id text NOT NULL, city text OPTIONS (path 'address.city'), n int,
  _version bigint, _modified timestamptz, _doc jsonb) SERVER quire;
SELECT quire.get('d', 'a'), quire.patch('d', 'a', '{"x": 1}'), quire.delete('d', 'a');
SELECT quire.put('d', 'a', '{"n": 1, "address": {"city": "Rome"}, "keep": [1.50, null]}');
SELECT quire.put('d', 'b', '{"_id": "b"}');
SELECT _id, city, n, _version, _modified > now() - interval '1 hour' AS now, _doc
  FROM d ORDER BY _id;
SELECT quire.put('d', 'a',
  '{"n": 2, "address": {"city": "Oslo", "zip": "1"}, "keep": [1.50, null]}');
SELECT quire.patch('d', 'a',
  '{"address": {"zip": null, "street": "x"}, "more": {"a": null, "b": 1}}');
SELECT quire.patch('d', 'a', '{"_id": "a"}'), quire.get('d', 'a');
SELECT city, n, _version FROM d WHERE _id = 'a';
SELECT quire.delete('d', 'a'), quire.delete('d', 'b');
SELECT quire.get('d', 'a'), quire.delete('d', 'a'), quire.put('d', 'a', '{}');
SELECT _id, _version, _doc FROM d;
-- Once more, in one statement: each call sees what the one before it did.
SELECT quire.put('d', 'many', jsonb_build_object('n', i)) FROM generate_series(1, 5) AS i;
SELECT quire.patch('d', 'many', jsonb_build_object('f' || i, i)) FROM generate_series(1, 2) AS i;
SELECT quire.get('d', 'many');
-- Over a scan of the same table, which does not see what its own statement writes.
SELECT count(quire.put('d', 'new' || i, '{}')) FROM generate_series(1, 100) AS i;
SELECT count(quire.put('d', _id || '!', _doc - '_id')) FROM d;
SELECT count(quire.delete('d', _id)) FROM d WHERE _id LIKE '%!';
SELECT count(*) FROM d;
-- As a function that an UPDATE calls: the row has changed under it.
SELECT try($$ UPDATE d SET n = quire.put('d', 'a', '{"n": 7}') WHERE _id = 'a' $$);

-- What is written is taken back, with a savepoint too.
BEGIN;
SELECT quire.put('d', 'a', '{"n": 10}');
SAVEPOINT s;
SELECT quire.patch('d', 'a', '{"n": 11}'), quire.delete('d', 'many');
ROLLBACK TO s;
SELECT quire.get('d', 'a'), quire.get('d', 'many') IS NULL AS gone;
SELECT quire.patch('d', 'a', '{"m": 1}');
COMMIT;
SELECT _id, _version, _doc FROM d WHERE _id IN ('a', 'many') ORDER BY _id;
BEGIN;
SELECT quire.put('d', 'never', '{}');
ROLLBACK;
SELECT quire.get('d', 'never');

-- The snapshot of a REPEATABLE READ transaction, own writes and read-only transactions.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT quire.put('d', 'a', '{"n": 1}');
SELECT quire.patch('d', 'a', '{"n": 2}');
SELECT quire.get('d', 'a');
ROLLBACK;
BEGIN READ ONLY;
SELECT quire.get('d', 'many') ->> 'n';
SELECT try($$ SELECT quire.put('d', 'a', '{}') $$);
SELECT try($$ SELECT quire.patch('d', 'absent', '{}') $$);
SELECT try($$ SELECT quire.delete('d', 'absent') $$);
ROLLBACK;

-- What is no document, no patch, or would change the key.
SELECT try($$ SELECT quire.put('d', 'a', '[1]') $$);
SELECT try($$ SELECT quire.put('d', 'a', '{"_id": "b"}') $$);
SELECT try($$ SELECT quire.put('d', NULL::text, '{}') $$);
SELECT try($$ SELECT quire.put('d', 'a', NULL) $$);
SELECT try($$ SELECT quire.put(NULL, 'a', '{}') $$);
SELECT try($$ SELECT quire.get('d', NULL::text) $$);
SELECT try($$ SELECT quire.patch('d', 'a', '3') $$);
SELECT try($$ SELECT quire.patch('d', 'a', 'null') $$);
SELECT try($$ SELECT quire.patch('d', 'a', '{"_id": "b"}') $$);
SELECT try($$ SELECT quire.patch('d', 'a', '{"_id": null}') $$);
SELECT try($$ SELECT quire.patch('d', 'a', NULL) $$);
SELECT try($$ SELECT quire.delete('d', NULL::text) $$);
SELECT try($$ SELECT quire.get('d', 'long' || repeat('x', 2000)) $$);

-- Ids: what each type of key takes of each type of id.
CREATE FUNCTION ids(key_type text) RETURNS TABLE (id text, put text, got text, deleted text)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE FOREIGN TABLE ids (_id %s, n int, _doc jsonb) SERVER quire'
                 ' OPTIONS (collection %L)', key_type, 'ids of ' || key_type);
  FOR id IN SELECT * FROM unnest(ARRAY['''a''', '''5''', '5', '70000', '3000000000',
      '''0e3d1c5a-5b8f-7c3e-9a1b-2f6d4c8e0a11''::uuid', '''0E3D1C5A-5B8F-7C3E-9A1B-2F6D4C8E0A12''',
      '''"a"''::jsonb', '''5''::jsonb', '''5.0''::jsonb', '''5.5''::jsonb', '''[1]''::jsonb',
      '''null''::jsonb']) LOOP
    put := try(format('SELECT quire.put(%L, %s, %L)', 'functions.ids', id, '{"n": 1}'));
    got := try(format('SELECT quire.get(%L, %s)', 'functions.ids', id));
    deleted := try(format('SELECT quire.delete(%L, %s)', 'functions.ids', id));
    IF put LIKE '_____ %' AND got LIKE left(put, 5) || '%' AND deleted LIKE left(put, 5) || '%' THEN
      got := NULL;
      deleted := NULL;
    END IF;
    RETURN NEXT;
  END LOOP;
  DROP FOREIGN TABLE ids;
END $$;
SELECT * FROM ids('text');
SELECT * FROM ids('int2');
SELECT id, left(put, 5) AS put, got FROM ids('int4') WHERE id IN ('70000', '3000000000');
SELECT id, left(put, 5) AS put, got FROM ids('int8') WHERE id IN ('70000', '3000000000');
SELECT * FROM ids('uuid');
SELECT * FROM ids('jsonb');
-- What INSERT wrote is found, and the other way round.
CREATE FOREIGN TABLE by_int (_id int2, _doc jsonb) SERVER quire;
INSERT INTO by_int VALUES (1, '{}'), (NULL, '{"_id": "2"}');
SELECT quire.get('by_int', 1), quire.get('by_int', 2);
SELECT quire.put('by_int', 2, '{"_id": 2, "n": 1}'), quire.put('by_int', '3', '{}');
SELECT * FROM by_int WHERE _id IN (2, 3) ORDER BY _id;

-- Constraints of the table.
CREATE FOREIGN TABLE checked (_id int, name text NOT NULL, n int CHECK (n < 10), _version bigint,
  _doc jsonb, CHECK (_version < 4)) SERVER quire OPTIONS (strict 'true');
SELECT quire.put('checked', 1, '{"name": "x"}'), quire.put('checked', 1, '{"name": "y", "n": 9}');
SELECT try($$ SELECT quire.put('checked', 2, '{"n": 1}') $$);
SELECT try($$ SELECT quire.put('checked', 1, '{"name": "x", "n": 10}') $$);
SELECT try($$ SELECT quire.put('checked', 1, '{"name": "x", "n": "ten"}') $$);
SELECT try($$ SELECT quire.patch('checked', 1, '{"name": null}') $$);
SELECT try($$ SELECT quire.patch('checked', 1, '{"n": 11}') $$);
SELECT try($$ SELECT quire.patch('checked', 1, '{"n": {}}') $$);
SELECT quire.patch('checked', 1, '{"n": null, "free": "x"}');
SELECT try($$ SELECT quire.patch('checked', 1, '{"free": "y"}') $$);
SELECT quire.get('checked', 1), quire.delete('checked', 1);

-- A partition takes what belongs to it, with every function.
CREATE TABLE parted (_id int, kind text, _doc jsonb) PARTITION BY LIST (kind);
CREATE FOREIGN TABLE part_a PARTITION OF parted FOR VALUES IN ('a') SERVER quire;
SELECT quire.put('part_a', 1, '{"kind": "a"}');
SELECT try($$ SELECT quire.put('part_a', 2, '{"kind": "b"}') $$);
SELECT try($$ SELECT quire.patch('part_a', 1, '{"kind": "b"}') $$);
SELECT _id, kind FROM parted;
SELECT try($$ SELECT quire.get('parted', 1) $$);

-- Triggers and generated columns would have to do something: refused. Reading needs neither.
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE FOREIGN TABLE triggered (_id int, n int) SERVER quire;
SELECT quire.put('triggered', 1, '{"n": 1}');
CREATE TRIGGER t BEFORE DELETE ON triggered FOR EACH ROW EXECUTE FUNCTION nothing();
SELECT try($$ SELECT quire.put('triggered', 1, '{}') $$), quire.get('triggered', 1);
SELECT try($$ SELECT quire.patch('triggered', 1, '{}') $$);
SELECT try($$ SELECT quire.delete('triggered', 1) $$);
ALTER FOREIGN TABLE triggered DISABLE TRIGGER t;
SELECT quire.patch('triggered', 1, '{"n": 2}');
CREATE TRIGGER s AFTER INSERT ON triggered EXECUTE FUNCTION nothing();
SELECT try($$ SELECT quire.patch('triggered', 1, '{}') $$);
CREATE FOREIGN TABLE generated (_id int, n int, m int GENERATED ALWAYS AS (n + 1) STORED)
  SERVER quire;
INSERT INTO generated VALUES (1, 1);
SELECT try($$ SELECT quire.put('generated', 1, '{}') $$), quire.get('generated', 1);

-- What is no foreign table of ours.
CREATE TABLE heap (_id int);
SELECT try($$ SELECT quire.get('heap', 1) $$);
SELECT try($$ SELECT quire.put('heap', 1, '{}') $$);
SELECT try($$ SELECT quire.get(0, 1) $$);
SELECT try($$ SELECT quire.get('absent', 1) $$);

-- Limits: the message names limit, value and setting.
SET quire.max_depth = 3;
SELECT try($$ SELECT quire.put('d', 'deep', '{"a": {"b": {"c": {}}}}') $$);
SELECT try($$ SELECT quire.patch('d', 'a', '{"a": {"b": {"c": {}}}}') $$);
RESET quire.max_depth;
SET quire.max_fields = 3;
SELECT try($$ SELECT quire.put('d', 'wide', '{"a": 1, "b": 2, "c": 3}') $$);
SELECT quire.put('d', 'wide', '{"a": 1, "b": 2}');
SELECT try($$ SELECT quire.patch('d', 'wide', '{"c": 3}') $$);
RESET quire.max_fields;
SET quire.max_array_length = 3;
SELECT try($$ SELECT quire.put('d', 'array', '{"a": [1, 2, 3, 4]}') $$);
SELECT try($$ SELECT quire.patch('d', 'a', '{"a": [1, 2, 3, 4]}') $$);
RESET quire.max_array_length;
SET quire.max_document_size = '1kB';
SELECT try($$ SELECT quire.put('d', 'large', jsonb_build_object('a', repeat('x', 2000))) $$);
SELECT quire.put('d', 'large', jsonb_build_object('a', repeat('x', 900)));
SELECT try($$ SELECT quire.patch('d', 'large', jsonb_build_object('b', repeat('x', 200))) $$);
RESET quire.max_document_size;

-- Prepared, and in PL/pgSQL.
PREPARE put(text, jsonb) AS SELECT quire.put('d', $1, $2);
EXECUTE put('prepared', '{"n": 1}');
EXECUTE put('prepared', '{"n": 2}');
DO $$
DECLARE
  version bigint;
BEGIN
  FOR i IN 1 .. 3 LOOP
    version := quire.patch('functions.d', 'prepared', jsonb_build_object('n', i));
    BEGIN
      PERFORM quire.patch('functions.d', 'prepared', '{"gone": 1}');
      RAISE EXCEPTION 'taken back';
    EXCEPTION WHEN raise_exception THEN
      NULL;
    END;
    ASSERT quire.get('functions.d', 'prepared') = jsonb_build_object('_id', 'prepared', 'n', i);
  END LOOP;
  ASSERT version = 5;
END $$;

SET client_min_messages = warning;
DROP SCHEMA functions CASCADE;
